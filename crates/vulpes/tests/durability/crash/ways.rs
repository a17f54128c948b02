//! The ways in which several changes of documents can be asked for at once.

use serde_json::{Value, json};

use crate::process::Client;

/// A change of one document.
pub enum Op {
    Insert(&'static str, String, Value),
    Replace(&'static str, String, Value),
    Remove(&'static str, String),
}

impl Op {
    pub fn collection(&self) -> &'static str {
        match self {
            Self::Insert(collection, ..)
            | Self::Replace(collection, ..)
            | Self::Remove(collection, _) => collection,
        }
    }

    /// The document with its key, as the HTTP interface wants it.
    pub fn to_document(&self) -> Value {
        match self {
            Self::Insert(_, key, document) | Self::Replace(_, key, document) => {
                let mut document = document.clone();
                document["_key"] = json!(key);
                document
            }
            Self::Remove(_, key) => json!({"_key": key}),
        }
    }

    /// As the code below wants it.
    pub fn to_json(&self) -> Value {
        let kind = match self {
            Self::Insert(..) => "insert",
            Self::Replace(..) => "replace",
            Self::Remove(..) => "remove",
        };
        json!({"kind": kind, "collection": self.collection(), "document": self.to_document()})
    }
}

pub fn to_json(ops: &[Op]) -> Value {
    Value::Array(ops.iter().map(Op::to_json).collect())
}

/// A service that carries changes out.
const SERVICE: &str = r"
'use strict';
const createRouter = require('@arangodb/foxx/router');
const db = require('@arangodb').db;
const router = createRouter();
module.context.use(router);

function apply (op) {
  const collection = db._collection(op.collection);
  switch (op.kind) {
    case 'insert': return collection.insert(op.document);
    case 'replace': return collection.replace(op.document._key, op.document);
    default: return collection.remove(op.document._key);
  }
}

router.post('/one', (req, res) => {
  apply(req.body);
  res.json({done: true});
}).body(['json']);

router.post('/all', (req, res) => {
  const ops = req.body.ops;
  db._executeTransaction({
    collections: {write: ['items', 'mirror']},
    action: () => ops.forEach(apply)
  });
  res.json({done: true});
}).body(['json']);

router.post('/query', (req, res) => {
  db._query(req.body.query, req.body.bindVars);
  res.json({done: true});
}).body(['json']);
";

const JAVASCRIPT: &str = "function (ops) {
  const db = require('@arangodb').db;
  for (const op of ops) {
    const collection = db._collection(op.collection);
    if (op.kind === 'insert') collection.insert(op.document);
    else if (op.kind === 'replace') collection.replace(op.document._key, op.document);
    else collection.remove(op.document._key);
  }
}";

pub fn install(client: &Client) -> Result<(), String> {
    let answer = send_install(client, "POST", "/_api/foxx?mount=/crash", SERVICE);
    match answer? {
        (..300, _) => Ok(()),
        (status, answer) => Err(format!("install: {status} {answer}")),
    }
}

/// Sends a service in one file.
pub fn send_install(
    client: &Client,
    method: &str,
    path: &str,
    service: &str,
) -> Result<(u16, Value), String> {
    let headers = [("content-type", "application/javascript")];
    client.send_with(method, path, &headers, service.to_owned())
}

pub fn send_javascript(client: &Client, ops: &[Op]) -> Result<(u16, Value), String> {
    let body = json!({
        "collections": {"write": ["items", "mirror"]},
        "action": JAVASCRIPT,
        "params": to_json(ops),
    });
    client.send("POST", "/_api/transaction", &body)
}

/// All or nothing, inserts and replacements.
pub fn send_import(client: &Client, collection: &str, ops: &[Op]) -> Result<(u16, Value), String> {
    let rows: Vec<String> = ops.iter().map(|op| op.to_document().to_string()).collect();
    let path = format!(
        "/_api/import?collection={collection}&type=documents&complete=true&onDuplicate=replace"
    );
    let headers = [("content-type", "application/json")];
    client.send_with("POST", &path, &headers, rows.join("\n"))
}

/// How far a stream transaction came.
pub enum Begun {
    /// Everything was written in it; it has this id.
    Ready(String),
    /// Something else was in the way; it was aborted.
    Refused,
    Unanswered,
}

/// Begins a stream transaction and writes in it. Errors: an answer that must not be.
pub fn prepare_stream(client: &Client, ops: &[Op]) -> Result<Begun, String> {
    let body = json!({"collections": {"write": ["items", "mirror"]}});
    let Ok((status, answer)) = client.send("POST", "/_api/transaction/begin", &body) else {
        return Ok(Begun::Unanswered);
    };
    let Some(id) = answer["result"]["id"].as_str().map(str::to_owned) else {
        return Err(format!("begin: {status} {answer}"));
    };
    for op in ops {
        let headers = [
            ("content-type", "application/json"),
            ("x-arango-trx-id", id.as_str()),
        ];
        let collection = op.collection();
        let (method, path) = match op {
            Op::Insert(..) => ("POST", format!("/_api/document/{collection}")),
            Op::Replace(_, key, _) => ("PUT", format!("/_api/document/{collection}/{key}")),
            Op::Remove(_, key) => ("DELETE", format!("/_api/document/{collection}/{key}")),
        };
        let body = op.to_document().to_string();
        match client.send_with(method, &path, &headers, body) {
            Err(_) => return Ok(Begun::Unanswered),
            Ok((..300, _)) => {}
            Ok((_, answer)) if answer["errorNum"] == 1200 => {
                return Ok(match abort_stream(client, &id)? {
                    true => Begun::Refused,
                    false => Begun::Unanswered,
                });
            }
            Ok((status, answer)) => return Err(format!("{method} {path}: {status} {answer}")),
        }
    }
    Ok(Begun::Ready(id))
}

/// Ends a stream transaction without a trace; false if there was no answer.
pub fn abort_stream(client: &Client, id: &str) -> Result<bool, String> {
    match client.send("DELETE", &format!("/_api/transaction/{id}"), &Value::Null) {
        Err(_) => Ok(false),
        Ok((..300, _)) => Ok(true),
        Ok((status, answer)) => Err(format!("abort: {status} {answer}")),
    }
}
