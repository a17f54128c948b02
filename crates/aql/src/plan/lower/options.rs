//! `OPTIONS`.

use std::sync::Arc;

use error_codes::codes;
use value::{Object, Value};

use super::Lowerer;
use crate::error::{Error, Result};
use crate::plan::{Expr, IndexHint, ModifyOptions, Overwrite};
use crate::syntax::ast;

/// Options of a `FOR` that are known and change nothing here.
const FOR_WITHOUT_EFFECT: &[&str] = &["lookahead", "maxProjections", "parallelism", "useCache"];

/// Options of a modification that are known and change nothing here.
const MODIFY_WITHOUT_EFFECT: &[&str] = &[
    "forceIndexHint",
    "indexHint",
    "disableIndex",
    "refillIndexCaches",
    "waitForSync",
];

impl Lowerer<'_> {
    /// The value of an `OPTIONS` object, which must not depend on anything but binds.
    pub(super) fn options(&mut self, options: &ast::Expr) -> Result<Arc<Object>> {
        let value = self.options_value(options)?;
        match value {
            Value::Object(object) => Ok(object),
            _ => Ok(Arc::default()),
        }
    }

    fn options_value(&mut self, expr: &ast::Expr) -> Result<Value> {
        match &expr.kind {
            ast::ExprKind::Bind(name) => self.shape_bind(name),
            ast::ExprKind::Array(items) => {
                let items = items.iter().map(|item| self.options_value(item));
                Ok(Value::array(items.collect::<Result<_>>()?))
            }
            ast::ExprKind::Object(properties) => {
                let mut object = Object::new();
                for property in properties {
                    let name: Arc<str> = match &property.key {
                        ast::PropertyKey::Name(name) => name.clone(),
                        ast::PropertyKey::Bind(name) => self.shape_bind(name)?.to_text(),
                        ast::PropertyKey::Computed(name) => self.options_value(name)?.to_text(),
                    };
                    object.insert(name, self.options_value(&property.value)?);
                }
                Ok(Value::object(object))
            }
            _ => match self.expression(expr)? {
                Expr::Const(value) => Ok(value),
                _ => Err(Error::new_invalid(codes::QUERY_COMPILE_TIME_OPTIONS)),
            },
        }
    }

    fn unknown_option(&mut self, statement: &str, name: &str) {
        let code = codes::QUERY_INVALID_OPTIONS_ATTRIBUTE;
        let message = format!("unknown attribute '{name}' or value in OPTIONS of {statement}");
        self.plan.warnings.push((code, message));
    }

    pub(super) fn index_hint(&mut self, options: Option<&ast::Expr>) -> Result<IndexHint> {
        let Some(options) = options else {
            return Ok(IndexHint::default());
        };
        let options = self.options(options)?;
        for (name, value) in options.iter() {
            let fits = match &**name {
                "indexHint" => is_text_or_texts(value),
                "forceIndexHint" | "disableIndex" => matches!(value, Value::Bool(_)),
                name => FOR_WITHOUT_EFFECT.contains(&name),
            };
            if !fits {
                self.unknown_option("FOR", name);
            }
        }
        Ok(hint_of(&options))
    }

    /// `OPTIONS` of a loop over something else than a collection, which knows none.
    pub(super) fn list_options(&mut self, options: Option<&ast::Expr>) -> Result<()> {
        if let Some(options) = options {
            for name in self.options(options)?.keys() {
                self.unknown_option("FOR over an array", name);
            }
        }
        Ok(())
    }

    /// The same from the options of a modification, which has others too.
    pub(super) fn index_hint_quietly(&mut self, options: Option<&ast::Expr>) -> Result<IndexHint> {
        match options {
            Some(options) => Ok(hint_of(&*self.options(options)?)),
            None => Ok(IndexHint::default()),
        }
    }

    pub(super) fn collect_options(&mut self, options: &ast::Expr) -> Result<()> {
        let options = self.options(options)?;
        for (name, value) in options.iter() {
            let fits = match &**name {
                "method" => matches!(value.as_str(), Some("sorted" | "hash")),
                "disableIndex" => matches!(value, Value::Bool(_)),
                "aggregateIntoExpressionOnDBServers" => true,
                _ => false,
            };
            if !fits {
                self.unknown_option("COLLECT", name);
            }
        }
        Ok(())
    }

    pub(super) fn modify_options(&mut self, options: Option<&ast::Expr>) -> Result<ModifyOptions> {
        let mut read = ModifyOptions::default();
        let Some(options) = options else {
            return Ok(read);
        };
        for (name, value) in self.options(options)?.iter() {
            match &**name {
                "exclusive" => read.exclusive = value.to_bool(),
                "ignoreErrors" => read.ignore_errors = value.to_bool(),
                "ignoreRevs" => read.ignore_revs = value.to_bool(),
                "keepNull" => read.keep_null = value.to_bool(),
                "mergeObjects" => read.merge_objects = value.to_bool(),
                "readOwnWrites" => read.read_own_writes = value.to_bool(),
                "versionAttribute" => {
                    read.version_attribute = value.as_str().map(Arc::from);
                }
                "overwrite" if value.to_bool() && read.overwrite == Overwrite::Conflict => {
                    read.overwrite = Overwrite::Replace;
                }
                "overwrite" => {}
                "overwriteMode" => match value.as_str() {
                    Some("ignore") => read.overwrite = Overwrite::Ignore,
                    Some("replace") => read.overwrite = Overwrite::Replace,
                    Some("update") => read.overwrite = Overwrite::Update,
                    Some("conflict") => read.overwrite = Overwrite::Conflict,
                    _ => self.unknown_option("INSERT", name),
                },
                known if MODIFY_WITHOUT_EFFECT.contains(&known) => {}
                _ => self.unknown_option("a modification", name),
            }
        }
        Ok(read)
    }
}

fn is_text_or_texts(value: &Value) -> bool {
    let is_text = |value: &Value| matches!(value, Value::String(_));
    is_text(value) || matches!(value, Value::Array(items) if items.iter().all(is_text))
}

fn hint_of(options: &Object) -> IndexHint {
    let names = match options.get("indexHint") {
        Some(Value::String(name)) => vec![name.clone()],
        Some(Value::Array(names)) => {
            let text = |name: &Value| name.as_str().map(Arc::from);
            names.iter().filter_map(text).collect()
        }
        _ => Vec::new(),
    };
    let flag = |name: &str| options.get(name).is_some_and(Value::to_bool);
    IndexHint {
        names,
        force: flag("forceIndexHint"),
        disable: flag("disableIndex"),
    }
}
