//! Tokens: the query text cut into words.

use super::ast::Span;

/// One token; its text is read from the query by its span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
}

macro_rules! keywords {
    ($($name:ident $text:literal $role:literal,)*) => {
        /// Reserved words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Keyword { $($name,)* }

        impl Keyword {
            /// Finds a word, whatever its case.
            pub fn find(word: &str) -> Option<Keyword> {
                $(if word.eq_ignore_ascii_case($text) { return Some(Keyword::$name); })*
                None
            }

            /// The word as messages show it.
            pub fn describe(self) -> &'static str {
                match self { $(Keyword::$name => concat!($text, " ", $role),)* }
            }
        }
    };
}

keywords! {
    Aggregate "AGGREGATE" "keyword",
    All "ALL" "modifier",
    AllShortestPaths "ALL_SHORTEST_PATHS" "keyword",
    And "AND" "operator",
    Any "ANY" "modifier",
    Asc "ASC" "keyword",
    Collect "COLLECT" "declaration",
    Desc "DESC" "keyword",
    Distinct "DISTINCT" "modifier",
    False "FALSE" "value",
    Filter "FILTER" "declaration",
    For "FOR" "declaration",
    Graph "GRAPH" "keyword",
    In "IN" "keyword",
    Inbound "INBOUND" "modifier",
    Insert "INSERT" "declaration",
    Into "INTO" "keyword",
    KPaths "K_PATHS" "keyword",
    KShortestPaths "K_SHORTEST_PATHS" "keyword",
    Let "LET" "declaration",
    Like "LIKE" "operator",
    Limit "LIMIT" "declaration",
    None "NONE" "modifier",
    Not "NOT" "operator",
    Null "NULL" "value",
    Or "OR" "operator",
    Outbound "OUTBOUND" "modifier",
    Remove "REMOVE" "declaration",
    Replace "REPLACE" "declaration",
    Return "RETURN" "declaration",
    ShortestPath "SHORTEST_PATH" "keyword",
    Sort "SORT" "declaration",
    True "TRUE" "value",
    Update "UPDATE" "declaration",
    Upsert "UPSERT" "declaration",
    Window "WINDOW" "declaration",
    With "WITH" "keyword",
}

/// The kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A reserved word.
    Keyword(Keyword),
    /// A name without quotes.
    Name,
    /// A name in backticks or forward ticks.
    QuotedName,
    /// A text in quotes.
    String,
    /// A whole number, decimal, `0x` or `0b`.
    Integer,
    /// A number with fraction or exponent.
    Double,
    /// `@name`
    Bind,
    /// `@@name`
    SourceBind,
    /// An operator or bracket.
    Punctuation(Punctuation),
    /// A text or comment without its end, or a character that means nothing.
    Bad(Problem),
    /// The end of the text.
    End,
}

/// Why a token is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// A text, name or comment has no end.
    Unterminated,
    /// The character has no meaning.
    Character,
    /// The number is not written correctly.
    Number,
}

macro_rules! punctuation {
    ($($name:ident $text:literal $role:literal,)*) => {
        /// Operators and brackets.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Punctuation { $($name,)* }

        /// Longest first, so that the first that fits is right.
        const SIGNS: &[(&str, Punctuation)] = &[$(($text, Punctuation::$name),)*];

        impl Punctuation {
            /// The sign as messages show it.
            pub fn describe(self) -> &'static str {
                match self { $(Punctuation::$name => $role,)* }
            }
        }
    };
}

punctuation! {
    Equal "==" "== operator",
    NotEqual "!=" "!= operator",
    LessEqual "<=" "<= operator",
    GreaterEqual ">=" ">= operator",
    Match "=~" "=~ operator",
    NotMatch "!~" "!~ operator",
    And "&&" "AND operator",
    Or "||" "OR operator",
    Scope "::" ":: operator",
    Range ".." ".. operator",
    Assign "=" "assignment",
    Less "<" "< operator",
    Greater ">" "> operator",
    Not "!" "! operator",
    Plus "+" "+ operator",
    Minus "-" "- operator",
    Star "*" "* operator",
    Slash "/" "/ operator",
    Percent "%" "% operator",
    Question "?" "?",
    Colon ":" ":",
    Comma "," ",",
    Dot "." ".",
    LeftParen "(" "(",
    RightParen ")" ")",
    LeftBracket "[" "[",
    RightBracket "]" "]",
    LeftBrace "{" "{",
    RightBrace "}" "}",
}

/// Cuts a text into tokens; the last one is [`Kind::End`].
pub fn tokenize(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::with_capacity(text.len() / 4 + 1);
    loop {
        let problem = lexer.skip_blanks();
        let start = lexer.at;
        let kind = match problem {
            Some(problem) => {
                lexer.at = text.len();
                Kind::Bad(problem)
            }
            None => lexer.next_kind(),
        };
        let span = Span {
            start: start as u32,
            end: lexer.at as u32,
        };
        tokens.push(Token { kind, span });
        if kind == Kind::End {
            return tokens;
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips blanks and comments.
    fn skip_blanks(&mut self) -> Option<Problem> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
            let blanks = rest.len() - trimmed.len();
            let skip = if trimmed.starts_with("//") {
                trimmed.find('\n').unwrap_or(trimmed.len())
            } else if trimmed.starts_with("/*") {
                match trimmed.find("*/") {
                    Some(end) if end >= 2 => end + 2,
                    _ => match trimmed.get(2..).and_then(|inner| inner.find("*/")) {
                        Some(end) => end + 4,
                        None => {
                            self.at += blanks;
                            return Some(Problem::Unterminated);
                        }
                    },
                }
            } else {
                self.at += blanks;
                return None;
            };
            self.at += blanks + skip;
        }
    }

    fn next_kind(&mut self) -> Kind {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Kind::End;
        };
        let second = rest.chars().nth(1);
        match first {
            '"' | '\'' => self.quoted(first, Kind::String),
            '`' | '´' => self.quoted(first, Kind::QuotedName),
            '@' => self.bind(),
            '0'..='9' => self.number(),
            '.' if second.is_some_and(|second| second.is_ascii_digit()) => self.number(),
            'a'..='z' | 'A'..='Z' | '_' => self.word(),
            '$' if second.is_some_and(|second| second.is_ascii_alphabetic() || second == '_') => {
                self.word()
            }
            _ => {
                for (sign, kind) in SIGNS {
                    if rest.starts_with(sign) {
                        self.at += sign.len();
                        return Kind::Punctuation(*kind);
                    }
                }
                self.at += first.len_utf8();
                Kind::Bad(Problem::Character)
            }
        }
    }

    fn word(&mut self) -> Kind {
        let rest = self.rest();
        let length = rest
            .char_indices()
            .find(|(at, c)| !(c.is_ascii_alphanumeric() || *c == '_' || (*at == 0 && *c == '$')))
            .map_or(rest.len(), |(at, _)| at);
        let kind = Keyword::find(rest.get(..length).unwrap_or_default());
        self.at += length;
        kind.map_or(Kind::Name, Kind::Keyword)
    }

    fn bind(&mut self) -> Kind {
        let rest = self.rest();
        let (name, kind) = match rest.strip_prefix("@@") {
            Some(name) => (name, Kind::SourceBind),
            None => (rest.get(1..).unwrap_or_default(), Kind::Bind),
        };
        let length = name
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(name.len());
        let signs = rest.len() - name.len();
        if length == 0 {
            self.at += signs;
            return Kind::Bad(Problem::Character);
        }
        self.at += signs + length;
        kind
    }

    fn quoted(&mut self, quote: char, kind: Kind) -> Kind {
        let mut escaped = false;
        let end = self
            .rest()
            .char_indices()
            .skip(1)
            .find(|(_, c)| {
                let ends = *c == quote && !escaped;
                escaped = *c == '\\' && !escaped;
                ends
            })
            .map(|(at, _)| at);
        match end {
            Some(end) => {
                self.at += end + quote.len_utf8();
                kind
            }
            None => {
                self.at = self.text.len();
                Kind::Bad(Problem::Unterminated)
            }
        }
    }

    fn digits(&mut self, accept: fn(&char) -> bool) -> usize {
        let length = self.rest().chars().take_while(accept).count();
        self.at += length;
        length
    }

    fn number(&mut self) -> Kind {
        let rest = self.rest();
        let prefix = rest.get(..2).unwrap_or_default();
        if prefix.eq_ignore_ascii_case("0x") || prefix.eq_ignore_ascii_case("0b") {
            self.at += 2;
            let count = if prefix.ends_with(['x', 'X']) {
                self.digits(char::is_ascii_hexdigit)
            } else {
                self.digits(|c| matches!(c, '0' | '1'))
            };
            return self.number_end(if count == 0 {
                None
            } else {
                Some(Kind::Integer)
            });
        }
        let zero = rest.starts_with('0');
        let whole = self.digits(char::is_ascii_digit);
        if zero && whole > 1 {
            return self.number_end(None);
        }
        let mut kind = Kind::Integer;
        let rest = self.rest();
        let fraction = rest.starts_with('.') && !rest.starts_with("..");
        if fraction {
            self.at += 1;
            if self.digits(char::is_ascii_digit) == 0 {
                return self.number_end(None);
            }
            kind = Kind::Double;
        }
        if self.rest().starts_with(['e', 'E']) {
            self.at += 1;
            if self.rest().starts_with(['+', '-']) {
                self.at += 1;
            }
            if self.digits(char::is_ascii_digit) == 0 {
                return self.number_end(None);
            }
            kind = Kind::Double;
        }
        self.number_end(Some(kind))
    }

    /// A number that runs into letters is none.
    fn number_end(&mut self, kind: Option<Kind>) -> Kind {
        let trailing = self.digits(|c| c.is_ascii_alphanumeric() || *c == '_');
        match kind {
            Some(kind) if trailing == 0 => kind,
            _ => Kind::Bad(Problem::Number),
        }
    }
}

/// The text between the quotes of a token, with its escapes resolved.
pub fn unquote(quoted: &str) -> String {
    let mut chars = quoted.chars();
    chars.next();
    chars.next_back();
    let inner = chars.as_str();
    if !inner.contains('\\') {
        return inner.to_owned();
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match rest.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => text.push(unicode_escape(&mut rest)),
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

/// Four hexadecimal digits, or two such escapes that form one character.
fn unicode_escape(rest: &mut std::str::Chars<'_>) -> char {
    let Some(high) = four_digits(rest) else {
        return 'u';
    };
    if (0xd800..0xdc00).contains(&high) {
        let mut ahead = rest.clone();
        if ahead.next() == Some('\\')
            && ahead.next() == Some('u')
            && let Some(low) = four_digits(&mut ahead)
            && (0xdc00..0xe000).contains(&low)
        {
            *rest = ahead;
            let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
    }
    char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn four_digits(rest: &mut std::str::Chars<'_>) -> Option<u32> {
    let digits = rest.as_str().get(..4)?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let code = u32::from_str_radix(digits, 16).ok()?;
    *rest = rest.as_str().get(4..)?.chars();
    Some(code)
}
