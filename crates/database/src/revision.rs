//! Document revisions: a tick in base 64.
//!
//! Source: public documentation, "Miscellaneous AQL functions / DECODE_REV".

use std::fmt;

/// Digits in ascending order.
const ALPHABET: &[u8; 64] = b"-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const DIGITS_MAX: usize = 11;
const COUNTER_BITS: u32 = 20;

/// A revision: `unix_ms << 20 | counter`. Shown most significant digit first, without leading
/// zero digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// Reads the text of a revision; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > DIGITS_MAX {
            return None;
        }
        let number = text.bytes().try_fold(0u128, |number, byte| {
            let digit = ALPHABET.iter().position(|known| *known == byte)?;
            Some(number << 6 | digit as u128)
        })?;
        u64::try_from(number).ok().map(Self)
    }

    /// Milliseconds since 1970 when the revision was made.
    pub fn unix_ms(self) -> u64 {
        self.0 >> COUNTER_BITS
    }

    /// Number of the revision within its millisecond.
    pub fn counter(self) -> u64 {
        self.0 & ((1 << COUNTER_BITS) - 1)
    }

    /// Appends the text.
    pub fn write(self, out: &mut Vec<u8>) {
        let digits = (64 - self.0.leading_zeros()).div_ceil(6).max(1);
        for at in (0..digits).rev() {
            let digit = (self.0 >> (6 * at)) & 63;
            out.extend(ALPHABET.get(digit as usize));
        }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(DIGITS_MAX);
        self.write(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documented sample, and counters within one millisecond.
    #[test]
    fn samples_read_and_write_as_documented() {
        for (text, ms, counter) in [
            ("_YU0HOEG---", 1_552_320_905_314, 0),
            ("_YU0HOEG--_", 1_552_320_905_314, 1),
            ("_YU0HOEG--A", 1_552_320_905_314, 2),
        ] {
            let revision = Revision::parse(text).unwrap();
            assert_eq!((revision.unix_ms(), revision.counter()), (ms, counter));
            assert_eq!(revision.to_string(), text);
        }
        assert_eq!(
            Revision::parse("_YU0HOEG---").unwrap().0,
            ms_tick(1_552_320_905_314)
        );
    }

    fn ms_tick(ms: u64) -> u64 {
        ms << 20
    }

    #[test]
    fn other_texts_are_no_revisions() {
        for text in ["", "abc/", "999999999999", "99999999999", "ä"] {
            assert_eq!(Revision::parse(text), None, "{text}");
        }
        assert_eq!(Revision(0).to_string(), "-");
        assert_eq!(
            Revision::parse(&Revision(u64::MAX).to_string()),
            Some(Revision(u64::MAX))
        );
    }
}
