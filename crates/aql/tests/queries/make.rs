//! Documents, predicates and texts made from a seed.

use platform::{Random, SeededRandom};
use value::{Object, Value, json};

/// Makes things; the same seed makes the same things.
pub struct Make(SeededRandom);

/// Values that meet each other in comparisons: few, so that they are often equal.
const VALUES: &[&str] = &[
    "null",
    "false",
    "true",
    "0",
    "1",
    "2",
    "-1",
    "1.5",
    "\"\"",
    "\"a\"",
    "\"b\"",
    "[]",
    "[1]",
    "[1,2]",
    "[null]",
    "[\"a\",1]",
    "{}",
    "{\"x\":1}",
    "{\"x\":null}",
    "{\"x\":[1]}",
];

const COMPARISONS: &[&str] = &["==", "==", "==", "!=", "<", "<=", ">", ">="];

const BEGINNINGS: &[&str] = &[
    "", "a", "a", "b", "k0", "1", "-", "t", "true", "fal", "[", "[1", "{", "n", "\\\\%", "z",
];

const WORDS: &[&str] = &[
    "FOR",
    "IN",
    "FILTER",
    "SORT",
    "LIMIT",
    "RETURN",
    "DISTINCT",
    "LET",
    "COLLECT",
    "INTO",
    "WITH",
    "COUNT",
    "AGGREGATE",
    "KEEP",
    "INSERT",
    "UPDATE",
    "REPLACE",
    "REMOVE",
    "UPSERT",
    "OPTIONS",
    "AND",
    "OR",
    "NOT",
    "LIKE",
    "ALL",
    "ANY",
    "NONE",
    "AT",
    "LEAST",
    "ASC",
    "DESC",
    "null",
    "true",
    "x",
    "y",
    "d",
    "plain",
    "indexed",
    "CURRENT",
    "OLD",
    "NEW",
    "LENGTH",
    "MIN",
    "@x",
    "@@c",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "::",
    ".",
    "..",
    "?",
    "=",
    "==",
    "!=",
    "=~",
    "!~",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "**",
    "/",
    "%",
    "!",
    "&&",
    "||",
    "0",
    "1",
    "2.5",
    "1e3",
    "0x1f",
    "0b2",
    "1.",
    "00",
    "\"a\"",
    "'b'",
    "\"",
    "'",
    "`q`",
    "`",
    "´f´",
    "´",
    "//",
    "/*",
    "*/",
    ";",
    "#",
    "\\",
    "é",
    "😀",
    "\u{0}",
    "WINDOW",
    "OUTBOUND",
    "GRAPH",
    "PRUNE",
    "SHORTEST_PATH",
    "SEARCH",
    "1..3",
];

/// Texts that are nearly right go further than soup does.
const SENTENCES: &[&str] = &[
    "FOR d IN plain FILTER d.a == 1 SORT d.b DESC LIMIT 1, 2 RETURN {a: d.a, [d.b]: 1}",
    "FOR d IN indexed COLLECT a = d.a AGGREGATE n = MAX(d.b) INTO g KEEP d RETURN [a, n, g]",
    "LET s = (FOR x IN 1..3 RETURN x) RETURN s[* FILTER CURRENT > 1 LIMIT 1 RETURN CURRENT * 2]",
    "FOR d IN plain UPDATE d WITH {a: 1, b: OLD} IN plain OPTIONS {keepNull: false} RETURN NEW",
    "UPSERT {a: 1} INSERT {a: 1} UPDATE {b: OLD.b + 1} IN plain RETURN [OLD, NEW]",
    "RETURN [1, 2] ANY == 2 AND NOT ('a' LIKE \"b%\") ? 1 + 2 * -3 : LENGTH([1, 2][**])",
    "INSERT {_key: \"new\"} INTO plain REMOVE \"x\" IN indexed RETURN OLD",
];

impl Make {
    pub fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    /// A number below `end`.
    pub fn number(&mut self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        (u64::from_le_bytes(bytes) % end.max(1) as u64) as usize
    }

    pub fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.number(of.len())]
    }

    /// The text of a value.
    pub fn value_text(&mut self) -> &'static str {
        self.pick(VALUES)
    }

    fn value(&mut self) -> Value {
        json::parse(self.pick(VALUES).as_bytes()).expect("the values are JSON")
    }

    /// A document with some of the attributes that indexes and predicates name.
    pub fn document(&mut self, at: usize) -> Value {
        let mut document = Object::new();
        document.insert("_key", format!("k{at:02}"));
        for name in ["a", "b", "l"] {
            if self.number(4) > 0 {
                document.insert(name, self.value());
            }
        }
        if self.number(4) > 0 {
            let x = self.value();
            document.insert("c", Object::from_iter([("x", x)]));
        }
        Value::object(document)
    }

    /// An attribute of the variable.
    pub fn attribute(&mut self, of: &str) -> String {
        let name = self.pick(&["a", "a", "b", "b", "c.x", "l", "c", "_key", "nothing"]);
        format!("{of}.{name}")
    }

    fn operand(&mut self, of: &str) -> String {
        match self.number(5) {
            0 => self.attribute(of),
            1 => format!("\"k{:02}\"", self.number(40)),
            _ => self.pick(VALUES).to_owned(),
        }
    }

    fn list(&mut self) -> String {
        let items: Vec<_> = (0..self.number(4)).map(|_| self.pick(VALUES)).collect();
        format!("[{}]", items.join(", "))
    }

    /// A condition on the variable; deterministic and without warnings.
    pub fn predicate(&mut self, of: &str, depth: usize) -> String {
        if depth > 0 && self.number(2) > 0 {
            let (a, b) = (self.predicate(of, depth - 1), self.predicate(of, depth - 1));
            return match self.number(6) {
                0 | 1 => format!("({a} && {b})"),
                2 | 3 => format!("({a} || {b})"),
                4 => format!("!({a})"),
                _ => format!("({a} ? {b} : {})", self.predicate(of, depth - 1)),
            };
        }
        let attribute = self.attribute(of);
        match self.number(9) {
            0 => format!("{attribute} IN {}", self.list()),
            1 => format!("{attribute} NOT IN {}", self.list()),
            2 => format!("{} IN {of}.l", self.pick(VALUES)),
            3 => format!(
                "{} {} {attribute}",
                self.operand(of),
                self.pick(COMPARISONS)
            ),
            4 => {
                // Two bounds of one attribute make a range.
                let (low, high) = (self.pick(VALUES), self.pick(VALUES));
                format!("({attribute} >= {low} && {attribute} < {high})")
            }
            5 => format!("{of}.l[*] ANY == {}", self.pick(VALUES)),
            6 => {
                // Texts that begin so, and other values whose text does.
                let beginning = self.pick(BEGINNINGS);
                match self.number(4) {
                    0 => format!("{attribute} LIKE '{beginning}_'"),
                    1 => format!("STARTS_WITH({attribute}, '{beginning}')"),
                    2 => format!("LIKE({attribute}, CONCAT('{beginning}', '%'))"),
                    _ => format!("{attribute} LIKE '{beginning}%'"),
                }
            }
            _ => format!(
                "{attribute} {} {}",
                self.pick(COMPARISONS),
                self.operand(of)
            ),
        }
    }

    /// Text that is seldom a query: words in a row, or a query with words changed.
    pub fn soup(&mut self) -> String {
        let mut words: Vec<&str> = if self.number(2) == 0 {
            (0..self.number(30)).map(|_| self.pick(WORDS)).collect()
        } else {
            self.pick(SENTENCES).split(' ').collect()
        };
        for _ in 0..self.number(4) {
            let at = self.number(words.len());
            match self.number(3) {
                0 if at < words.len() => drop(words.remove(at)),
                1 if at < words.len() => words[at] = self.pick(WORDS),
                _ => words.insert(at, self.pick(WORDS)),
            }
        }
        let glue = self.pick(&[" ", " ", "", "\n"]);
        words.join(glue)
    }
}
