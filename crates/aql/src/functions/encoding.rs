//! Other forms of texts: JSON, hashes, base 64, hex, addresses and random tokens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use value::{Value, json, key};

use super::args::{arg, array, number, size, text};
use super::numeric::finite;
use super::type_check::parse_ipv4;
use super::{Context, Function, Outcome};

/// 2^53 - 1: the largest integer that clients read without loss.
const SAFE_MAX: u64 = (1 << 53) - 1;

fn json_parse(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match arg(args, 0).as_str() {
        Some(text) => Ok(json::parse(text.as_bytes()).unwrap_or_default()),
        None => ctx.wrong_type(),
    }
}

fn json_stringify(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(json::to_string(arg(args, 0)).into())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest<D: Digest>(args: &[Value]) -> Outcome {
    Ok(hex(&D::digest(text(args, 0).as_bytes())).into())
}

fn md5(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    digest::<Md5>(args)
}

fn sha1(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    digest::<Sha1>(args)
}

fn sha256(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    digest::<Sha256>(args)
}

fn sha512(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    digest::<Sha512>(args)
}

/// CRC-32C, reflected.
fn crc32(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    const REFLECTED_POLYNOMIAL: u32 = 0x82f6_3b78;
    let crc = text(args, 0).bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (REFLECTED_POLYNOMIAL * (crc & 1))
        })
    });
    Ok(format!("{:X}", !crc).into())
}

/// FNV-1a.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn fnv64(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(format!("{:X}", fnv1a(text(args, 0).as_bytes())).into())
}

/// Equal values have equal keys, whatever the order of their attributes.
fn hash_of(value: &Value) -> u64 {
    fnv1a(&key::encode(value))
}

fn hash(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok((hash_of(arg(args, 0)) & SAFE_MAX).into())
}

/// The least `count` hashes of the distinct values: sets with much in common share many.
fn minhash(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let (Some(items), Some(count)) = (array(args, 0), size(args, 1).filter(|count| *count > 0))
    else {
        return ctx.wrong_type();
    };
    let mut hashes: Vec<u64> = items.iter().map(hash_of).collect();
    hashes.sort_unstable();
    hashes.dedup();
    let signature: Vec<Value> = hashes
        .into_iter()
        .take(count)
        .map(|hash| STANDARD.encode(hash.to_be_bytes()).into())
        .collect();
    Ok(signature.into())
}

fn minhash_count(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let error = number(args, 0);
    if error <= 0.0 {
        return ctx.wrong_type();
    }
    finite(ctx, (1.0 / (error * error)).ceil())
}

fn minhash_error(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let count = number(args, 0);
    if count <= 0.0 {
        return ctx.wrong_type();
    }
    finite(ctx, 1.0 / count.sqrt())
}

fn to_base64(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(STANDARD.encode(text(args, 0).as_bytes()).into())
}

fn to_hex(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(hex(text(args, 0).as_bytes()).into())
}

fn encode_uri_component(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    let mut encoded = String::new();
    for byte in text(args, 0).bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(encoded.into())
}

fn ipv4_from_number(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let number = arg(args, 0).as_i64().and_then(|n| u32::try_from(n).ok());
    match number {
        Some(number) => Ok(std::net::Ipv4Addr::from(number).to_string().into()),
        None => ctx.wrong_type(),
    }
}

fn ipv4_to_number(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match arg(args, 0).as_str().and_then(parse_ipv4) {
        Some(number) => Ok(number.into()),
        None => ctx.wrong_type(),
    }
}

fn uuid(ctx: &mut Context<'_>, _: &[Value]) -> Outcome {
    let mut bytes = [0; 16];
    ctx.platform.random.fill(&mut bytes);
    let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
    Ok(uuid.to_string().into())
}

fn random_token(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let limit = ctx.limits.random_token_chars_max;
    let Some(length) = size(args, 0).filter(|length| *length <= limit) else {
        return ctx.wrong_type();
    };
    let mut token = String::with_capacity(length);
    let mut bytes = [0; 64];
    while token.len() < length {
        ctx.platform.random.fill(&mut bytes);
        // Six bits name one of 64; the two too many are dropped so that all are equally likely.
        let letters = bytes
            .iter()
            .filter_map(|byte| LETTERS.get(usize::from(byte & 63)));
        token.extend(
            letters
                .take(length - token.len())
                .map(|letter| char::from(*letter)),
        );
    }
    Ok(token.into())
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::of_texts("CRC32", 1, 1, crc32),
    Function::of_texts("ENCODE_URI_COMPONENT", 1, 1, encode_uri_component),
    Function::of_texts("FNV64", 1, 1, fnv64),
    Function::of_texts("HASH", 1, 1, hash),
    Function::of_texts("IPV4_FROM_NUMBER", 1, 1, ipv4_from_number),
    Function::of_texts("IPV4_TO_NUMBER", 1, 1, ipv4_to_number),
    Function::of_texts("JSON_PARSE", 1, 1, json_parse),
    Function::of_texts("JSON_STRINGIFY", 1, 1, json_stringify),
    Function::of_texts("MD5", 1, 1, md5),
    Function::of_texts("MINHASH", 2, 2, minhash),
    Function::of_texts("MINHASH_COUNT", 1, 1, minhash_count),
    Function::of_texts("MINHASH_ERROR", 1, 1, minhash_error),
    Function::of_texts("RANDOM_TOKEN", 1, 1, random_token).volatile(),
    Function::of_texts("SHA1", 1, 1, sha1),
    Function::of_texts("SHA256", 1, 1, sha256),
    Function::of_texts("SHA512", 1, 1, sha512),
    Function::of_texts("TO_BASE64", 1, 1, to_base64),
    Function::of_texts("TO_HEX", 1, 1, to_hex),
    Function::of_texts("UUID", 0, 0, uuid).volatile(),
];
