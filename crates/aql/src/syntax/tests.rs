//! What the parser understands and how it says what it does not.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Parses within the documented limit.
fn parse(text: &str) -> super::Parsed {
    super::parse(text, crate::PlanLimits::documented().nesting_max)
}

fn first_problem(text: &str) -> (u32, String) {
    let parsed = parse(text);
    let first = parsed.diagnostics.first().expect("the text is wrong");
    (first.code.number(), first.message.clone())
}

#[test]
fn problems_name_the_place() {
    let (code, message) = first_problem("FOR i IN 1..100 FILTER i = 1 LIMIT 2 RETURN i * 3");
    assert_eq!(code, 1501);
    assert_eq!(
        message,
        "syntax error, unexpected assignment near '= 1 LIMIT 2 RETURN i * 3' at position 1:26"
    );
    assert_eq!(first_problem("").0, 1502);
    assert_eq!(first_problem(" // nothing\n /* here */").0, 1502);
    assert!(first_problem("RETURN 1;").1.contains("at position 1:9"));
    assert!(
        first_problem("FOR x IN y")
            .1
            .contains("unexpected end of query string")
    );
    assert_eq!(first_problem("LET _1 = 1 RETURN 1").0, 1510);
}

#[test]
fn nesting_has_a_limit() {
    for (open, close) in [("(", ")"), ("[", "]"), ("!", ""), ("{a:", "}"), ("f(", ")")] {
        let text = format!("RETURN {}1{}", open.repeat(2000), close.repeat(2000));
        assert_eq!(first_problem(&text).0, 1524, "{open}");
    }
    let chain = format!("RETURN 1{}", "+1".repeat(2000));
    assert_eq!(first_problem(&chain).0, 1524);
    let logical = format!("RETURN 1{}", " || 1".repeat(2000));
    assert!(parse(&logical).diagnostics.is_empty());
    let deep = format!("RETURN {}1{}", "[".repeat(400), "]".repeat(400));
    assert!(parse(&deep).diagnostics.is_empty());
}

#[test]
fn no_text_is_too_deep_for_the_stack() {
    let pairs = [
        ("(", ")"),
        ("[", "]"),
        ("!", ""),
        ("-", ""),
        ("NOT ", ""),
        ("{a:", "}"),
        ("{[", "]:1}"),
        ("f(", ")"),
        ("(RETURN ", ")"),
        ("(FOR x IN ", " RETURN x)"),
        ("(LET x = ", " RETURN x)"),
        ("1 ? ", " : 2"),
        ("1 ? 2 : ", ""),
        ("1 + ", ""),
        ("1 || ", ""),
        ("1 && 2 || ", ""),
        ("a[", "]"),
        ("a[* FILTER ", "]"),
        ("a[? FILTER ", "]"),
        ("a ANY IN ", ""),
        ("a AT LEAST (", ") IN b"),
        ("1 .. ", ""),
    ];
    for (open, close) in pairs {
        let depth = 100_000;
        let text = format!("RETURN {}1{}", open.repeat(depth), close.repeat(depth));
        let parsed = parse(&text);
        assert_eq!(
            parsed.diagnostics.is_empty(),
            open.ends_with("|| "),
            "{open}"
        );
        drop(super::tree(&parsed));
    }
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let text = format!(
            "LET {}x{} = 1 RETURN x",
            open.repeat(100_000),
            close.repeat(100_000)
        );
        assert_eq!(first_problem(&text).0, 1524, "{open}");
    }
    for suffix in [".a", "[0]", "[*]", "[**]", "[?]", "(1)"] {
        let text = format!("RETURN a{}", suffix.repeat(100_000));
        parse(&text);
    }
}

#[test]
fn a_text_full_of_problems_is_given_up() {
    let parsed = parse(&"RETURN ; ".repeat(100_000));
    assert!(parsed.diagnostics.len() < 100);
}

#[test]
fn valid_texts_parse() {
    for text in [
        "RETURN 1 + 2 * -3 .. 4",
        "FOR d IN c FILTER d.a.b[*].c ANY == 1 && d[? 2..3 FILTER CURRENT > 1] RETURN d",
        "FOR d IN @@c REMOVE d IN @@c RETURN OLD",
        "FOR d IN c UPDATE d WITH {a: (1 IN [1])} IN c OPTIONS {keepNull: false} RETURN NEW",
        "UPSERT {a: 1} INSERT {a: 1} UPDATE {b: OLD.b + 1} IN c",
        "RETURN `FOR` ? : ´x y´",
        "FOR x IN [1,2,] COLLECT a = x INTO g KEEP x OPTIONS {method: 'hash'} RETURN {a, [a]: g,}",
        "FOR x IN y COLLECT WITH COUNT INTO n RETURN n",
        "FOR x IN y COLLECT AGGREGATE m = MAX(x.a), n = LENGTH() RETURN [m, n]",
        "RETURN LENGTH(FOR x IN 1..3 RETURN x)",
        "RETURN NS::F(1)",
        "LET a = 1, b = 2 RETURN a ? b : a ? 1 : 2",
        "RETURN [1,2] AT LEAST (1) IN [2] OR x NOT IN y AND NOT z NOT LIKE 'a'",
        "RETURN a[* FILTER CURRENT.x LIMIT 1, 2 RETURN CURRENT.y].z[**]",
        "WITH a, @@b FOR x IN a RETURN x",
        "FOR d IN c LIMIT 1, null RETURN DISTINCT d.@a",
        "for d in c sort d.a desc, d.b return d",
        "RETURN LIKE('a', 'b')",
        "RETURN 'it\\'s' + \"\\u00e4\\ud83d\\ude00\" + 0xff + 0b11 + .5 + 1e3",
    ] {
        let parsed = parse(text);
        assert!(
            parsed.diagnostics.is_empty(),
            "{text}: {:?}",
            parsed.diagnostics
        );
    }
}

#[test]
fn collections_are_listed() {
    let text = "WITH w FOR a IN c FOR b IN a.x LET s = (FOR d IN b FOR e IN f RETURN e) \
                INSERT {n: LENGTH(g)} INTO h RETURN DOCUMENT(i, a)";
    let names: Vec<_> = parse(text).collections().into_iter().collect();
    assert_eq!(
        names,
        ["c", "f", "g", "h", "i", "w"].map(std::sync::Arc::from)
    );
}

#[test]
fn bind_parameters_are_listed() {
    let parsed = parse("FOR d IN @@c FILTER d.@a == @v && (FOR x IN @l RETURN x) RETURN {[@k]: 1}");
    let names: Vec<&str> = parsed.bind_parameters.iter().map(|name| &**name).collect();
    assert_eq!(names, ["@c", "a", "k", "l", "v"]);
}

/// Words that can follow each other in queries, and in worse texts.
const WORDS: &[&str] = &[
    "FOR", "x", "IN", "FILTER", "(", ")", "[", "]", "{", "}", "*", "?", ":", "==", "ANY", "ALL",
    "COLLECT", "INTO", "RETURN", "1", "'a'", "@b", "@@c", ",", ".", "..", "WITH", "UPDATE",
    "UPSERT", "INSERT", "NOT", "LIMIT", "SORT", "LET", "=", "AT", "LEAST", "WINDOW", "AND",
];

proptest! {
    #[test]
    fn never_panics_on_random_text(text in "\\PC{0,80}") {
        parse(&text);
    }

    #[test]
    fn never_panics_on_random_words(words in vec(select(WORDS), 0..40)) {
        parse(&words.join(" "));
    }
}
