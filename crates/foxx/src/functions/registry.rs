//! The documents of `_aqlfunctions`: `{_key: name in upper case, name, code, isDeterministic}`.

use database::{
    Database, OverwriteMode, Selector, Transaction, TransactionOptions, WriteOptions, WriteResult,
};
use error_codes::codes;
use value::{Object, Value};

use super::Functions;
use crate::{Error, Result};

pub(super) const COLLECTION: &str = "_aqlfunctions";

/// Documents that one page of a list reads.
const PAGE_DOCUMENTS: usize = 1000;

/// A function to be registered.
pub(crate) struct Definition<'d> {
    /// At least one namespace and a name, as in `MY::NAME`.
    pub(crate) name: &'d str,
    /// The text of one function.
    pub(crate) code: &'d str,
    pub(crate) is_deterministic: bool,
}

/// Registers a function; whether it took the place of another.
///
/// # Errors
/// 1580, 1581; the store's.
pub(crate) fn register(
    functions: &Functions,
    database: &Database,
    definition: &Definition<'_>,
) -> Result<bool> {
    check_name(definition.name)?;
    functions
        .check(definition.code)
        .map_err(|error| Error::refused(error.code).with_message(error.message))?;
    let mut document = Object::new();
    document.insert("_key", definition.name.to_ascii_uppercase());
    document.insert("name", definition.name);
    document.insert("code", definition.code);
    document.insert("isDeterministic", definition.is_deterministic);
    let options = WriteOptions {
        overwrite_mode: OverwriteMode::Replace,
        ..WriteOptions::default()
    };
    let written = database.run(&TransactionOptions::default(), |transaction| {
        let collection = transaction.collection(COLLECTION)?;
        let documents = vec![Value::object(document.clone())];
        only(transaction.insert(&collection, documents, &options)?)
    })?;
    Ok(written.is_some_and(|result| result.old_rev.is_some()))
}

/// Takes a function away.
///
/// # Errors
/// 1582; the store's.
pub(crate) fn unregister(database: &Database, name: &str) -> Result<()> {
    let not_found = || {
        let message = format!("no AQL user function with name '{name}' found");
        Error::refused(codes::QUERY_FUNCTION_NOT_FOUND).with_message(message)
    };
    check_name(name)?;
    let selector = Selector::key(&name.to_ascii_uppercase()).map_err(|_| not_found())?;
    let removed = database.run(&TransactionOptions::default(), |transaction| {
        remove(transaction, vec![selector.clone()])
    })?;
    match removed {
        0 => Err(not_found()),
        _ => Ok(()),
    }
}

/// Takes all functions of a namespace away; how many there were.
///
/// # Errors
/// 1580; the store's.
pub(crate) fn unregister_group(database: &Database, namespace: &str) -> Result<usize> {
    let prefix = prefix_of(namespace);
    check_name(&format!("{prefix}F"))?;
    let removed = database.run(&TransactionOptions::default(), |transaction| {
        let mut selectors = Vec::new();
        for_each(transaction, &prefix, |key, _| {
            selectors.push(Selector::key(key)?);
            Ok(())
        })?;
        remove(transaction, selectors)
    })?;
    Ok(removed)
}

/// `{name, code, isDeterministic}` of all functions, or of those in a namespace.
///
/// # Errors
/// The store's.
pub(crate) fn list(database: &Database, namespace: Option<&str>) -> Result<Vec<Value>> {
    let prefix = namespace.map(prefix_of).unwrap_or_default();
    let mut transaction = database.begin(TransactionOptions::read_only())?;
    let mut all = Vec::new();
    for_each(&mut transaction, &prefix, |_, document| {
        let mut shown = Object::new();
        for name in ["name", "code", "isDeterministic"] {
            shown.insert(name, document.get(name).clone());
        }
        all.push(shown.into());
        Ok(())
    })?;
    Ok(all)
}

/// Namespaces end where a name begins: `A::B` stands for what begins with `A::B::`.
fn prefix_of(namespace: &str) -> String {
    let namespace = namespace.to_ascii_uppercase();
    match namespace.strip_suffix("::") {
        Some(_) => namespace,
        None => format!("{namespace}::"),
    }
}

fn check_name(name: &str) -> Result<()> {
    let mut parts = name.split("::");
    let is_part = |part: &str| {
        let mut bytes = part.bytes();
        !part.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let is_reserved = parts
        .next()
        .is_none_or(|first| !is_part(first) || first.eq_ignore_ascii_case("_aql"));
    let count = name.split("::").count();
    if is_reserved || count < 2 || !parts.all(is_part) {
        let code = codes::QUERY_FUNCTION_INVALID_NAME;
        let message = format!("{}: '{name}'", code.text());
        return Err(Error::refused(code).with_message(message));
    }
    Ok(())
}

fn for_each(
    transaction: &mut Transaction,
    prefix: &str,
    mut visit: impl FnMut(&str, &Value) -> database::Result<()>,
) -> database::Result<()> {
    let collection = transaction.collection(COLLECTION)?;
    let mut position = None;
    loop {
        let page = transaction.scan(&collection, position.as_ref(), PAGE_DOCUMENTS)?;
        for document in page.documents {
            let key = document.key();
            if key.as_str().starts_with(prefix) {
                visit(key.as_str(), &document.to_value()?)?;
            }
        }
        position = page.next;
        if position.is_none() {
            return Ok(());
        }
    }
}

/// Removes documents; how many there were.
fn remove(transaction: &mut Transaction, selectors: Vec<Selector>) -> database::Result<usize> {
    let collection = transaction.collection(COLLECTION)?;
    let results = transaction.remove(&collection, selectors, &WriteOptions::default())?;
    let mut removed = 0;
    for result in results {
        match result {
            Ok(_) => removed += 1,
            Err(error) if error.code() == codes::ARANGO_DOCUMENT_NOT_FOUND => {}
            Err(error) => return Err(error),
        }
    }
    Ok(removed)
}

fn only(results: Vec<database::Result<WriteResult>>) -> database::Result<Option<WriteResult>> {
    results.into_iter().next().transpose()
}
