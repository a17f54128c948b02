//! The typed model of a document in `_users`.
//!
//! ```text
//! {"user": name, "active": bool, "password": hash, "extra": object,
//!  "grants": {database: {"level": "rw", "collections": {collection: "ro"}}},
//!  "tokens": [{"id": number, "name": text, "createdAt": s, "validUntil": s, ...}],
//!  "tokensMade": number}
//! ```
//! Access tokens and their number are missing as long as none was made.
//! `*` stands for every database or collection that is not named. Either half of a grant may be
//! missing.

use std::collections::BTreeMap;

use value::{Object, Value};

use super::token::AccessToken;
use crate::error::{Error, Result};

/// Stands for every name.
pub(crate) const ANY: &str = "*";

/// What somebody may do with a database or a collection; each level includes those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing: it looks as if it were not there.
    None,
    /// Read; of a database: use.
    ReadOnly,
    /// Read and write; of a database: administer.
    ReadWrite,
}

impl Level {
    /// `none`, `ro` or `rw`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ReadOnly => "ro",
            Self::ReadWrite => "rw",
        }
    }

    /// From the public name; errors: 10.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "none" => Ok(Self::None),
            "ro" => Ok(Self::ReadOnly),
            "rw" => Ok(Self::ReadWrite),
            _ => Err(Error::bad_parameter(format!("invalid grant '{name}'"))),
        }
    }
}

/// What was granted in one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseGrant {
    /// The database's own level, if it was granted.
    pub level: Option<Level>,
    /// Levels of collections.
    pub collections: BTreeMap<String, Level>,
}

/// A user. The password hash is not part of what others see.
#[derive(Clone, PartialEq)]
pub struct User {
    /// Unique name.
    pub name: String,
    /// Whether the user may log in.
    pub active: bool,
    /// Whatever the creator wants to remember.
    pub extra: Value,
    /// Grants by database name, `*` for any.
    pub grants: BTreeMap<String, DatabaseGrant>,
    /// Access tokens, oldest first.
    pub tokens: Vec<AccessToken>,
    /// How many there ever were; the next one's id.
    pub(super) tokens_made: u64,
    pub(super) password: String,
}

impl User {
    /// Reads the stored document; errors: damaged data.
    pub(super) fn from_document(document: &Value) -> Result<Self> {
        let text = |name: &str| document.get(name).as_str().map(str::to_owned);
        let damaged = || Error::corrupt("document in _users");
        let mut grants = BTreeMap::new();
        for (database, grant) in document
            .get("grants")
            .as_object()
            .into_iter()
            .flat_map(Object::iter)
        {
            let level = |value: &Value| Level::parse(value.as_str().unwrap_or_default()).ok();
            let collections = grant.get("collections").as_object();
            let collections = collections.into_iter().flat_map(Object::iter);
            let model = DatabaseGrant {
                level: level(grant.get("level")),
                collections: collections
                    .filter_map(|(name, value)| Some((name.to_string(), level(value)?)))
                    .collect(),
            };
            grants.insert(database.to_string(), model);
        }
        let tokens = document.get("tokens").as_array().unwrap_or_default();
        let made = document.get("tokensMade").as_i64();
        Ok(Self {
            name: text("user").ok_or_else(damaged)?,
            active: document.get("active").to_bool(),
            extra: document.get("extra").clone(),
            grants,
            tokens: tokens.iter().filter_map(AccessToken::from_value).collect(),
            tokens_made: made.and_then(|made| u64::try_from(made).ok()).unwrap_or(0),
            password: text("password").unwrap_or_default(),
        })
    }

    /// The attributes to store.
    pub(super) fn to_document(&self) -> Value {
        let mut grants = Object::new();
        for (database, grant) in &self.grants {
            let mut object = Object::new();
            if let Some(level) = grant.level {
                object.insert("level", level.name());
            }
            let collections = grant.collections.iter();
            let collections: Object = collections
                .map(|(name, level)| (name.as_str(), level.name()))
                .collect();
            object.insert("collections", collections);
            grants.insert(database.as_str(), object);
        }
        let mut object = Object::new();
        object.insert("user", self.name.as_str());
        object.insert("active", self.active);
        object.insert("password", self.password.as_str());
        object.insert("extra", self.extra.clone());
        object.insert("grants", grants);
        if self.tokens_made > 0 {
            let tokens: Vec<Value> = self.tokens.iter().map(AccessToken::to_value).collect();
            object.insert("tokens", tokens);
            object.insert("tokensMade", self.tokens_made);
        }
        Value::object(object)
    }

    /// `user`, `active`, `extra`: what clients see.
    pub fn to_object(&self) -> Object {
        let mut object = Object::new();
        object.insert("user", self.name.as_str());
        object.insert("active", self.active);
        object.insert("extra", self.extra.clone());
        object
    }

    /// The effective level for a database: granted for it, else the highest of those for any
    /// database and for `_system`.
    /// Source: public documentation, "Managing users / Access levels".
    pub fn database_level(&self, database: &str) -> Level {
        let granted = |name: &str| self.grants.get(name).and_then(|grant| grant.level);
        granted(database)
            .unwrap_or_else(|| granted(ANY).max(granted("_system")).unwrap_or(Level::None))
    }

    /// The effective level for a collection: none without access to the database; granted for
    /// it; else the highest of those for any collection here, for any anywhere and for the
    /// database. System collections follow the database, with fixed exceptions.
    pub fn collection_level(&self, database: &str, collection: &str) -> Level {
        let database_level = self.database_level(database);
        if database_level == Level::None {
            return Level::None;
        }
        match collection {
            "_users" => return Level::None,
            "_queues" => return Level::ReadOnly,
            "_frontend" => return Level::ReadWrite,
            _ if collection.starts_with('_') => return database_level,
            _ => {}
        }
        let granted = |database: &str, collection: &str| {
            let grant = self.grants.get(database)?;
            grant.collections.get(collection).copied()
        };
        granted(database, collection).unwrap_or_else(|| {
            let defaults = granted(database, ANY).max(granted(ANY, ANY));
            defaults.unwrap_or(database_level).max(database_level)
        })
    }
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the password hash: it does not belong into logs.
        f.debug_struct("User")
            .field("name", &self.name)
            .field("active", &self.active)
            .field("grants", &self.grants)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(grants: &str) -> User {
        let text = format!(r#"{{"user":"u","active":true,"grants":{grants}}}"#);
        User::from_document(&value::json::parse(text.as_bytes()).unwrap()).unwrap()
    }

    const TWO_DEFAULTS: &str =
        r#"{"*":{"collections":{"*":"rw"}},"d":{"level":"ro","collections":{"*":"ro"}}}"#;

    #[test]
    fn levels_follow_the_documented_rules() {
        for (grants, database, collection, database_level, collection_level) in [
            ("{}", "d", "c", "none", "none"),
            (r#"{"d":{"level":"ro"}}"#, "d", "c", "ro", "ro"),
            (
                r#"{"*":{"level":"ro"},"_system":{"level":"rw"}}"#,
                "d",
                "c",
                "rw",
                "rw",
            ),
            (
                r#"{"*":{"level":"rw"},"d":{"level":"none"}}"#,
                "d",
                "c",
                "none",
                "none",
            ),
            (
                r#"{"d":{"level":"rw","collections":{"c":"ro"}}}"#,
                "d",
                "c",
                "rw",
                "ro",
            ),
            (
                r#"{"d":{"level":"ro","collections":{"*":"rw"}}}"#,
                "d",
                "c",
                "ro",
                "rw",
            ),
            (
                r#"{"d":{"level":"none","collections":{"c":"rw"}}}"#,
                "d",
                "c",
                "none",
                "none",
            ),
            (
                r#"{"*":{"collections":{"*":"rw"}},"d":{"level":"ro"}}"#,
                "d",
                "c",
                "ro",
                "rw",
            ),
            (TWO_DEFAULTS, "d", "c", "ro", "rw"),
            (r#"{"d":{"level":"rw"}}"#, "d", "_users", "rw", "none"),
            (r#"{"d":{"level":"rw"}}"#, "d", "_queues", "rw", "ro"),
            (r#"{"d":{"level":"ro"}}"#, "d", "_frontend", "ro", "rw"),
            (
                r#"{"d":{"level":"ro","collections":{"_jobs":"rw"}}}"#,
                "d",
                "_jobs",
                "ro",
                "ro",
            ),
        ] {
            let user = user(grants);
            assert_eq!(
                user.database_level(database).name(),
                database_level,
                "{grants}"
            );
            let found = user.collection_level(database, collection).name();
            assert_eq!(found, collection_level, "{grants} {collection}");
            let stored = User::from_document(&user.to_document()).unwrap();
            assert_eq!(stored.grants, user.grants);
        }
    }
}
