// `@arangodb`.
'use strict';

const state = require('../runtime/state.js');
const { requireFile } = require('../runtime/builtins.js');
const { ArangoError, errorsByName } = require('../runtime/errors.js');
const { aql } = require('./aql.js');
const { ArangoCollection } = require('./collection.js');
const { ArangoDatabase, ArangoView, db } = require('./database.js');
const { ArangoStatement } = require('./statement.js');

// A template tag, or with options a function that makes one.
function query(strings, ...values) {
  if (Array.isArray(strings)) return db._query(aql(strings, ...values));
  return (parts, ...partValues) => db._query(aql(parts, ...partValues), strings);
}

const errors = errorsByName();

const exported = {
  ArangoCollection,
  ArangoDatabase,
  ArangoError,
  ArangoStatement,
  ArangoView,
  aql,
  db,
  errors,
  inspect: (...args) => requireFile('util').inspect(...args),
  print: (...args) => globalThis.print(...args),
  query,
  time: () => state.ops.now() / 1000,
};

// Every number is also found by its name on the module itself.
for (const name of Object.keys(errors)) exported[name] = errors[name].code;

module.exports = exported;
