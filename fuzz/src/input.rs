//! Reading structure out of raw bytes. Every sequence of bytes means something, so that each
//! mutation is a valid input; what is missing at the end reads as zero.

use value::{Object, Value};

/// How deep values nest.
const DEPTH_MAX: u32 = 6;

/// Numbers at the edges of their representations.
const NUMBERS: [f64; 10] = [
    0.0,
    -0.0,
    1.5,
    9_007_199_254_740_992.0,
    9_223_372_036_854_775_808.0,
    -9_223_372_036_854_775_808.0,
    f64::MIN_POSITIVE,
    5e-324,
    f64::MAX,
    f64::MIN,
];

/// What is left of an input.
pub(crate) struct Input<'d>(&'d [u8]);

impl<'d> Input<'d> {
    pub(crate) fn new(data: &'d [u8]) -> Self {
        Self(data)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that is left.
    pub(crate) fn rest(self) -> &'d [u8] {
        self.0
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        byte
    }

    fn eight(&mut self) -> [u8; 8] {
        std::array::from_fn(|_| self.byte())
    }

    fn bytes(&mut self, count: usize) -> &'d [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A short text; what is not UTF-8 is replaced.
    pub(crate) fn text(&mut self) -> String {
        let count = usize::from(self.byte() % 16);
        String::from_utf8_lossy(self.bytes(count)).into_owned()
    }

    /// A value of any type.
    pub(crate) fn value(&mut self) -> Value {
        self.value_at(0)
    }

    fn value_at(&mut self, depth: u32) -> Value {
        match self.byte() % 10 {
            0 => Value::Null,
            1 => Value::Bool(self.byte().is_multiple_of(2)),
            2 => Value::Int(i64::from_be_bytes(self.eight())),
            3 => Value::Int(i64::from(self.byte().cast_signed())),
            4 => Value::from_f64(f64::from_be_bytes(self.eight())).unwrap_or_default(),
            5 => {
                let at = usize::from(self.byte()) % NUMBERS.len();
                NUMBERS
                    .get(at)
                    .and_then(|number| Value::from_f64(*number))
                    .unwrap_or_default()
            }
            6 | 7 => Value::from(self.text()),
            8 if depth < DEPTH_MAX => {
                let count = self.byte() % 5;
                Value::array((0..count).map(|_| self.value_at(depth + 1)).collect())
            }
            9 if depth < DEPTH_MAX => {
                let mut object = Object::new();
                for _ in 0..self.byte() % 5 {
                    let name = self.text();
                    object.insert(name, self.value_at(depth + 1));
                }
                Value::object(object)
            }
            _ => Value::Null,
        }
    }
}
