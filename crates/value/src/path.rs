//! Attribute paths such as `address.city` and `tags[*].name`.

use std::fmt;
use std::sync::Arc;

use crate::Value;

/// A path into a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttributePath(Vec<PathStep>);

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathStep {
    /// Into the attribute of this name.
    Attribute(Arc<str>),
    /// Into every element of an array: `[*]`.
    Expand,
}

/// What is wrong with a path's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathError(&'static str);

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for PathError {}

impl AttributePath {
    /// A path from attribute names, which may hold any character.
    pub fn from_names<S: Into<Arc<str>>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(
            names
                .into_iter()
                .map(|name| PathStep::Attribute(name.into()))
                .collect(),
        )
    }

    /// Reads `a.b[*].c`.
    ///
    /// # Errors
    /// Empty names and more than one `[*]` are refused.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (name, expand) = match part.strip_suffix("[*]") {
                Some(name) => (name, true),
                None => (part, false),
            };
            if name.is_empty() {
                return Err(PathError("empty attribute name"));
            }
            if name.contains("[*]") || (expand && steps.contains(&PathStep::Expand)) {
                return Err(PathError("more than one [*]"));
            }
            steps.push(PathStep::Attribute(name.into()));
            if expand {
                steps.push(PathStep::Expand);
            }
        }
        Ok(Self(steps))
    }

    /// The steps in order.
    pub fn steps(&self) -> &[PathStep] {
        &self.0
    }

    /// Whether the path goes through array elements.
    pub fn expands(&self) -> bool {
        self.0.contains(&PathStep::Expand)
    }

    /// The names when the path has no `[*]`.
    pub fn names(&self) -> Option<Vec<&str>> {
        self.0.iter().map(PathStep::name).collect()
    }

    /// Follows a path without `[*]`; `null` where it leads nowhere.
    pub fn find<'v>(&self, value: &'v Value) -> &'v Value {
        self.0
            .iter()
            .filter_map(PathStep::name)
            .fold(value, |value, name| value.get(name))
    }
}

impl PathStep {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Attribute(name) => Some(name),
            Self::Expand => None,
        }
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Expand => f.write_str("[*]")?,
                PathStep::Attribute(name) if at == 0 => f.write_str(name)?,
                PathStep::Attribute(name) => write!(f, ".{name}")?,
            }
        }
        Ok(())
    }
}
