//! Digests, message codes, key derivation and random bytes.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::{Call, OpError, OpResult, Registrar, bad};
use crate::text::hex;

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("randomBytes", random_bytes);
    ops.op("hash", hash);
    ops.op("hmac", keyed_hash);
    ops.op("pbkdf2", derive_key);
    ops.op("utf8Encode", utf8_encode);
    ops.op("utf8Decode", utf8_decode);
}

fn random_bytes(call: &Call<'_>) -> OpResult {
    let mut bytes = vec![0; count(call, 0)?];
    call.context.shared.platform.random.fill(&mut bytes);
    Ok(call.scope.bytes_from_vec(bytes)?)
}

fn count(call: &Call<'_>, index: usize) -> Result<usize, OpError> {
    let count = call.number(index)?;
    let max = call.context.shared.settings.native.random_bytes_max;
    if count > f64::from(max) {
        return Err(bad(format!(
            "{count} bytes are more than {max} (setting random_bytes_max)"
        )));
    }
    Ok(count as usize)
}

fn hash(call: &Call<'_>) -> OpResult {
    let data = call.data(1)?;
    let digest = match call.text(0)?.as_str() {
        "md5" => hex(&Md5::digest(data)),
        "sha1" => hex(&Sha1::digest(data)),
        "sha224" => hex(&Sha224::digest(data)),
        "sha256" => hex(&Sha256::digest(data)),
        "sha384" => hex(&Sha384::digest(data)),
        "sha512" => hex(&Sha512::digest(data)),
        other => return Err(unknown(other)),
    };
    call.string(&digest)
}

fn keyed_hash(call: &Call<'_>) -> OpResult {
    let (key, data) = (call.data(1)?, call.data(2)?);
    let digest = match call.text(0)?.as_str() {
        "md5" => mac::<Hmac<Md5>>(&key, &data),
        "sha1" => mac::<Hmac<Sha1>>(&key, &data),
        "sha224" => mac::<Hmac<Sha224>>(&key, &data),
        "sha256" => mac::<Hmac<Sha256>>(&key, &data),
        "sha384" => mac::<Hmac<Sha384>>(&key, &data),
        "sha512" => mac::<Hmac<Sha512>>(&key, &data),
        other => return Err(unknown(other)),
    };
    call.string(&digest)
}

fn mac<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> String {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(data);
    hex(&mac.finalize().into_bytes())
}

fn derive_key(call: &Call<'_>) -> OpResult {
    let (password, salt) = (call.data(1)?, call.data(2)?);
    let iterations = call.number(3)?;
    let max = call.context.shared.settings.native.key_rounds_max;
    if !(1.0..=f64::from(max)).contains(&iterations) {
        return Err(bad(format!(
            "iterations must be from 1 to {max} (setting key_rounds_max)"
        )));
    }
    let (rounds, mut key) = (iterations as u32, vec![0; count(call, 4)?]);
    match call.text(0)?.as_str() {
        "sha1" => pbkdf2::pbkdf2_hmac::<Sha1>(&password, &salt, rounds, &mut key),
        "sha224" => pbkdf2::pbkdf2_hmac::<Sha224>(&password, &salt, rounds, &mut key),
        "sha256" => pbkdf2::pbkdf2_hmac::<Sha256>(&password, &salt, rounds, &mut key),
        "sha384" => pbkdf2::pbkdf2_hmac::<Sha384>(&password, &salt, rounds, &mut key),
        "sha512" => pbkdf2::pbkdf2_hmac::<Sha512>(&password, &salt, rounds, &mut key),
        other => return Err(unknown(other)),
    }
    call.string(&hex(&key))
}

fn unknown(algorithm: &str) -> OpError {
    bad(format!("unknown algorithm {algorithm:?}"))
}

fn utf8_encode(call: &Call<'_>) -> OpResult {
    Ok(call.scope.bytes_from_vec(call.text(0)?.into_bytes())?)
}

fn utf8_decode(call: &Call<'_>) -> OpResult {
    call.string(&String::from_utf8_lossy(&call.data(0)?))
}
