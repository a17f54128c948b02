//! Patterns: wildcards and regular expressions.

use std::sync::Arc;

use error_codes::codes;
use fancy_regex::{Captures, Regex, RegexBuilder};
use value::Value;

use super::args::{flag, text};
use super::text::bound;
use super::{Context, Error, Function, Outcome};

/// One part of a wildcard pattern.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// `%`: any run, also an empty one.
    Run,
    /// `_`: any single code point.
    Any,
    /// Exactly this code point.
    Literal(char),
}

/// Whether a whole text matches a pattern of `%` (any run), `_` (any one code point) and
/// literal text, in which a backslash takes their meaning from `%`, `_` and itself.
pub(crate) fn like(text: &str, pattern: &str, ignore_case: bool) -> bool {
    let text: Vec<char> = fold_case(text, ignore_case);
    let parts = parse_wildcards(&fold_case(pattern, ignore_case));
    let (mut at, mut part) = (0, 0);
    // Where to go on when the rest does not match: one code point more for the last run.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(current) = text.get(at) {
        match parts.get(part) {
            Some(Part::Run) => {
                retry = Some((at, part + 1));
                part += 1;
                continue;
            }
            Some(Part::Any) => {}
            Some(Part::Literal(wanted)) if wanted == current => {}
            _ => {
                let Some((from, after_run)) = retry else {
                    return false;
                };
                retry = Some((from + 1, after_run));
                (at, part) = (from + 1, after_run);
                continue;
            }
        }
        at += 1;
        part += 1;
    }
    parts.iter().skip(part).all(|part| *part == Part::Run)
}

fn fold_case(text: &str, ignore_case: bool) -> Vec<char> {
    if ignore_case {
        text.chars().flat_map(char::to_lowercase).collect()
    } else {
        text.chars().collect()
    }
}

fn parse_wildcards(pattern: &[char]) -> Vec<Part> {
    let mut parts = Vec::with_capacity(pattern.len());
    let mut chars = pattern.iter().copied().peekable();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '%' => Part::Run,
            '_' => Part::Any,
            '\\' => match chars.next_if(|next| matches!(next, '%' | '_' | '\\')) {
                Some(escaped) => Part::Literal(escaped),
                None => Part::Literal('\\'),
            },
            other => Part::Literal(other),
        });
    }
    parts
}

/// A bound of values, and whether it is included.
type Bound = Option<(Value, bool)>;

/// Between which values those lie whose text begins with `text`, or with what a pattern begins
/// with before its first wildcard. Other values may lie there too.
pub(crate) fn prefix_bounds(text: &Value, is_pattern: bool) -> (Bound, Bound) {
    let prefix: String = match text {
        _ if is_pattern => {
            let parts = parse_wildcards(&fold_case(&text.to_text(), false));
            let literal = parts.iter().map_while(|part| match part {
                Part::Literal(literal) => Some(*literal),
                Part::Run | Part::Any => None,
            });
            literal.collect()
        }
        Value::String(text) => text.to_string(),
        // Arrays of beginnings, and what is wrong.
        _ => return (None, None),
    };
    let Some(first) = prefix.chars().next() else {
        return (None, None);
    };
    // Truth values and numbers have texts too, and are less than all texts.
    let of_less = first.is_ascii_digit()
        || first == '-'
        || ["true", "false"]
            .iter()
            .any(|text| text.starts_with(&prefix));
    let lower = match of_less {
        true => Value::Bool(false),
        false => prefix.as_str().into(),
    };
    // So have arrays and objects, and are greater.
    let of_greater = matches!(first, '[' | '{');
    let upper = (!of_greater).then(|| behind_all(&prefix)).flatten();
    (
        Some((lower, true)),
        upper.map(|upper| (upper.into(), false)),
    )
}

/// The least text that is greater than all that begin with `prefix`.
fn behind_all(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // Code points in order are bytes in order; the range leaves out what is no character.
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

fn like_function(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(like(&text(args, 0), &text(args, 1), flag(args, 2)).into())
}

/// The compiled expression; `None` when it is invalid. Kept for the whole query.
fn compile(ctx: &mut Context<'_>, pattern: Arc<str>, ignore_case: bool) -> Option<Arc<Regex>> {
    let key = (pattern, ignore_case);
    if let Some(kept) = ctx.caches.regexes.get(&key) {
        return kept.clone();
    }
    let regex = RegexBuilder::new(&key.0)
        .case_insensitive(ignore_case)
        .backtrack_limit(ctx.limits.regex_backtracks_max)
        .build()
        .ok()
        .map(Arc::new);
    // Patterns that differ from row to row would fill memory; start afresh instead.
    if ctx.caches.regexes.len() >= ctx.limits.regexes_kept_max {
        ctx.caches.regexes.clear();
    }
    ctx.caches.regexes.insert(key, regex.clone());
    regex
}

/// Runs `search` with the compiled second argument; `null` with a warning when the expression
/// is invalid or gives up.
fn with_regex(
    ctx: &mut Context<'_>,
    args: &[Value],
    ignore_case: bool,
    search: impl FnOnce(&Context<'_>, &Regex, &str) -> Result<Option<Value>, Error>,
) -> Outcome {
    let outcome = match compile(ctx, text(args, 1), ignore_case) {
        Some(regex) => search(ctx, &regex, &text(args, 0))?,
        None => None,
    };
    match outcome {
        Some(value) => Ok(value),
        None => ctx.warn_default(codes::QUERY_INVALID_REGEX),
    }
}

/// Whether a part of the text matches; `null` with a warning for an invalid expression.
fn regex_test(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    with_regex(ctx, args, flag(args, 2), |_, regex, text| {
        Ok(regex.is_match(text).ok().map(Value::from))
    })
}

/// All groups of a match; groups that took no part are empty.
fn groups(captures: &Captures<'_, str>) -> impl Iterator<Item = Value> {
    captures
        .iter()
        .map(|group| group.map_or("", |group| group.as_str()).into())
}

fn regex_matches(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    with_regex(ctx, args, flag(args, 2), |_, regex, text| {
        Ok(match regex.captures(text) {
            Ok(Some(captures)) => Some(groups(&captures).collect::<Vec<_>>().into()),
            Ok(None) => Some(Value::Null),
            Err(_) => None,
        })
    })
}

fn regex_split(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(limit) = bound(args, 3) else {
        return ctx.wrong_type();
    };
    with_regex(ctx, args, flag(args, 2), |_, regex, text| {
        let mut parts: Vec<Value> = Vec::new();
        let mut start = 0;
        for captures in regex.captures_iter(text) {
            let Ok(captures) = captures else {
                return Ok(None);
            };
            let Some(whole) = captures.get(0) else {
                continue;
            };
            // An empty match at either end separates nothing.
            if whole.end() == 0 || whole.start() == text.len() && whole.end() == whole.start() {
                continue;
            }
            if parts.len() >= limit {
                break;
            }
            parts.push(text.get(start..whole.start()).unwrap_or_default().into());
            parts.extend(groups(&captures).skip(1));
            start = whole.end();
        }
        parts.push(text.get(start..).unwrap_or_default().into());
        parts.truncate(limit);
        Ok(Some(parts.into()))
    })
}

fn regex_replace(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let replacement = text(args, 2);
    with_regex(ctx, args, flag(args, 3), |ctx, regex, text| {
        let mut result = String::with_capacity(text.len());
        let mut start = 0;
        for captures in regex.captures_iter(text) {
            let Ok(captures) = captures else {
                return Ok(None);
            };
            let Some(whole) = captures.get(0) else {
                continue;
            };
            result.push_str(text.get(start..whole.start()).unwrap_or_default());
            expand(&captures, &replacement, &mut result);
            start = whole.end();
            if result.len() > ctx.limits.text_bytes_max {
                let limit = ctx.limits.text_bytes_max;
                return Err(ctx.over_limit("text_bytes_max", result.len(), limit));
            }
        }
        result.push_str(text.get(start..).unwrap_or_default());
        Ok(Some(result.into()))
    })
}

/// Appends a replacement in which `$1` stands for a group and a backslash makes the next code
/// point literal. A number takes as many digits as name an existing group.
fn expand(captures: &Captures<'_, str>, replacement: &str, result: &mut String) {
    let mut chars = replacement.chars().peekable();
    while let Some(c) = chars.next() {
        let first = chars.peek().and_then(|next| next.to_digit(10));
        match (c, first) {
            ('\\', _) => result.extend(chars.next()),
            ('$', Some(first)) => {
                chars.next();
                let mut group = first as usize;
                while let Some(digit) = chars.peek().and_then(|next| next.to_digit(10)) {
                    let longer = group * 10 + digit as usize;
                    if longer >= captures.len() {
                        break;
                    }
                    group = longer;
                    chars.next();
                }
                result.push_str(captures.get(group).map_or("", |group| group.as_str()));
            }
            (other, _) => result.push(other),
        }
    }
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::of_texts("LIKE", 2, 3, like_function),
    Function::of_texts("REGEX_MATCHES", 2, 3, regex_matches),
    Function::of_texts("REGEX_REPLACE", 3, 4, regex_replace),
    Function::of_texts("REGEX_SPLIT", 2, 4, regex_split),
    Function::of_texts("REGEX_TEST", 2, 3, regex_test),
];
