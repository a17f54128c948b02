//! The parser's state and the parts that statements and expressions share.

use std::sync::Arc;

use error_codes::{Code, codes};

use super::ast::{Expr, ExprKind, Name, Source, Span};
use super::diagnostic::Diagnostic;
use super::token::{Keyword, Kind, Problem, Punctuation, Token, tokenize, unquote};

/// After so many problems the rest of a text is not looked at. Each one costs a look at the text
/// before it, and nobody reads them all.
const DIAGNOSTICS_MAX: usize = 32;

/// Reads tokens and collects what is wrong with them. It never fails: where the text makes no
/// sense it leaves [`ExprKind::Error`] and goes on with the next statement.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    pub(super) depth: u16,
    /// How deep expressions may nest.
    pub(super) nesting_max: u16,
    /// Within the target of a modification, where `IN` names the collection.
    pub(super) in_ends: bool,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// After a problem everything is skipped up to the next statement.
    pub(super) failed: bool,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, nesting_max: u16) -> Self {
        Self {
            text,
            tokens: tokenize(text),
            at: 0,
            depth: 0,
            nesting_max,
            in_ends: false,
            diagnostics: Vec::new(),
            failed: false,
        }
    }

    pub(super) fn peek(&self) -> Kind {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Kind {
        self.tokens
            .get(self.at + ahead)
            .map_or(Kind::End, |token| token.kind)
    }

    pub(super) fn span(&self) -> Span {
        let end = Span {
            start: self.text.len() as u32,
            end: self.text.len() as u32,
        };
        self.tokens.get(self.at).map_or(end, |token| token.span)
    }

    /// The number of tokens consumed.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The span of the token before.
    pub(super) fn last_span(&self) -> Span {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(Span::default(), |token| token.span)
    }

    pub(super) fn advance(&mut self) {
        if self.peek() != Kind::End {
            self.at += 1;
        }
    }

    pub(super) fn slice(&self, span: Span) -> &'t str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    pub(super) fn eat(&mut self, sign: Punctuation) -> bool {
        self.eat_kind(Kind::Punctuation(sign))
    }

    pub(super) fn eat_keyword(&mut self, keyword: Keyword) -> bool {
        self.eat_kind(Kind::Keyword(keyword))
    }

    fn eat_kind(&mut self, kind: Kind) -> bool {
        let found = self.peek() == kind;
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn at_sign(&self, sign: Punctuation) -> bool {
        self.peek() == Kind::Punctuation(sign)
    }

    pub(super) fn at_keyword(&self, keyword: Keyword) -> bool {
        self.peek() == Kind::Keyword(keyword)
    }

    /// Whether the next token is a word that is only special here.
    pub(super) fn at_word(&self, word: &str) -> bool {
        self.peek() == Kind::Name && self.slice(self.span()).eq_ignore_ascii_case(word)
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn expect(&mut self, sign: Punctuation) -> bool {
        let found = self.eat(sign);
        if !found {
            self.unexpected();
        }
        found
    }

    pub(super) fn expect_keyword(&mut self, keyword: Keyword) -> bool {
        let found = self.eat_keyword(keyword);
        if !found {
            self.unexpected();
        }
        found
    }

    /// Reports the next token as out of place.
    pub(super) fn unexpected(&mut self) {
        let message = match self.peek() {
            Kind::Bad(Problem::Unterminated) => {
                "syntax error, unexpected unterminated string or comment".to_owned()
            }
            Kind::Bad(Problem::Number) => "syntax error, invalid number".to_owned(),
            kind => format!("syntax error, unexpected {}", describe(kind)),
        };
        let span = self.span();
        self.report_near(codes::QUERY_PARSE, &message, span);
    }

    /// Reports a problem with its surroundings; only the first one until the parser recovers.
    pub(super) fn report_near(&mut self, code: Code, message: &str, span: Span) {
        if !self.failed {
            let diagnostic = Diagnostic::near(self.text, code, message, span);
            self.diagnostics.push(diagnostic);
        }
        self.failed = true;
    }

    /// Reports a problem by its own message.
    pub(super) fn report(&mut self, code: Code, message: impl Into<String>, span: Span) {
        if !self.failed {
            let diagnostic = Diagnostic::new(self.text, code, message, span);
            self.diagnostics.push(diagnostic);
        }
        self.failed = true;
    }

    /// Skips to the next word that can start a statement.
    pub(super) fn recover(&mut self) {
        self.failed = false;
        if self.diagnostics.len() >= DIAGNOSTICS_MAX {
            self.at = self.tokens.len().saturating_sub(1);
        }
        while !self.at_statement() && self.peek() != Kind::End {
            self.advance();
        }
    }

    pub(super) fn at_statement(&self) -> bool {
        use Keyword as K;
        matches!(
            self.peek(),
            Kind::Keyword(
                K::For
                    | K::Filter
                    | K::Sort
                    | K::Limit
                    | K::Let
                    | K::Collect
                    | K::Window
                    | K::Return
                    | K::Insert
                    | K::Update
                    | K::Replace
                    | K::Remove
                    | K::Upsert
            )
        )
    }

    /// A name, quoted or not; `None` and a diagnostic when there is none.
    pub(super) fn name(&mut self) -> Option<Name> {
        let span = self.span();
        let text: Arc<str> = match self.peek() {
            Kind::Name => self.slice(span).into(),
            Kind::QuotedName => unquote(self.slice(span)).into(),
            _ => {
                self.unexpected();
                return None;
            }
        };
        self.advance();
        Some(Name { text, span })
    }

    /// A name that can be a variable's.
    pub(super) fn variable(&mut self) -> Option<Name> {
        let quoted = self.peek() == Kind::QuotedName;
        let name = self.name()?;
        let body = name.text.trim_start_matches('_');
        if !quoted && !body.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$') {
            let message = format!("variable name '{}' has an invalid format", name.text);
            self.report(codes::QUERY_VARIABLE_NAME_INVALID, message, name.span);
            return None;
        }
        Some(name)
    }

    /// A collection, by name or by bind parameter.
    pub(super) fn source(&mut self) -> Option<Source> {
        let span = self.span();
        if self.peek() == Kind::SourceBind {
            let text = self.slice(span).trim_start_matches('@').into();
            self.advance();
            return Some(Source {
                name: Name { text, span },
                is_bind: true,
            });
        }
        let name = self.name()?;
        Some(Source {
            name,
            is_bind: false,
        })
    }

    /// Builds an expression and measures its height.
    pub(super) fn node(&mut self, kind: ExprKind, span: Span) -> Expr {
        let mut expr = Expr {
            kind,
            span,
            height: 1,
        };
        let mut below = 0;
        expr.for_each_child(&mut |child| below = below.max(child.height));
        expr.height = below.saturating_add(1);
        if expr.height > self.nesting_max {
            self.too_deep(span);
            return self.error_node(span);
        }
        expr
    }

    pub(super) fn error_node(&self, span: Span) -> Expr {
        Expr {
            kind: ExprKind::Error,
            span,
            height: 1,
        }
    }

    pub(super) fn too_deep(&mut self, span: Span) {
        let message = format!(
            "too much nesting or too many objects: expressions nest deeper than {} levels \
             (nesting_max)",
            self.nesting_max
        );
        self.report(codes::QUERY_TOO_MUCH_NESTING, message, span);
    }
}

fn describe(kind: Kind) -> &'static str {
    match kind {
        Kind::Keyword(keyword) => keyword.describe(),
        Kind::Name => "identifier",
        Kind::QuotedName => "quoted identifier",
        Kind::String => "quoted string",
        Kind::Integer => "integer number",
        Kind::Double => "number",
        Kind::Bind => "bind parameter",
        Kind::SourceBind => "bind data source parameter",
        Kind::Punctuation(sign) => sign.describe(),
        Kind::Bad(_) => "character",
        Kind::End => "end of query string",
    }
}
