//! Type checks and casts.

use value::{Value, type_name};

use super::args::{arg, text};
use super::{Context, Function, Outcome};

/// The longest document key in bytes.
const KEY_BYTES_MAX: usize = 254;

fn to_bool(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(arg(args, 0).to_bool().into())
}

fn to_number(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(arg(args, 0).to_number())
}

fn to_string(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(Value::String(text(args, 0)))
}

fn to_array(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(Value::Array(arg(args, 0).to_array()))
}

fn is_null(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(arg(args, 0).is_null().into())
}

fn is_bool(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(arg(args, 0).as_bool().is_some().into())
}

fn is_number(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(arg(args, 0).is_number().into())
}

fn is_string(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(arg(args, 0).as_str().is_some().into())
}

fn is_array(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(arg(args, 0).as_array().is_some().into())
}

fn is_object(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(arg(args, 0).as_object().is_some().into())
}

fn typename(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(type_name(arg(args, 0)).into())
}

fn is_ipv4(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    let address = arg(args, 0).as_str().and_then(parse_ipv4);
    Ok(address.is_some().into())
}

fn is_key(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(arg(args, 0).as_str().is_some_and(valid_key).into())
}

/// The number of an address of four decimal octets without leading zeros.
pub(super) fn parse_ipv4(text: &str) -> Option<u32> {
    // The standard parser has exactly these rules.
    text.parse::<std::net::Ipv4Addr>().ok().map(u32::from)
}

fn valid_key(key: &str) -> bool {
    (1..=KEY_BYTES_MAX).contains(&key.len())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.@()+,=;$!*'%:".contains(&byte))
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("IS_ARRAY", 1, 1, is_array),
    Function::new("IS_BOOL", 1, 1, is_bool),
    Function::new("IS_IPV4", 1, 1, is_ipv4),
    Function::new("IS_KEY", 1, 1, is_key),
    Function::new("IS_NULL", 1, 1, is_null),
    Function::new("IS_NUMBER", 1, 1, is_number),
    Function::new("IS_OBJECT", 1, 1, is_object),
    Function::new("IS_STRING", 1, 1, is_string),
    Function::new("TO_ARRAY", 1, 1, to_array),
    Function::new("TO_BOOL", 1, 1, to_bool),
    Function::new("TO_NUMBER", 1, 1, to_number),
    Function::of_texts("TO_STRING", 1, 1, to_string),
    Function::new("TYPENAME", 1, 1, typename),
];
