//! Which results are kept, and how many.

use error_codes::codes;
use value::{Object, Value};

use crate::error::{Error, Result};

/// Which queries look for kept results and have theirs kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheMode {
    /// None.
    Off,
    /// All that do not ask for the opposite.
    On,
    /// Those that ask for it.
    Demand,
}

impl CacheMode {
    const ALL: [(&'static str, CacheMode); 3] = [
        ("off", CacheMode::Off),
        ("on", CacheMode::On),
        ("demand", CacheMode::Demand),
    ];

    fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, mode)| *mode == self);
        found.map_or("off", |(name, _)| name)
    }
}

/// What is kept, and how much of it. The public names are those of
/// `GET /_api/query-cache/properties`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultProperties {
    /// `mode`
    pub mode: CacheMode,
    /// `maxResults`: how many results of a database are kept.
    pub results_max: usize,
    /// `maxResultsSize`: bytes of all kept results of a database.
    pub results_bytes_max: usize,
    /// `maxEntrySize`: bytes of one result that is kept.
    pub entry_bytes_max: usize,
    /// `includeSystem`: whether results of queries with system collections are kept.
    pub include_system: bool,
}

impl ResultProperties {
    /// The documented defaults.
    pub const fn documented() -> Self {
        Self {
            mode: CacheMode::Off,
            results_max: 128,
            results_bytes_max: 256 << 20,
            entry_bytes_max: 16 << 20,
            include_system: false,
        }
    }

    /// The public form.
    pub fn to_object(&self) -> Object {
        let mut object = Object::new();
        object.insert("mode", self.mode.name());
        object.insert("maxResults", self.results_max);
        object.insert("maxResultsSize", self.results_bytes_max);
        object.insert("maxEntrySize", self.entry_bytes_max);
        object.insert("includeSystem", self.include_system);
        object
    }

    /// Takes over what `change` names in the public form; what is unknown is ignored.
    ///
    /// # Errors
    /// 10 for a mode that there is not and for values of a wrong type; then nothing is changed.
    pub fn merge(&mut self, change: &Object) -> Result<()> {
        let mut merged = self.clone();
        for (name, value) in change.iter() {
            match &**name {
                "mode" => merged.mode = read_mode(value)?,
                "maxResults" => merged.results_max = read_size(name, value)?,
                "maxResultsSize" => merged.results_bytes_max = read_size(name, value)?,
                "maxEntrySize" => merged.entry_bytes_max = read_size(name, value)?,
                "includeSystem" => {
                    let flag = value.as_bool();
                    merged.include_system = flag.ok_or_else(|| wrong(name, "true or false"))?;
                }
                _ => {}
            }
        }
        *self = merged;
        Ok(())
    }
}

fn read_mode(value: &Value) -> Result<CacheMode> {
    let given = value.as_str();
    let found = CacheMode::ALL.iter().find(|(name, _)| given == Some(name));
    let found = found.ok_or_else(|| wrong("mode", "\"off\", \"on\" or \"demand\""))?;
    Ok(found.1)
}

fn read_size(name: &str, value: &Value) -> Result<usize> {
    let size = value.as_i64().and_then(|size| usize::try_from(size).ok());
    size.ok_or_else(|| wrong(name, "a whole number that is not negative"))
}

fn wrong(name: &str, wanted: &str) -> Error {
    Error::invalid(codes::BAD_PARAMETER, format!("{name} must be {wanted}"))
}
