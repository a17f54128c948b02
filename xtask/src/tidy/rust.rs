//! Rules for Rust files, read from the syntax so that strings and comments cannot confuse them.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::allow::{Measure, Size};

/// The one crate whose task is to speak to a C library.
const UNSAFE_ALLOWED_IN: &str = "crates/js-engine/";

/// A comment line with these words exempts a flat table: the function that holds it, or, outside
/// of functions, the file.
const TABLE_MARKER: &str = "tidy: table";

/// What the doc of every crate says: its task, what always holds, where to start reading.
const ROOT_DOC_PARTS: &[&str] = &["Charter", "Invariant", "Entry point"];

/// What one file yields.
#[derive(Default)]
pub(super) struct Report {
    pub(super) problems: Vec<String>,
    pub(super) sizes: Vec<Size>,
}

/// Checks one file.
pub(super) fn check(path: &str, text: &str) -> Report {
    let mut report = Report::default();
    if !text.starts_with("//!") {
        report.problems.push(format!(
            "{path}:1: does not start with `//!`; say what it holds"
        ));
    }
    if path.ends_with("/mod.rs") {
        report.problems.push(format!(
            "{path}: modules are `foo.rs` and `foo/`, not `mod.rs`"
        ));
    }
    if is_crate_root(path) {
        let docs: Vec<&str> = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        for part in ROOT_DOC_PARTS {
            if !docs.iter().any(|line| line.contains(part)) {
                report
                    .problems
                    .push(format!("{path}:1: the crate's doc has no `{part}`"));
            }
        }
    }
    let parsed = match syn::parse_file(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            report.problems.push(format!("{path}: not Rust: {error}"));
            return report;
        }
    };
    if let Ok(tokens) = text.parse::<TokenStream>() {
        let mut leftovers = Leftovers {
            path,
            problems: &mut report.problems,
        };
        leftovers.walk(tokens);
    }
    let mut functions = Functions::default();
    functions.visit_file(&parsed);
    measure(path, text, &functions.spans, &mut report);
    report
}

fn is_crate_root(path: &str) -> bool {
    if path == "fuzz/src/lib.rs" {
        return true;
    }
    let Some(rest) = path.strip_prefix("crates/") else {
        return false;
    };
    matches!(
        rest.split_once('/'),
        Some((_, "src/lib.rs" | "src/main.rs"))
    )
}

fn measure(path: &str, text: &str, functions: &[(String, usize, usize)], report: &mut Report) {
    let lines: Vec<&str> = text.lines().collect();
    let markers: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| {
            let words = line.trim_start().trim_start_matches(['/', '!']).trim();
            line.trim_start().starts_with("//") && words == TABLE_MARKER
        })
        .map(|(at, _)| at + 1)
        .collect();
    let inside = |marker: usize, first: usize, last: usize| (first..=last).contains(&marker);
    for (name, first, last) in functions {
        if !markers.iter().any(|&marker| inside(marker, *first, *last)) {
            let place = format!("{path}::{name}");
            let actual = last - first + 1;
            report.sizes.push(Size {
                measure: Measure::Function,
                place,
                actual,
            });
        }
    }
    let file_is_table = markers.iter().any(|&marker| {
        !functions
            .iter()
            .any(|(_, first, last)| inside(marker, *first, *last))
    });
    if file_is_table {
        return;
    }
    let widest = lines
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0);
    for (measure, actual) in [(Measure::File, lines.len()), (Measure::Line, widest)] {
        report.sizes.push(Size {
            measure,
            place: path.to_owned(),
            actual,
        });
    }
}

/// Functions with their first and last line.
#[derive(Default)]
struct Functions {
    spans: Vec<(String, usize, usize)>,
}

impl Functions {
    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.span().start().line;
        let last = block.brace_token.span.close().end().line;
        self.spans.push((signature.ident.to_string(), first, last));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.add(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

/// Finds tokens that must not be committed, also inside macros.
struct Leftovers<'a> {
    path: &'a str,
    problems: &'a mut Vec<String>,
}

impl Leftovers<'_> {
    fn walk(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Ident(ident) => {
                    let name = ident.to_string();
                    let called = is_punct(tokens.get(at + 1), '!');
                    if called && ["todo", "unimplemented", "dbg"].contains(&name.as_str()) {
                        self.report(token, &format!("`{name}!` is left over"));
                    }
                    if name == "unsafe" && !self.path.starts_with(UNSAFE_ALLOWED_IN) {
                        self.report(token, "`unsafe` belongs in js-engine only");
                    }
                }
                TokenTree::Group(group) => {
                    let marked = is_punct(tokens.get(at.wrapping_sub(1)), '#')
                        || is_punct(tokens.get(at.wrapping_sub(1)), '!')
                            && is_punct(tokens.get(at.wrapping_sub(2)), '#');
                    if marked && group.delimiter() == Delimiter::Bracket {
                        self.check_attribute(token, group.stream());
                    }
                    self.walk(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    fn check_attribute(&mut self, token: &TokenTree, attribute: TokenStream) {
        let Some(TokenTree::Ident(name)) = attribute.into_iter().next() else {
            return;
        };
        let advice = match name.to_string().as_str() {
            "allow" => "use `#[expect(lint, reason)]`, not `#[allow]`",
            "ignore" => "no ignored tests: make it run or drop it",
            "should_panic" => "assert what went wrong instead of `#[should_panic]`",
            _ => return,
        };
        self.report(token, advice);
    }

    fn report(&mut self, token: &TokenTree, what: &str) {
        self.problems.push(format!(
            "{}:{}: {what}",
            self.path,
            token.span().start().line
        ));
    }
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    fn check(path: &str, text: &str, expected: Expect) {
        let report = super::check(path, text);
        let sizes = report
            .sizes
            .iter()
            .map(|size| format!("{:?} {} {}", size.measure, size.place, size.actual));
        let all: Vec<_> = report.problems.iter().cloned().chain(sizes).collect();
        expected.assert_eq(&all.join("\n"));
    }

    #[test]
    fn leftovers_are_found_and_strings_are_not() {
        check(
            "a.rs",
            "fn f() { todo!() }\n#[allow(dead_code)]\n#[test]\n#[ignore]\nfn g() {\n    \
             let s = \"dbg!(1) unsafe\"; vec![unsafe { h() }]; }",
            expect![[r#"
                a.rs:1: does not start with `//!`; say what it holds
                a.rs:1: `todo!` is left over
                a.rs:2: use `#[expect(lint, reason)]`, not `#[allow]`
                a.rs:4: no ignored tests: make it run or drop it
                a.rs:6: `unsafe` belongs in js-engine only
                Function a.rs::f 1
                Function a.rs::g 2
                File a.rs 6
                Line a.rs 53"#]],
        );
    }

    #[test]
    fn a_crate_says_what_it_is() {
        check(
            "crates/a/src/lib.rs",
            "//! Charter: x\n//! Entry point: y\nmod z; // Invariants",
            expect![[r#"
                crates/a/src/lib.rs:1: the crate's doc has no `Invariant`
                File crates/a/src/lib.rs 3
                Line crates/a/src/lib.rs 20"#]],
        );
    }

    #[test]
    fn tables_are_exempt() {
        check(
            "crates/js-engine/src/vm.rs",
            "//! x\nfn f() {\n    // tidy: table\n    unsafe { g() }\n}\n",
            expect![[r#"
                File crates/js-engine/src/vm.rs 5
                Line crates/js-engine/src/vm.rs 18"#]],
        );
        check("src/t.rs", "//! x\n//! tidy: table\n", expect![""]);
        check(
            "src/mod.rs",
            "//! x",
            expect![[r#"
                src/mod.rs: modules are `foo.rs` and `foo/`, not `mod.rs`
                File src/mod.rs 1
                Line src/mod.rs 5"#]],
        );
    }
}
