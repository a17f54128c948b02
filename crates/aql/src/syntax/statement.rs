//! Parsing statements.

use error_codes::codes;

use super::ast::{
    Block, Collect, CollectInto, Expr, ExprKind, Modify, ModifyKind, Name, SortKey, Source,
    Statement, StatementKind, Target, Upsert, UpsertSearch, Window,
};
use super::parser::Parser;
use super::token::{Keyword, Kind, Punctuation as P, unquote};

impl Parser<'_> {
    /// Statements up to the end of the text, or of a subquery up to its parenthesis.
    pub(super) fn block(&mut self, is_subquery: bool) -> Block {
        let mut block = Block::default();
        if self.depth >= self.nesting_max {
            let span = self.span();
            self.too_deep(span);
            return block;
        }
        self.depth += 1;
        loop {
            if self.failed && is_subquery {
                break;
            }
            if self.failed {
                self.recover();
            }
            if self.peek() == Kind::End || (is_subquery && self.at_sign(P::RightParen)) {
                break;
            }
            let span = self.span();
            let start = self.position();
            match self.statement() {
                Some(kind) => {
                    let span = span.to(self.last_span());
                    let is_return = matches!(kind, StatementKind::Return { .. });
                    block.statements.push(Statement { kind, span });
                    if is_return && !self.failed {
                        self.expect_end(is_subquery);
                    }
                }
                None if !self.failed => self.unexpected(),
                None => {}
            }
            if self.failed && self.position() == start {
                self.advance();
            }
        }
        self.depth -= 1;
        if !self.failed && self.diagnostics.is_empty() {
            self.check_end(&block, is_subquery);
        }
        block
    }

    fn expect_end(&mut self, is_subquery: bool) {
        let ended = self.peek() == Kind::End || (is_subquery && self.at_sign(P::RightParen));
        if !ended {
            self.unexpected();
        }
    }

    /// A block ends in `RETURN` or has changed something.
    fn check_end(&mut self, block: &Block, is_subquery: bool) {
        let returns = matches!(
            block.statements.last().map(|last| &last.kind),
            Some(StatementKind::Return { .. })
        );
        let modifies = block.statements.iter().any(|statement| {
            matches!(
                statement.kind,
                StatementKind::Modify(_) | StatementKind::Upsert(_)
            )
        });
        if !returns && !modifies {
            self.unexpected();
            return;
        }
        let distinct = block.statements.iter().find(|statement| {
            matches!(statement.kind, StatementKind::Return { distinct: true, .. })
        });
        let loops = block
            .statements
            .iter()
            .any(|statement| matches!(statement.kind, StatementKind::For { .. }));
        if let Some(statement) = distinct.filter(|_| !loops && !is_subquery) {
            let span = statement.span;
            self.report_near(
                codes::QUERY_PARSE,
                "syntax error, RETURN DISTINCT without a preceding FOR",
                span,
            );
        }
    }

    fn statement(&mut self) -> Option<StatementKind> {
        let Kind::Keyword(keyword) = self.peek() else {
            return None;
        };
        match keyword {
            Keyword::For => self.for_statement(),
            Keyword::Filter => {
                self.advance();
                Some(StatementKind::Filter(self.expression()))
            }
            Keyword::Sort => {
                self.advance();
                Some(StatementKind::Sort(self.sort_keys()))
            }
            Keyword::Limit => self.limit_statement(),
            Keyword::Let => self.let_statement(),
            Keyword::Collect => self.collect_statement(),
            Keyword::Return => {
                self.advance();
                let distinct = self.eat_keyword(Keyword::Distinct);
                let value = self.expression();
                Some(StatementKind::Return { value, distinct })
            }
            Keyword::Insert => self.modify_statement(ModifyKind::Insert),
            Keyword::Update => self.modify_statement(ModifyKind::Update),
            Keyword::Replace => self.modify_statement(ModifyKind::Replace),
            Keyword::Remove => self.modify_statement(ModifyKind::Remove),
            Keyword::Upsert => self.upsert_statement(),
            Keyword::Window => self.window_statement(),
            _ => None,
        }
    }

    fn not_supported(&mut self, what: &str) -> Option<StatementKind> {
        let span = self.span();
        let message = format!("{what} is not implemented");
        self.report_near(codes::NOT_IMPLEMENTED, &message, span);
        None
    }

    fn for_statement(&mut self) -> Option<StatementKind> {
        self.advance();
        let target = self.target()?;
        if matches!(target, Target::Name(_)) && self.at_sign(P::Comma) {
            return self.not_supported("graph traversal");
        }
        self.expect_keyword(Keyword::In);
        let source = self.expression();
        if self.failed {
            let is_graph = self.diagnostics.len() == 1 && self.at_graph();
            if is_graph {
                self.diagnostics.clear();
                self.failed = false;
                return self.not_supported("graph traversal");
            }
        } else if self.at_graph() {
            return self.not_supported("graph traversal");
        }
        if self.at_word("SEARCH") {
            return self.not_supported("SEARCH");
        }
        let options = self.options();
        Some(StatementKind::For {
            target,
            source,
            options,
        })
    }

    fn at_graph(&self) -> bool {
        matches!(
            self.peek(),
            Kind::Keyword(
                Keyword::Outbound
                    | Keyword::Inbound
                    | Keyword::Any
                    | Keyword::ShortestPath
                    | Keyword::AllShortestPaths
                    | Keyword::KPaths
                    | Keyword::KShortestPaths
            )
        )
    }

    /// `OPTIONS {...}` where there is one.
    fn options(&mut self) -> Option<Expr> {
        if self.failed || !self.at_word("OPTIONS") {
            return None;
        }
        self.advance();
        if self.peek() == Kind::Bind {
            return Some(self.expression());
        }
        Some(self.object_literal())
    }

    fn sort_keys(&mut self) -> Vec<SortKey> {
        let mut keys = Vec::new();
        loop {
            let value = self.expression();
            let descending = if self.eat_keyword(Keyword::Desc) {
                true
            } else {
                self.eat_keyword(Keyword::Asc);
                false
            };
            keys.push(SortKey { value, descending });
            if self.failed || !self.eat(P::Comma) {
                return keys;
            }
        }
    }

    fn limit_statement(&mut self) -> Option<StatementKind> {
        self.advance();
        let first = self.expression();
        if !self.eat(P::Comma) {
            return Some(StatementKind::Limit {
                offset: None,
                count: Some(first),
            });
        }
        let count = if self.eat_keyword(Keyword::Null) {
            None
        } else {
            Some(self.expression())
        };
        Some(StatementKind::Limit {
            offset: Some(first),
            count,
        })
    }

    fn let_statement(&mut self) -> Option<StatementKind> {
        self.advance();
        let mut all = Vec::new();
        loop {
            let target = self.target()?;
            self.expect(P::Assign);
            let value = self.expression();
            all.push((target, value));
            if self.failed || !self.eat(P::Comma) {
                return Some(StatementKind::Let(all));
            }
        }
    }

    /// A variable, `[a, b]` or `{a, b: c}`.
    fn target(&mut self) -> Option<Target> {
        let is_array = self.at_sign(P::LeftBracket);
        if !is_array && !self.at_sign(P::LeftBrace) {
            return self.variable().map(Target::Name);
        }
        if self.depth >= self.nesting_max {
            let span = self.span();
            self.too_deep(span);
            return None;
        }
        self.depth += 1;
        self.advance();
        let target = if is_array {
            self.array_target()
        } else {
            self.object_target()
        };
        self.depth -= 1;
        target
    }

    fn array_target(&mut self) -> Option<Target> {
        let mut items = Vec::new();
        while !self.at_sign(P::RightBracket) {
            if self.eat(P::Comma) {
                items.push(None);
                continue;
            }
            items.push(Some(self.target()?));
            if !self.eat(P::Comma) {
                break;
            }
        }
        self.expect(P::RightBracket);
        Some(Target::Array(items))
    }

    fn object_target(&mut self) -> Option<Target> {
        let mut members = Vec::new();
        while !self.at_sign(P::RightBrace) {
            let attribute = match self.peek() {
                Kind::String => {
                    let span = self.span();
                    self.advance();
                    Name {
                        text: unquote(self.slice(span)).into(),
                        span,
                    }
                }
                _ => self.name()?,
            };
            let target = if self.eat(P::Colon) {
                self.target()?
            } else {
                Target::Name(attribute.clone())
            };
            members.push((attribute.text, target));
            if !self.eat(P::Comma) {
                break;
            }
        }
        self.expect(P::RightBrace);
        Some(Target::Object(members))
    }

    /// `WINDOW [key WITH] {preceding, following} AGGREGATE ..`
    fn window_statement(&mut self) -> Option<StatementKind> {
        self.advance();
        let first = self.expression();
        let (key, bounds) = if self.eat_keyword(Keyword::With) {
            (Some(first), self.expression())
        } else {
            (None, first)
        };
        if !self.failed && !matches!(bounds.kind, ExprKind::Object(_)) {
            self.report_near(
                codes::QUERY_PARSE,
                "syntax error, WINDOW needs an object literal of bounds",
                bounds.span,
            );
        }
        self.expect_keyword(Keyword::Aggregate);
        let aggregates = self.assignments();
        Some(StatementKind::Window(Box::new(Window {
            key,
            bounds,
            aggregates,
        })))
    }

    fn collect_statement(&mut self) -> Option<StatementKind> {
        self.advance();
        let mut groups = Vec::new();
        if matches!(self.peek(), Kind::Name | Kind::QuotedName) && !self.at_options() {
            groups = self.assignments();
        }
        let mut aggregates = Vec::new();
        if self.eat_keyword(Keyword::Aggregate) {
            aggregates = self.assignments();
        }
        let into = if self.at_keyword(Keyword::Into) {
            self.collect_into()
        } else if self.at_keyword(Keyword::With) {
            self.advance();
            if !self.eat_word("COUNT") || !aggregates.is_empty() {
                self.unexpected();
            }
            self.expect_keyword(Keyword::Into);
            let variable = self.variable()?;
            Some(CollectInto::Count { variable })
        } else {
            None
        };
        if groups.is_empty() && aggregates.is_empty() && into.is_none() {
            self.unexpected();
        }
        let options = self.options();
        Some(StatementKind::Collect(Box::new(Collect {
            groups,
            aggregates,
            into,
            options,
        })))
    }

    fn at_options(&self) -> bool {
        self.at_word("OPTIONS") && self.peek_at(1) == Kind::Punctuation(P::LeftBrace)
    }

    /// `name = value, name = value`
    fn assignments(&mut self) -> Vec<(Name, Expr)> {
        let mut all = Vec::new();
        loop {
            let Some(name) = self.variable() else {
                return all;
            };
            self.expect(P::Assign);
            let value = self.expression();
            all.push((name, value));
            if self.failed || !self.eat(P::Comma) {
                return all;
            }
        }
    }

    fn collect_into(&mut self) -> Option<CollectInto> {
        self.advance();
        let variable = self.variable()?;
        if self.eat(P::Assign) {
            let value = self.expression();
            return Some(CollectInto::Value { variable, value });
        }
        let mut keep = None;
        if self.eat_word("KEEP") {
            let mut names = vec![self.variable()?];
            while self.eat(P::Comma) {
                names.push(self.variable()?);
            }
            keep = Some(names);
        }
        Some(CollectInto::Variables { variable, keep })
    }

    fn modify_statement(&mut self, kind: ModifyKind) -> Option<StatementKind> {
        self.advance();
        let target = self.expression_before_in();
        let can_have_with = matches!(kind, ModifyKind::Update | ModifyKind::Replace);
        let with = if can_have_with && self.eat_keyword(Keyword::With) {
            Some(self.expression_before_in())
        } else {
            None
        };
        let collection = self.target_collection()?;
        let options = self.options();
        Some(StatementKind::Modify(Box::new(Modify {
            kind,
            target,
            with,
            collection,
            options,
        })))
    }

    /// `INTO collection` or `IN collection`.
    fn target_collection(&mut self) -> Option<Source> {
        if !self.eat_keyword(Keyword::Into) && !self.expect_keyword(Keyword::In) {
            return None;
        }
        self.source()
    }

    fn upsert_statement(&mut self) -> Option<StatementKind> {
        self.advance();
        let search = if self.eat_keyword(Keyword::Filter) {
            UpsertSearch::Filter(self.expression())
        } else {
            let example = self.expression_before_in();
            if !self.failed && !matches!(example.kind, ExprKind::Object(_)) {
                self.report_near(
                    codes::QUERY_PARSE,
                    "syntax error, UPSERT needs an object literal to look for",
                    example.span,
                );
            }
            UpsertSearch::Example(example)
        };
        self.expect_keyword(Keyword::Insert);
        let insert = self.expression_before_in();
        let replace = self.at_keyword(Keyword::Replace);
        if replace {
            self.advance();
        } else {
            self.expect_keyword(Keyword::Update);
        }
        let update = self.expression_before_in();
        let collection = self.target_collection()?;
        let options = self.options();
        Some(StatementKind::Upsert(Box::new(Upsert {
            search,
            insert,
            update,
            replace,
            collection,
            options,
        })))
    }

    /// `WITH a, b` at the very start.
    pub(super) fn with_clause(&mut self) -> Vec<Source> {
        let mut all = Vec::new();
        if self.eat_keyword(Keyword::With) {
            loop {
                all.extend(self.source());
                if self.failed || !self.eat(P::Comma) {
                    break;
                }
            }
        }
        all
    }
}
