//! `/_api/simple`: what clients asked before they asked queries. Each call becomes a query.
//!
//! Source: public documentation of 3.x, "HTTP interface for simple queries".

use aql::Query;
use database::{Collection, Selector, WriteOptions};
use error_codes::codes;
use hyper::{Method, StatusCode};
use value::{Object, Value, json};

use super::cursors;
use crate::error::{Error, Result};
use crate::message::{Reply, encode_segment};
use crate::query::{self, Batching};
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::PUT, "/_api/simple/all", Access::Read, all),
    Route::new(Method::PUT, "/_api/simple/all-keys", Access::Read, all_keys),
    Route::new(Method::PUT, "/_api/simple/any", Access::Read, any),
    Route::new(
        Method::PUT,
        "/_api/simple/by-example",
        Access::Read,
        by_example,
    ),
    Route::new(
        Method::PUT,
        "/_api/simple/first-example",
        Access::Read,
        first_example,
    ),
    Route::new(
        Method::PUT,
        "/_api/simple/remove-by-example",
        Access::Read,
        remove_by_example,
    ),
    Route::new(
        Method::PUT,
        "/_api/simple/replace-by-example",
        Access::Read,
        replace_by_example,
    ),
    Route::new(
        Method::PUT,
        "/_api/simple/update-by-example",
        Access::Read,
        update_by_example,
    ),
    Route::new(
        Method::PUT,
        "/_api/simple/lookup-by-keys",
        Access::Read,
        lookup_by_keys,
    ),
    Route::new(
        Method::PUT,
        "/_api/simple/remove-by-keys",
        Access::Read,
        remove_by_keys,
    ),
    Route::new(Method::PUT, "/_api/simple/range", Access::Read, range),
];

/// A query in the making.
struct Asked {
    body: Value,
    collection: String,
    text: String,
    bind: Object,
}

impl Asked {
    /// Begins with the documents of the collection that the body names.
    fn read(call: &Call<'_>) -> Result<Self> {
        let body = call.request.json()?;
        let name = body.get("collection").as_str().unwrap_or_default();
        if name.is_empty() {
            return Err(Error::bad_parameter("the body must name a collection"));
        }
        let collection = call.readable_collection(name)?.name().to_owned();
        let mut bind = Object::new();
        bind.insert("@collection", collection.as_str());
        Ok(Self {
            body,
            collection,
            text: "FOR d IN @@collection".to_owned(),
            bind,
        })
    }

    /// Keeps documents with these values. A dot in a name leads into an object.
    fn filter(mut self, name: &str) -> Result<Self> {
        let Value::Object(example) = self.body.get(name).clone() else {
            let message = format!("'{name}' must be an object");
            return Err(Error::bad_parameter(message));
        };
        for (name, value) in example.iter() {
            let path = self.path(name);
            let bind = self.bind_next(value.clone());
            self.text.push_str(&format!(" FILTER d{path} == @{bind}"));
        }
        Ok(self)
    }

    /// The accessors of an attribute.
    fn path(&mut self, name: &str) -> String {
        let parts = name.split('.');
        parts
            .map(|part| format!(".@{}", self.bind_next(part.into())))
            .collect()
    }

    fn bind_next(&mut self, value: Value) -> String {
        let name = format!("v{}", self.bind.len());
        self.bind.insert(name.as_str(), value);
        name
    }

    /// Skips and limits as the body says.
    fn limit(mut self) -> Self {
        let number = |name: &str| self.body.get(name).as_i64();
        let (skip, limit) = (number("skip"), number("limit"));
        let limit = limit.or_else(|| self.body.get("options").get("limit").as_i64());
        if skip.is_some() || limit.is_some() {
            let skip = skip.unwrap_or(0).max(0);
            let limit = limit.unwrap_or(i64::MAX - skip).max(0);
            self.text.push_str(&format!(" LIMIT {skip}, {limit}"));
        }
        self
    }

    fn push(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Whether an option is set, beside the others or among the body's `options`.
    fn flag(&self, name: &str, absent: bool) -> bool {
        let found = self.body.get(name).as_bool();
        found
            .or_else(|| self.body.get("options").get(name).as_bool())
            .unwrap_or(absent)
    }

    fn query(&self) -> Query<'_> {
        Query {
            bind: self.bind.clone(),
            ..Query::new(&self.text)
        }
    }

    /// Answers with a cursor.
    fn into_cursor(self, call: &Call<'_>) -> Result<Reply> {
        let mut body = Object::new();
        body.insert("query", self.text);
        body.insert("bindVars", self.bind);
        body.insert("count", true);
        for name in ["batchSize", "ttl"] {
            body.insert(name, self.body.get(name).clone());
        }
        cursors::open(call, &body.into())
    }

    /// The first row, if there is one.
    fn into_first(self, call: &Call<'_>) -> Result<Option<Value>> {
        let rows = query::all(call, &self.query())?;
        Ok(rows.as_array().and_then(<[Value]>::first).cloned())
    }

    /// Answers with the number of documents that the query wrote.
    fn into_written(self, call: &Call<'_>, name: &str) -> Result<Reply> {
        let batching = Batching {
            rows: usize::MAX,
            stream: false,
        };
        let batch = query::start(call, &self.query(), batching)?.next(call)?;
        let extra = json::parse(&batch.extra).unwrap_or_default();
        let written = extra.get("stats").get("writesExecuted").clone();
        let object = [(name, written)].into_iter().collect();
        Ok(Reply::enveloped(StatusCode::OK, object))
    }
}

fn all(call: &Call<'_>) -> Result<Reply> {
    Asked::read(call)?
        .limit()
        .push(" RETURN d")
        .into_cursor(call)
}

fn all_keys(call: &Call<'_>) -> Result<Reply> {
    let mut asked = Asked::read(call)?;
    let prefix = match asked.body.get("type").as_str() {
        None | Some("path") => format!(
            "/_db/{}/_api/document/{}/",
            encode_segment(&call.request.database),
            encode_segment(&asked.collection)
        ),
        Some("id") => format!("{}/", asked.collection),
        Some("key") => String::new(),
        Some(other) => {
            let message = format!("type must be id, key or path, not '{other}'");
            return Err(Error::bad_parameter(message));
        }
    };
    asked.bind.insert("prefix", prefix);
    asked
        .push(" RETURN CONCAT(@prefix, d._key)")
        .into_cursor(call)
}

fn any(call: &Call<'_>) -> Result<Reply> {
    let asked = Asked::read(call)?.push(" SORT RAND() LIMIT 1 RETURN d");
    let document = asked.into_first(call)?.unwrap_or_default();
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("document", document)].into_iter().collect(),
    ))
}

fn by_example(call: &Call<'_>) -> Result<Reply> {
    Asked::read(call)?
        .filter("example")?
        .limit()
        .push(" RETURN d")
        .into_cursor(call)
}

fn first_example(call: &Call<'_>) -> Result<Reply> {
    let asked = Asked::read(call)?
        .filter("example")?
        .push(" LIMIT 1 RETURN d");
    let document = asked
        .into_first(call)?
        .ok_or_else(|| Error::new(codes::HTTP_NOT_FOUND, "no match"))?;
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("document", document)].into_iter().collect(),
    ))
}

fn remove_by_example(call: &Call<'_>) -> Result<Reply> {
    Asked::read(call)?
        .filter("example")?
        .limit()
        .push(" REMOVE d IN @@collection")
        .into_written(call, "deleted")
}

fn replace_by_example(call: &Call<'_>) -> Result<Reply> {
    let mut asked = Asked::read(call)?.filter("example")?.limit();
    let new = new_value(&asked)?;
    let new = asked.bind_next(new);
    asked
        .push(&format!(" REPLACE d WITH @{new} IN @@collection"))
        .into_written(call, "replaced")
}

fn update_by_example(call: &Call<'_>) -> Result<Reply> {
    let mut asked = Asked::read(call)?.filter("example")?.limit();
    let new = new_value(&asked)?;
    let new = asked.bind_next(new);
    let keep_null = asked.flag("keepNull", true);
    let merge_objects = asked.flag("mergeObjects", true);
    let options = format!("{{keepNull: {keep_null}, mergeObjects: {merge_objects}}}");
    asked
        .push(&format!(
            " UPDATE d WITH @{new} IN @@collection OPTIONS {options}"
        ))
        .into_written(call, "updated")
}

fn new_value(asked: &Asked) -> Result<Value> {
    match asked.body.get("newValue") {
        object @ Value::Object(_) => Ok(object.clone()),
        _ => Err(Error::bad_parameter("'newValue' must be an object")),
    }
}

fn range(call: &Call<'_>) -> Result<Reply> {
    let mut asked = Asked::read(call)?;
    let Value::String(attribute) = asked.body.get("attribute").clone() else {
        return Err(Error::bad_parameter("'attribute' must be a text"));
    };
    let path = asked.path(&attribute);
    let (left, right) = (asked.body.get("left"), asked.body.get("right"));
    let (left, right) = (left.clone(), right.clone());
    let (left, right) = (asked.bind_next(left), asked.bind_next(right));
    let upper = if asked.flag("closed", false) {
        "<="
    } else {
        "<"
    };
    asked
        .push(&format!(
            " FILTER d{path} >= @{left} && d{path} {upper} @{right} SORT d{path}"
        ))
        .limit()
        .push(" RETURN d")
        .into_cursor(call)
}

/// The selectors of a body's `keys`; identifiers will do.
fn selectors(body: &Value, collection: &Collection) -> Result<Vec<Selector>> {
    let keys = body
        .get("keys")
        .as_array()
        .ok_or_else(|| Error::bad_parameter("'keys' must be an array"))?;
    let parse = |key: &Value| Ok(Selector::parse(collection, key, true)?);
    keys.iter().map(parse).collect()
}

fn lookup_by_keys(call: &Call<'_>) -> Result<Reply> {
    let asked = Asked::read(call)?;
    let collection = call.readable_collection(&asked.collection)?;
    let selectors = selectors(&asked.body, &collection)?;
    let keys: Vec<&[u8]> = selectors.iter().map(|one| one.key.as_bytes()).collect();
    let found = call.read(|txn| txn.get_many(&collection, &keys))?;
    let mut documents = Vec::with_capacity(found.len());
    for document in found.into_iter().flatten() {
        documents.push(document.to_value()?);
    }
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("documents", documents)].into_iter().collect(),
    ))
}

fn remove_by_keys(call: &Call<'_>) -> Result<Reply> {
    let asked = Asked::read(call)?;
    let collection = call.writable_collection(&asked.collection)?;
    let selectors = selectors(&asked.body, &collection)?;
    let options = WriteOptions {
        return_old: asked.flag("returnOld", false) && !asked.flag("silent", true),
        ..WriteOptions::default()
    };
    let results = call.write(|txn| txn.remove(&collection, selectors.clone(), &options))?;
    let (mut removed, mut ignored, mut old) = (0, 0, Vec::new());
    for result in results {
        match result {
            Ok(written) => {
                removed += 1;
                if let Some(document) = written.old {
                    old.push(document.to_value()?);
                }
            }
            Err(_) => ignored += 1,
        }
    }
    let mut object = Object::new();
    object.insert("removed", removed);
    object.insert("ignored", ignored);
    if options.return_old {
        object.insert("old", old);
    }
    Ok(Reply::enveloped(StatusCode::OK, object))
}
