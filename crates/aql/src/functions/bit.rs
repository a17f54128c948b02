//! Bits of unsigned 32-bit integers.

use value::Value;

use super::args::{arg, array};
use super::{Context, Function, Outcome};

/// An operand: a number without fraction in `0..=4294967295`.
fn operand(value: &Value) -> Option<u32> {
    value.as_i64().and_then(|number| number.try_into().ok())
}

/// A count of bits up to `max`.
fn bits(args: &[Value], at: usize, max: u32) -> Option<u32> {
    operand(arg(args, at)).filter(|bits| *bits <= max)
}

fn mask(bits: u32) -> u32 {
    u32::MAX.checked_shr(32 - bits).unwrap_or(0)
}

/// Combines the members of an array, or two operands.
fn combine(ctx: &mut Context<'_>, args: &[Value], step: fn(u32, u32) -> u32) -> Outcome {
    let members: &[Value] = match args {
        [Value::Array(items)] => items,
        [_, _] => args,
        _ => return ctx.wrong_type(),
    };
    let single = matches!(args, [_]);
    let operands: Option<Vec<u32>> = members
        .iter()
        .filter(|member| !(single && member.is_null()))
        .map(operand)
        .collect();
    match operands {
        Some(operands) => Ok(operands
            .into_iter()
            .reduce(step)
            .map_or(Value::Null, Value::from)),
        None => ctx.wrong_type(),
    }
}

fn and(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    combine(ctx, args, |a, b| a & b)
}

fn or(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    combine(ctx, args, |a, b| a | b)
}

fn xor(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    combine(ctx, args, |a, b| a ^ b)
}

fn construct(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let positions = array(args, 0);
    let bits = positions.and_then(|positions| {
        positions.iter().try_fold(0u32, |bits, position| {
            Some(bits | 1u32.checked_shl(operand(position)?)?)
        })
    });
    bits.map_or_else(|| ctx.wrong_type(), |bits| Ok(bits.into()))
}

fn deconstruct(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(number) = operand(arg(args, 0)) else {
        return ctx.wrong_type();
    };
    let positions: Vec<Value> = (0u32..32)
        .filter(|position| number >> position & 1 == 1)
        .map(Value::from)
        .collect();
    Ok(positions.into())
}

fn from_string(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let digits = arg(args, 0).as_str().filter(|text| {
        (1..=32).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'0' | b'1'))
    });
    match digits.and_then(|digits| u32::from_str_radix(digits, 2).ok()) {
        Some(number) => Ok(number.into()),
        None => ctx.wrong_type(),
    }
}

fn to_string(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let (Some(number), Some(bits)) = (operand(arg(args, 0)), bits(args, 1, 32)) else {
        return ctx.wrong_type();
    };
    if bits == 0 {
        return Ok("".into());
    }
    let width = bits as usize;
    Ok(format!("{:0width$b}", number & mask(bits)).into())
}

fn negate(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match (operand(arg(args, 0)), bits(args, 1, 32)) {
        (Some(number), Some(bits)) => Ok((!number & mask(bits)).into()),
        _ => ctx.wrong_type(),
    }
}

fn popcount(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match operand(arg(args, 0)) {
        Some(number) => Ok(number.count_ones().into()),
        None => ctx.wrong_type(),
    }
}

fn shift(ctx: &mut Context<'_>, args: &[Value], by: fn(u32, u32) -> Option<u32>) -> Outcome {
    match (operand(arg(args, 0)), bits(args, 1, 32), bits(args, 2, 32)) {
        (Some(number), Some(distance), Some(bits)) => {
            Ok((by(number, distance).unwrap_or(0) & mask(bits)).into())
        }
        _ => ctx.wrong_type(),
    }
}

fn shift_left(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    shift(ctx, args, u32::checked_shl)
}

fn shift_right(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    shift(ctx, args, u32::checked_shr)
}

fn test(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match (operand(arg(args, 0)), bits(args, 1, 31)) {
        (Some(number), Some(position)) => Ok((number >> position & 1 == 1).into()),
        _ => ctx.wrong_type(),
    }
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("BIT_AND", 1, 2, and),
    Function::new("BIT_CONSTRUCT", 1, 1, construct),
    Function::new("BIT_DECONSTRUCT", 1, 1, deconstruct),
    Function::new("BIT_FROM_STRING", 1, 1, from_string),
    Function::new("BIT_NEGATE", 2, 2, negate),
    Function::new("BIT_OR", 1, 2, or),
    Function::new("BIT_POPCOUNT", 1, 1, popcount),
    Function::new("BIT_SHIFT_LEFT", 3, 3, shift_left),
    Function::new("BIT_SHIFT_RIGHT", 3, 3, shift_right),
    Function::new("BIT_TEST", 2, 2, test),
    Function::new("BIT_TO_STRING", 2, 2, to_string),
    Function::new("BIT_XOR", 1, 2, xor),
];
