//! `/_api/import`: many documents from one body, in batches of transactions.

mod source;

use std::sync::Arc;

use database::{Collection, OverwriteMode, Transaction, WriteOptions, WriteResult};
use hyper::{Method, StatusCode};
use value::{Object, Value};

use self::source::{Form, Row, Rows};
use crate::error::{Error, Result};
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[Route::new(
    Method::POST,
    "/_api/import",
    Access::Read,
    import,
)];

/// What the query string asks for.
struct Options {
    form: Form,
    from: Prefix,
    to: Prefix,
    /// Documents are removed first.
    overwrite: bool,
    /// Nothing is imported unless everything is.
    complete: bool,
    details: bool,
    ignore_missing: bool,
    write: WriteOptions,
}

/// The collection of `_from` or `_to`.
struct Prefix {
    name: &'static str,
    /// With its slash; empty when there is none.
    prefix: String,
    /// Whether a collection in the value gives way.
    replaces: bool,
}

impl Prefix {
    fn read(call: &Call<'_>, parameter: &str, name: &'static str) -> Self {
        let mut prefix = call
            .request
            .parameter(parameter)
            .unwrap_or_default()
            .into_owned();
        if !prefix.is_empty() && !prefix.ends_with('/') {
            prefix.push('/');
        }
        Self {
            name,
            prefix,
            replaces: call
                .request
                .flag("overwriteCollectionPrefix")
                .unwrap_or(false),
        }
    }

    fn apply(&self, document: &mut Object) {
        if self.prefix.is_empty() {
            return;
        }
        let Some(Value::String(given)) = document.get(self.name) else {
            return;
        };
        let key = match given.split_once('/') {
            None => given,
            Some((_, key)) if self.replaces => key,
            Some(_) => return,
        };
        let full = format!("{}{key}", self.prefix);
        document.insert(self.name, full);
    }
}

impl Options {
    fn read(call: &Call<'_>) -> Result<Self> {
        let flag = |name: &str| call.request.flag(name).unwrap_or(false);
        let form = call.request.parameter("type").unwrap_or_default();
        let overwrite_mode = match &*call.request.parameter("onDuplicate").unwrap_or_default() {
            "" | "error" => OverwriteMode::Conflict,
            "update" => OverwriteMode::Update,
            "replace" => OverwriteMode::Replace,
            "ignore" => OverwriteMode::Ignore,
            other => {
                let text = format!("invalid value '{other}' for parameter 'onDuplicate'");
                return Err(Error::bad_parameter(text));
            }
        };
        Ok(Self {
            form: Form::parse(&form, &call.request.body)?,
            from: Prefix::read(call, "fromPrefix", "_from"),
            to: Prefix::read(call, "toPrefix", "_to"),
            overwrite: flag("overwrite"),
            complete: flag("complete"),
            details: flag("details"),
            ignore_missing: flag("ignoreMissing"),
            write: WriteOptions {
                overwrite_mode,
                ..WriteOptions::default()
            },
        })
    }
}

/// What became of the rows.
#[derive(Clone, Default)]
struct Outcome {
    created: u64,
    errors: u64,
    empty: u64,
    updated: u64,
    ignored: u64,
    details: Vec<String>,
}

impl Outcome {
    fn into_reply(self, with_details: bool) -> Reply {
        let mut object = Object::new();
        object.insert("error", false);
        object.insert("created", self.created);
        object.insert("errors", self.errors);
        object.insert("empty", self.empty);
        object.insert("updated", self.updated);
        object.insert("ignored", self.ignored);
        if with_details {
            let details = self.details.into_iter().map(Value::from);
            object.insert("details", details.collect::<Vec<_>>());
        }
        // Clients compare the members: there is no `code`.
        Reply::json(StatusCode::CREATED, &object.into())
    }

    fn count(&mut self, written: &WriteResult) {
        if written.is_unchanged {
            self.ignored += 1;
        } else if written.old_rev.is_some() {
            self.updated += 1;
        } else {
            self.created += 1;
        }
    }
}

fn import(call: &Call<'_>) -> Result<Reply> {
    let name = call.request.parameter("collection").unwrap_or_default();
    if name.is_empty() {
        let code = error_codes::codes::ARANGO_COLLECTION_PARAMETER_MISSING;
        return Err(Error::plain(code));
    }
    let collection = call.writable_collection(&name)?;
    let options = Options::read(call)?;
    let import = Import {
        call,
        collection,
        options,
    };
    let outcome = if import.options.complete {
        import.whole()?
    } else {
        import.piecemeal()?
    };
    Ok(outcome.into_reply(import.options.details))
}

/// One request.
struct Import<'c> {
    call: &'c Call<'c>,
    collection: Arc<Collection>,
    options: Options,
}

/// Rows that are written together.
#[derive(Default)]
struct Batch<'b> {
    documents: Vec<Value>,
    /// Position and text of each.
    places: Vec<(u64, &'b [u8])>,
    /// Position and reason of what was not imported.
    failures: Vec<(u64, String)>,
    bytes: usize,
    is_last: bool,
}

impl Import<'_> {
    fn rows(&self) -> Result<Rows<'_>> {
        let options = &self.options;
        Rows::new(
            &self.call.request.body,
            options.form,
            options.ignore_missing,
        )
    }

    /// Reads rows up to the size of a batch. Rows that are no documents are counted at once.
    fn next_batch<'b>(
        &self,
        rows: &mut impl Iterator<Item = (u64, Row<'b>)>,
        outcome: &mut Outcome,
    ) -> Batch<'b> {
        let settings = &self.call.api.settings;
        let mut batch = Batch::default();
        while batch.documents.len() < settings.import_batch_rows
            && batch.bytes < settings.import_batch_bytes
        {
            match rows.next() {
                None => {
                    batch.is_last = true;
                    break;
                }
                Some((_, Row::Blank)) => outcome.empty += 1,
                Some((at, Row::Bad(why, text))) => {
                    batch.failures.push((at, describe(at, &why, text)));
                    if self.options.complete {
                        break;
                    }
                }
                Some((at, Row::Document(mut document, text))) => {
                    self.options.from.apply(&mut document);
                    self.options.to.apply(&mut document);
                    batch.documents.push(Value::object(document));
                    batch.places.push((at, text));
                    batch.bytes += text.len();
                }
            }
        }
        batch
    }

    /// Counts a batch's failures and keeps their descriptions in order.
    fn note_failures(&self, mut failures: Vec<(u64, String)>, outcome: &mut Outcome) {
        outcome.errors += failures.len() as u64;
        if !self.options.details {
            return;
        }
        failures.sort_by_key(|(at, _)| *at);
        let settings = &self.call.api.settings;
        let room = settings.import_details_max - outcome.details.len();
        let described = failures.into_iter().take(room).map(|(_, why)| why);
        outcome.details.extend(described);
    }

    /// Writes batch after batch, each in a transaction of its own; what is wrong is left out.
    fn piecemeal(&self) -> Result<Outcome> {
        let mut rows = (0..).zip(self.rows()?);
        let mut outcome = Outcome::default();
        if self.options.overwrite {
            self.call.truncate(&self.collection)?;
        }
        loop {
            let mut batch = self.next_batch(&mut rows, &mut outcome);
            let results = if batch.documents.is_empty() {
                Vec::new()
            } else {
                let (documents, options) = (&batch.documents, &self.options.write);
                self.call
                    .write(|txn| txn.insert(&self.collection, documents.clone(), options))?
            };
            for (result, (at, text)) in results.into_iter().zip(&batch.places) {
                match result {
                    Ok(written) => outcome.count(&written),
                    Err(error) => {
                        let why = failure(&error);
                        batch.failures.push((*at, describe(*at, &why, text)));
                    }
                }
            }
            self.note_failures(batch.failures, &mut outcome);
            if batch.is_last {
                return Ok(outcome);
            }
        }
    }

    /// Writes everything in one transaction. The first thing that is wrong ends it.
    fn whole(&self) -> Result<Outcome> {
        let rows = self.rows()?;
        let mut refused = None;
        let written = self.call.write(|txn| {
            refused = None;
            match self.write_all(txn, rows.clone())? {
                Ok(outcome) => Ok(outcome),
                Err(why) => {
                    let code = error_codes::codes::BAD_PARAMETER;
                    refused = Some(why);
                    // Only tells the transaction to roll back.
                    Err(database::Error::new(database::ErrorKind::Invalid, code))
                }
            }
        });
        match refused {
            Some(why) => Err(Error::bad_parameter(why)),
            None => written,
        }
    }

    /// The text says why a row is no document.
    fn write_all(
        &self,
        txn: &mut Transaction,
        rows: Rows<'_>,
    ) -> database::Result<Result<Outcome, String>> {
        let mut outcome = Outcome::default();
        let mut rows = (0..).zip(rows);
        if self.options.overwrite {
            txn.truncate(&self.collection)?;
        }
        loop {
            let batch = self.next_batch(&mut rows, &mut outcome);
            if let Some((_, why)) = batch.failures.into_iter().next() {
                return Ok(Err(why));
            }
            let is_last = batch.is_last;
            for result in txn.insert(&self.collection, batch.documents, &self.options.write)? {
                outcome.count(&result?);
            }
            if is_last {
                return Ok(Ok(outcome));
            }
        }
    }
}

fn failure(error: &database::Error) -> String {
    format!("creating document failed with error '{}'", error.message())
}

fn describe(at: u64, why: &str, text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    format!("at position {at}: {why}, offending document: {text}")
}
