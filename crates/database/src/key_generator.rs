//! Generators of document keys.
//!
//! Source: public documentation, "Document identifiers / Key generators".

use error_codes::codes;
use parking_lot::Mutex;
use value::{Object, Value};

use crate::error::{Error, ErrorKind, Result};

/// Which keys a collection gives to documents that come without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyGeneratorKind {
    /// Increasing decimal numbers from the server's ticks.
    Traditional,
    /// `offset`, `offset + increment`, ... or, without offset, from `increment` on.
    Autoincrement {
        /// Where to begin.
        offset: u64,
        /// The step, at least 1.
        increment: u64,
    },
    /// Ticks as 16 hexadecimal digits, which sort like they grow.
    Padded,
    /// Random, RFC 9562 version 4.
    Uuid,
}

impl KeyGeneratorKind {
    /// The public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Traditional => "traditional",
            Self::Autoincrement { .. } => "autoincrement",
            Self::Padded => "padded",
            Self::Uuid => "uuid",
        }
    }
}

/// The `keyOptions` of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyOptions {
    /// The generator.
    pub kind: KeyGeneratorKind,
    /// Whether documents may bring their own key.
    pub allow_user_keys: bool,
}

impl Default for KeyOptions {
    fn default() -> Self {
        Self {
            kind: KeyGeneratorKind::Traditional,
            allow_user_keys: true,
        }
    }
}

impl KeyOptions {
    /// Reads `keyOptions`; `null` gives the default. Errors: 10.
    pub fn parse(options: &Value) -> Result<Self> {
        if options.is_null() {
            return Ok(Self::default());
        }
        let object = options
            .as_object()
            .ok_or_else(|| Error::bad_parameter("keyOptions must be an object"))?;
        let allow_user_keys = match object.get("allowUserKeys") {
            None | Some(Value::Null) => true,
            Some(Value::Bool(allowed)) => *allowed,
            Some(_) => return Err(Error::bad_parameter("allowUserKeys must be a boolean")),
        };
        let name = match object.get("type") {
            None | Some(Value::Null) => "traditional",
            Some(value) => value
                .as_str()
                .ok_or_else(|| Error::bad_parameter("keyOptions.type must be a string"))?,
        };
        let kind = match name {
            "traditional" => KeyGeneratorKind::Traditional,
            "padded" => KeyGeneratorKind::Padded,
            "uuid" => KeyGeneratorKind::Uuid,
            "autoincrement" => KeyGeneratorKind::Autoincrement {
                offset: number(object, "offset", 0, 0)?,
                increment: number(object, "increment", 1, 1)?,
            },
            other => {
                let message = format!("unknown key generator type '{other}'");
                return Err(Error::bad_parameter(message));
            }
        };
        let counts = ["offset", "increment"];
        if name != "autoincrement" && counts.iter().any(|name| object.contains(name)) {
            let message = format!("key generator '{name}' has no offset and no increment");
            return Err(Error::bad_parameter(message));
        }
        if name == "uuid" && object.contains("lastValue") {
            return Err(Error::bad_parameter(
                "key generator 'uuid' has no lastValue",
            ));
        }
        Ok(Self {
            kind,
            allow_user_keys,
        })
    }

    /// The options as clients see them, without `lastValue`.
    pub fn to_object(self) -> Object {
        let mut object = Object::new();
        object.insert("allowUserKeys", self.allow_user_keys);
        object.insert("type", self.kind.name());
        if let KeyGeneratorKind::Autoincrement { offset, increment } = self.kind {
            object.insert("offset", offset);
            object.insert("increment", increment);
        }
        object
    }
}

fn number(object: &Object, name: &str, default: u64, min: u64) -> Result<u64> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => value
            .as_i64()
            .and_then(|number| u64::try_from(number).ok())
            .filter(|number| *number >= min)
            .ok_or_else(|| {
                Error::bad_parameter(format!("{name} must be a whole number from {min} on"))
            }),
    }
}

/// The moving part of a collection's generator, shared by all versions of its definition.
#[derive(Debug, Default)]
pub(crate) struct KeyGenerator {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The largest number given out or seen in a key.
    last: u64,
    /// Numbers up to this one may be given out; persisted before they are. `None` until asked.
    reserved: Option<u64>,
}

/// What a generator asks of the server.
pub(crate) trait KeySource {
    /// A new tick.
    fn next_tick(&self) -> Result<u64>;
    /// The first number above another one that no other process gives out; the number itself
    /// when there is none.
    fn following(&self, number: u64) -> u64;
    /// 16 random bytes.
    fn random(&self) -> [u8; 16];
    /// Reserves numbers behind the persisted mark and behind `above`: the mark before and after.
    /// A mark that is not the one of the last reservation was moved by another process, which
    /// has the numbers up to it.
    fn reserve(&self, above: u64) -> Result<(u64, u64)>;
}

impl KeyGenerator {
    /// A generator that goes on behind what an earlier run persisted.
    pub(crate) fn behind(persisted: u64) -> Self {
        Self {
            state: Mutex::new(State {
                last: persisted,
                reserved: None,
            }),
        }
    }

    /// The next key.
    pub(crate) fn next(&self, kind: KeyGeneratorKind, source: &dyn KeySource) -> Result<String> {
        match kind {
            KeyGeneratorKind::Padded => Ok(format!("{:016x}", source.next_tick()?)),
            KeyGeneratorKind::Uuid => {
                let builder = uuid::Builder::from_random_bytes(source.random());
                Ok(builder.into_uuid().to_string())
            }
            KeyGeneratorKind::Traditional => {
                let tick = source.next_tick()?;
                let mut state = self.state.lock();
                if tick > state.last {
                    state.last = tick;
                } else {
                    let next = source.following(state.last);
                    state.last = Some(next)
                        .filter(|n| *n > state.last)
                        .ok_or_else(exhausted)?;
                }
                Ok(state.last.to_string())
            }
            KeyGeneratorKind::Autoincrement { offset, increment } => {
                self.next_number(offset, increment, source)
            }
        }
    }

    fn next_number(&self, offset: u64, increment: u64, source: &dyn KeySource) -> Result<String> {
        let mut state = self.state.lock();
        if state.reserved.is_none() {
            let last = state.last;
            state.reserve(last, source)?;
        }
        loop {
            let next = following(state.last, offset, increment).ok_or_else(exhausted)?;
            if state.reserved.is_some_and(|reserved| next <= reserved) {
                state.last = next;
                return Ok(next.to_string());
            }
            state.reserve(next, source)?;
        }
    }

    /// Takes note of a key that a user supplied, so that numbers go on behind it, also after a
    /// restart where numbers are all that keys consist of. Errors: the engine's.
    pub(crate) fn note(
        &self,
        kind: KeyGeneratorKind,
        key: &str,
        source: &dyn KeySource,
    ) -> Result<()> {
        let is_series = matches!(kind, KeyGeneratorKind::Autoincrement { .. });
        if !is_series && kind != KeyGeneratorKind::Traditional {
            return Ok(());
        }
        // Half of the range stays for the generator: one odd key must not exhaust it.
        let limit = u64::MAX / 2;
        let Some(number) = key.parse().ok().filter(|number| *number < limit) else {
            return Ok(());
        };
        let mut state = self.state.lock();
        if number <= state.last {
            return Ok(());
        }
        if is_series && state.reserved.is_none_or(|reserved| number > reserved) {
            state.reserve(number, source)?;
        }
        state.last = state.last.max(number);
        Ok(())
    }

    /// The largest number given out or seen.
    pub(crate) fn last(&self) -> u64 {
        self.state.lock().last
    }

    /// Gives the reservation back at an orderly end: the number that was given out last, and the
    /// end of the reservation, if there is one.
    pub(crate) fn release(&self) -> Option<(u64, u64)> {
        let mut state = self.state.lock();
        state.reserved.take().map(|reserved| (state.last, reserved))
    }
}

impl State {
    /// Reserves numbers behind `above`, and goes on behind those that others have.
    fn reserve(&mut self, above: u64, source: &dyn KeySource) -> Result<()> {
        let (before, after) = source.reserve(above)?;
        if self.reserved != Some(before) {
            self.last = self.last.max(before);
        }
        self.reserved = Some(after);
        Ok(())
    }
}

/// The first number of the series that is larger than `last`.
fn following(last: u64, offset: u64, increment: u64) -> Option<u64> {
    if last < offset {
        return Some(offset);
    }
    let steps = (last - offset) / increment;
    offset.checked_add(increment.checked_mul(steps.checked_add(1)?)?)
}

fn exhausted() -> Error {
    Error::new(ErrorKind::Limit, codes::ARANGO_OUT_OF_KEYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_as_documented() {
        let series = |offset, increment| {
            let mut last = 0;
            let mut next = || {
                last = following(last, offset, increment).unwrap();
                last
            };
            [next(), next(), next()]
        };
        assert_eq!(series(0, 1), [1, 2, 3]);
        assert_eq!(series(2, 5), [2, 7, 12]);
        assert_eq!(following(10, 2, 5), Some(12));
        assert_eq!(following(u64::MAX, 0, 1), None);
    }

    #[test]
    fn options_are_checked() {
        let parse = |text: &str| KeyOptions::parse(&value::json::parse(text.as_bytes()).unwrap());
        for text in [
            r#"{"type":"other"}"#,
            r#"{"type":1}"#,
            r#"{"offset":1}"#,
            r#"{"type":"uuid","lastValue":1}"#,
            r#"{"type":"autoincrement","increment":0}"#,
            r#"{"type":"autoincrement","offset":-1}"#,
            r#"{"allowUserKeys":1}"#,
            "1",
        ] {
            assert_eq!(parse(text).unwrap_err().code().number(), 10, "{text}");
        }
        assert_eq!(parse("null").unwrap(), KeyOptions::default());
        let text = r#"{"allowUserKeys":false,"type":"autoincrement","offset":2,"increment":5}"#;
        let shown = Value::object(parse(text).unwrap().to_object());
        assert_eq!(value::json::to_string(&shown), text);
    }
}
