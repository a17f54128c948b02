//! Texts: joining, cutting and changing them. Positions and lengths count code points.

use std::ops::Range;
use std::sync::Arc;

use value::Value;

use super::args::{arg, array, clamped, flag, integer, size, text};
use super::{Context, Error, Function, Outcome};

/// The byte at which the code point of this position starts, or the end.
pub(super) fn byte_of(text: &str, position: usize) -> usize {
    if text.is_ascii() {
        return position.min(text.len());
    }
    text.char_indices()
        .nth(position)
        .map_or(text.len(), |(byte, _)| byte)
}

/// Up to `length` code points from `start` on.
fn cut(text: &str, start: usize, length: usize) -> &str {
    let rest = text.get(byte_of(text, start)..).unwrap_or_default();
    rest.get(..byte_of(rest, length)).unwrap_or_default()
}

fn char_length(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(text(args, 0).chars().count().into())
}

/// The values to join: a single array stands for its elements.
fn spread(args: &[Value]) -> &[Value] {
    match args {
        [Value::Array(items)] => items,
        _ => args,
    }
}

fn concat(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    let mut joined = String::new();
    for value in spread(args) {
        joined.push_str(&value.to_text());
    }
    Ok(joined.into())
}

fn concat_separator(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let separator = text(args, 0);
    let parts: Vec<_> = spread(args.get(1..).unwrap_or_default())
        .iter()
        .filter(|value| !value.is_null())
        .map(|value| value.to_text())
        .collect();
    let between = separator.len().saturating_mul(parts.len());
    if between > ctx.limits.text_bytes_max {
        let limit = ctx.limits.text_bytes_max;
        return Err(ctx.over_limit("text_bytes_max", between, limit));
    }
    Ok(parts.join(&*separator).into())
}

fn left(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match size(args, 1) {
        Some(length) => Ok(cut(&text(args, 0), 0, length).into()),
        None => ctx.wrong_type(),
    }
}

fn right(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(length) = size(args, 1) else {
        return ctx.wrong_type();
    };
    let text = text(args, 0);
    let start = text.chars().count().saturating_sub(length);
    Ok(cut(&text, start, length).into())
}

fn substring(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    let text = text(args, 0);
    let offset = integer(args, 1);
    let start = if offset < 0 {
        clamped(offset, text.chars().count())
    } else {
        usize::try_from(offset).unwrap_or(usize::MAX)
    };
    let length = match args.get(2) {
        None => usize::MAX,
        Some(_) => size(args, 2).unwrap_or(0),
    };
    Ok(cut(&text, start, length).into())
}

fn substring_bytes(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let text = text(args, 0);
    let start = clamped(integer(args, 1), text.len());
    let end = match args.get(2) {
        None | Some(Value::Null) => text.len(),
        Some(_) => start
            .saturating_add(size(args, 2).unwrap_or(0))
            .min(text.len()),
    };
    let (Some(before), Some(after)) = (text.get(..start), text.get(end..)) else {
        return ctx.wrong_type();
    };
    let widen_left = size(args, 3).unwrap_or(0);
    let widen_right = match args.get(4) {
        None => widen_left,
        Some(_) => size(args, 4).unwrap_or(0),
    };
    let left: usize = before
        .chars()
        .rev()
        .take(widen_left)
        .map(char::len_utf8)
        .sum();
    let right: usize = after.chars().take(widen_right).map(char::len_utf8).sum();
    Ok(text
        .get(start - left..end + right)
        .unwrap_or_default()
        .into())
}

fn lower(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(text(args, 0).to_lowercase().into())
}

fn upper(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(text(args, 0).to_uppercase().into())
}

/// Which ends `trim` works on.
#[derive(Clone, Copy, PartialEq)]
enum Ends {
    Both,
    Start,
    End,
}

fn trim_ends(text: &str, ends: Ends, chars: &str) -> Value {
    let mut trimmed = text;
    if ends != Ends::End {
        trimmed = trimmed.trim_start_matches(|c| chars.contains(c));
    }
    if ends != Ends::Start {
        trimmed = trimmed.trim_end_matches(|c| chars.contains(c));
    }
    trimmed.into()
}

const BLANKS: &str = "\r\n \t";

fn trim(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let text = text(args, 0);
    match arg(args, 1) {
        Value::Null => Ok(trim_ends(&text, Ends::Both, BLANKS)),
        Value::String(chars) => Ok(trim_ends(&text, Ends::Both, chars)),
        number if number.is_number() => match integer(args, 1) {
            0 => Ok(trim_ends(&text, Ends::Both, BLANKS)),
            1 => Ok(trim_ends(&text, Ends::Start, BLANKS)),
            2 => Ok(trim_ends(&text, Ends::End, BLANKS)),
            _ => ctx.wrong_type(),
        },
        _ => ctx.wrong_type(),
    }
}

fn trim_one_end(args: &[Value], ends: Ends) -> Outcome {
    let chars = match arg(args, 1) {
        Value::Null => BLANKS.into(),
        _ => text(args, 1),
    };
    Ok(trim_ends(&text(args, 0), ends, &chars))
}

fn ltrim(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    trim_one_end(args, Ends::Start)
}

fn rtrim(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    trim_one_end(args, Ends::End)
}

fn repeat(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let (text, separator) = (text(args, 0), text(args, 2));
    let Some(times) = size(args, 1) else {
        return ctx.wrong_type();
    };
    let bytes = (text.len() + separator.len()).checked_mul(times);
    // Empty texts repeated have no bytes but would still take for ever.
    if text.is_empty() && separator.is_empty() || times == 0 {
        return Ok("".into());
    }
    if bytes.is_none_or(|bytes| bytes - separator.len() > ctx.limits.repeat_bytes_max) {
        return ctx.wrong_type();
    }
    // A list of so many texts would take many times the memory of what it is joined to.
    let mut repeated = [&*text, &*separator].concat().repeat(times);
    repeated.truncate(repeated.len() - separator.len());
    Ok(repeated.into())
}

fn to_char(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let character = arg(args, 0)
        .as_i64()
        .and_then(|number| u32::try_from(number).ok())
        .and_then(char::from_u32);
    match character {
        Some(character) => Ok(character.to_string().into()),
        None => ctx.wrong_type(),
    }
}

/// A count of how often something may happen: absent or `null` is without bound.
pub(super) fn bound(args: &[Value], at: usize) -> Option<usize> {
    match arg(args, at) {
        Value::Null => Some(usize::MAX),
        _ => size(args, at),
    }
}

fn split(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let text = text(args, 0);
    let Some(limit) = bound(args, 2) else {
        return ctx.wrong_type();
    };
    let separators: Vec<_> = match arg(args, 1) {
        Value::Null => return Ok(vec![Value::String(text)].into()),
        Value::Array(items) => items.iter().map(Value::to_text).collect(),
        one => vec![one.to_text()],
    };
    let parts: Vec<Value> = if separators.iter().any(|separator| separator.is_empty()) {
        text.chars()
            .take(limit)
            .map(|c| c.to_string().into())
            .collect()
    } else {
        split_at(&text, &separators, limit)
    };
    Ok(parts.into())
}

fn split_at(text: &str, separators: &[Arc<str>], limit: usize) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut rest = text;
    while parts.len() < limit {
        // The first match wins; of several at the same place the one listed first.
        let next = separators
            .iter()
            .filter_map(|separator| Some((rest.find(&**separator)?, separator.len())))
            .min_by_key(|(at, _)| *at);
        let Some((at, length)) = next else {
            parts.push(rest.into());
            break;
        };
        parts.push(rest.get(..at).unwrap_or_default().into());
        rest = rest.get(at + length..).unwrap_or_default();
    }
    parts
}

/// What to search for and what to put in its place.
fn replacements(args: &[Value]) -> Option<(Vec<(String, String)>, usize)> {
    let owned = |value: &Value| value.to_text().to_string();
    let pairs = match arg(args, 0) {
        Value::Object(pairs) => pairs
            .iter()
            .map(|(search, replace)| (search.to_string(), owned(replace)))
            .collect(),
        Value::Array(searches) => {
            let replace = |at: usize| match arg(args, 1) {
                Value::Array(items) => items.get(at).map(owned).unwrap_or_default(),
                one => owned(one),
            };
            let numbered = searches.iter().enumerate();
            numbered
                .map(|(at, search)| (owned(search), replace(at)))
                .collect()
        }
        one => {
            let replace = array(args, 1).map_or(arg(args, 1), |items| arg(items, 0));
            vec![(owned(one), owned(replace))]
        }
    };
    let limit_at = if arg(args, 0).as_object().is_some() {
        1
    } else {
        2
    };
    Some((pairs, bound(args, limit_at)?))
}

fn substitute(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some((mut pairs, limit)) = replacements(args.get(1..).unwrap_or_default()) else {
        return ctx.wrong_type();
    };
    pairs.retain(|(search, _)| !search.is_empty());
    let replaced = replace_all(ctx, &text(args, 0), &pairs, limit)?;
    Ok(replaced.into())
}

/// One pass from left to right; what was put in is not searched again.
fn replace_all(
    ctx: &Context<'_>,
    text: &str,
    pairs: &[(String, String)],
    limit: usize,
) -> Result<String, Error> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    // Where each search text is found next in `rest`, counted from the end so that it stays
    // true as `rest` shrinks.
    let mut next: Vec<Option<usize>> = pairs
        .iter()
        .map(|(search, _)| rest.find(search).map(|at| rest.len() - at))
        .collect();
    for _ in 0..limit {
        for ((search, _), found) in pairs.iter().zip(&mut next) {
            if found.is_some_and(|from_end| from_end > rest.len()) {
                *found = rest.find(search).map(|at| rest.len() - at);
            }
        }
        let first = pairs
            .iter()
            .zip(&next)
            .filter_map(|(pair, found)| Some((rest.len() - (*found)?, pair)))
            .min_by_key(|(at, _)| *at);
        let Some((at, (search, replace))) = first else {
            break;
        };
        result.push_str(rest.get(..at).unwrap_or_default());
        result.push_str(replace);
        rest = rest.get(at + search.len()..).unwrap_or_default();
        if result.len() > ctx.limits.text_bytes_max {
            let limit = ctx.limits.text_bytes_max;
            return Err(ctx.over_limit("text_bytes_max", result.len(), limit));
        }
    }
    result.push_str(rest);
    Ok(result)
}

fn contains(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    let (text, search) = (text(args, 0), text(args, 1));
    let found = text.find(&*search);
    if !flag(args, 2) {
        return Ok(found.is_some().into());
    }
    let position = found.and_then(|byte| text.get(..byte));
    Ok(position.map_or(Value::Int(-1), |before| before.chars().count().into()))
}

/// The part of the text from the third argument to the fourth, inclusive, and its start.
fn window(args: &[Value]) -> Option<(Arc<str>, usize, Range<usize>)> {
    let text = text(args, 0);
    let start = bound_or(args, 2, 0)?;
    let end = match arg(args, 3) {
        Value::Null => usize::MAX,
        _ => size(args, 3)?.saturating_add(1),
    };
    let bytes = byte_of(&text, start)..byte_of(&text, end);
    (start < end).then_some((text, start, bytes))
}

fn bound_or(args: &[Value], at: usize, default: usize) -> Option<usize> {
    match arg(args, at) {
        Value::Null => Some(default),
        _ => size(args, at),
    }
}

fn find_in_window(args: &[Value], find: fn(&str, &str) -> Option<usize>) -> Outcome {
    let found = window(args).and_then(|(text, start, bytes)| {
        let part = text.get(bytes)?;
        let byte = find(part, &super::args::text(args, 1))?;
        Some(start + part.get(..byte)?.chars().count())
    });
    Ok(found.map_or(Value::Int(-1), Value::from))
}

fn find_first(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    find_in_window(args, |part, search| part.find(search))
}

fn find_last(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    find_in_window(args, |part, search| part.rfind(search))
}

fn starts_with(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let text = text(args, 0);
    match arg(args, 1) {
        Value::Array(prefixes) => {
            let wanted = match args.get(2) {
                None => 1,
                Some(_) => integer(args, 2),
            };
            let starts = prefixes.iter().filter_map(Value::as_str);
            let count = starts.filter(|prefix| text.starts_with(prefix)).count();
            Ok((i64::try_from(count).unwrap_or(i64::MAX) >= wanted).into())
        }
        Value::String(prefix) => Ok(text.starts_with(&**prefix).into()),
        _ => ctx.wrong_type(),
    }
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::of_texts("CHAR_LENGTH", 1, 1, char_length),
    Function::of_texts("CONCAT", 1, 1, concat).variadic(),
    Function::of_texts("CONCAT_SEPARATOR", 2, 2, concat_separator).variadic(),
    Function::of_texts("CONTAINS", 2, 3, contains),
    Function::of_texts("FIND_FIRST", 2, 4, find_first),
    Function::of_texts("FIND_LAST", 2, 4, find_last),
    Function::of_texts("LEFT", 2, 2, left),
    Function::of_texts("LOWER", 1, 1, lower),
    Function::of_texts("LTRIM", 1, 2, ltrim),
    Function::of_texts("REPEAT", 2, 3, repeat),
    Function::of_texts("RIGHT", 2, 2, right),
    Function::of_texts("RTRIM", 1, 2, rtrim),
    Function::of_texts("SPLIT", 1, 3, split),
    Function::of_texts("STARTS_WITH", 2, 3, starts_with),
    Function::of_texts("SUBSTITUTE", 2, 4, substitute),
    Function::of_texts("SUBSTRING", 2, 3, substring),
    Function::of_texts("SUBSTRING_BYTES", 2, 5, substring_bytes),
    Function::of_texts("TO_CHAR", 1, 1, to_char),
    Function::of_texts("TRIM", 1, 2, trim),
    Function::of_texts("UPPER", 1, 1, upper),
];
