// The `db` object: methods whose names begin with `_`, and the collections by their names.
'use strict';

const state = require('../runtime/state.js');
const { ArangoError } = require('../runtime/errors.js');
const { ArangoCollection, TYPE_DOCUMENT, TYPE_EDGE } = require('./collection.js');
const { readFullSelector } = require('./selector.js');
const { ArangoStatement, readArguments, runQuery } = require('./statement.js');
const explainer = require('./explainer.js');
const { executeTransaction } = require('./transaction.js');
const { ArangoTransaction } = require('./stream_transaction.js');
require('./simple_queries.js');

class ArangoDatabase {
  _name() {
    return state.ops.databaseInfo().name;
  }

  _id() {
    return state.ops.databaseInfo().id;
  }

  _isSystem() {
    return state.ops.databaseInfo().isSystem;
  }

  _path() {
    return state.ops.databaseInfo().path;
  }

  _properties() {
    const { id, name, isSystem, path } = state.ops.databaseInfo();
    return { id, name, isSystem, path, sharding: '', replicationFactor: 1, writeConcern: 1 };
  }

  _version(details) {
    const { version } = state.init;
    if (!details) return version;
    return { server: 'arango', license: 'community', version, details: {} };
  }

  _engine() {
    return {
      // Callers decide by it what they may use.
      name: 'rocksdb',
      supports: {
        indexes: ['primary', 'edge', 'hash', 'skiplist', 'ttl', 'persistent'],
        aliases: { indexes: { skiplist: 'persistent', hash: 'persistent' } },
      },
    };
  }

  _engineStats() {
    return {};
  }

  _compact() {}

  _databases() {
    return state.ops.databaseList();
  }

  _createDatabase(name, options, users) {
    state.ops.databaseCreate(String(name), toJson(options), toJson(users));
    return true;
  }

  _dropDatabase(name) {
    state.ops.databaseDrop(String(name));
    return true;
  }

  _useDatabase(name) {
    state.ops.databaseUse(String(name));
    return this;
  }

  _collection(nameOrId) {
    if (typeof nameOrId !== 'string' && typeof nameOrId !== 'number') return null;
    const info = state.ops.collectionFind(String(nameOrId));
    return info === undefined ? null : new ArangoCollection(info);
  }

  _collections() {
    return state.ops.collectionList().map((info) => new ArangoCollection(info));
  }

  // (name, properties?, type?, options?); the type may also stand in the place of the properties.
  _create(name, properties, type, options) {
    const isEdge = type === 'edge' || type === TYPE_EDGE || properties === 'edge';
    return createCollection(name, isEdge ? TYPE_EDGE : TYPE_DOCUMENT, properties, options);
  }

  _createDocumentCollection(name, properties, options) {
    return createCollection(name, TYPE_DOCUMENT, properties, options);
  }

  _createEdgeCollection(name, properties, options) {
    return createCollection(name, TYPE_EDGE, properties, options);
  }

  _drop(given, options) {
    const name = collectionName(given);
    const info = name === undefined ? undefined : state.ops.collectionFind(name);
    if (info !== undefined)
      state.ops.collectionDrop(info.name, Boolean(options && options.isSystem));
  }

  _truncate(given) {
    const name = collectionName(given);
    const info = name === undefined ? undefined : state.ops.collectionFind(name);
    if (info !== undefined) state.ops.collectionTruncate(info.name);
  }

  _document(selector) {
    return collectionOf(selector).document(selector);
  }

  _exists(selector) {
    return collectionOf(selector).exists(selector);
  }

  _update(selector, data, options) {
    return collectionOf(selector).update(selector, data, options);
  }

  _replace(selector, data, options) {
    return collectionOf(selector).replace(selector, data, options);
  }

  _remove(selector, options) {
    return collectionOf(selector).remove(selector, options);
  }

  _view() {
    return null;
  }

  _views() {
    return [];
  }

  _createView() {
    throw new ArangoError({ errorNum: 9, errorMessage: 'views are not implemented' });
  }

  _dropView() {}

  _index(id) {
    const [name] = String(id).split('/');
    const collection = this._collection(name);
    const index = collection === null ? null : collection.index(String(id));
    return index === null ? null : { ...index, code: 200 };
  }

  _dropIndex(given) {
    const id = given !== null && typeof given === 'object' ? given.id : given;
    const collection = this._collection(String(id).split('/')[0]);
    if (collection === null) throw new ArangoError({ errorNum: 1203 });
    return collection.dropIndex(id);
  }

  _query(query, ...args) {
    return runQuery(query, args);
  }

  _createStatement(given) {
    return new ArangoStatement(given);
  }

  _parse(query) {
    const text = query !== null && typeof query === 'object' ? query.query : String(query);
    return { code: 200, ...state.ops.queryParse(text) };
  }

  _explain(query, ...args) {
    explainer.explain(statementOf(query, args));
  }

  _profileQuery(query, ...args) {
    explainer.profileQuery(statementOf(query, args));
  }

  _executeTransaction(options) {
    return executeTransaction(options);
  }

  _createTransaction(options) {
    return new ArangoTransaction(this, options);
  }

  toString() {
    return `[ArangoDatabase "${this._name()}"]`;
  }

  toJSON() {
    return this.toString();
  }
}

// There are no views yet, but services ask whether something is one.
class ArangoView {}

// A query and what follows it as one object.
function statementOf(query, args) {
  const { text, bindVars, options } = readArguments(query, args);
  return { query: text, bindVars, options };
}

function toJson(value) {
  return value === undefined || value === null ? undefined : JSON.stringify(value);
}

function createCollection(name, type, properties, options) {
  if (typeof name !== 'string') throw new ArangoError({ errorNum: 1208 });
  if (properties === false || typeof properties === 'number' || Array.isArray(properties)) {
    throw new ArangoError({ errorNum: 10, errorMessage: 'properties must be an object' });
  }
  const given = properties !== null && typeof properties === 'object' ? properties : {};
  const more = options !== null && typeof options === 'object' ? options : {};
  const json = JSON.stringify({ ...given, ...more });
  return new ArangoCollection(state.ops.collectionCreate(name, type, json));
}

function collectionName(given) {
  if (given !== null && typeof given === 'object' && given.isArangoCollection === true)
    return given.name();
  return typeof given === 'string' || typeof given === 'number' ? String(given) : undefined;
}

function collectionOf(selector) {
  const { collection } = readFullSelector(selector);
  const info = state.ops.collectionFind(collection);
  if (info === undefined) {
    throw new ArangoError({
      errorNum: 1203,
      errorMessage: `collection or view not found: ${collection}`,
    });
  }
  return new ArangoCollection(info);
}

const RESERVED = new Set([
  'then',
  'constructor',
  'prototype',
  'inspect',
  'isArangoCollection',
  'toAQL',
]);

// `db.name` is the collection of that name, unless the name is a method.
const db = new Proxy(new ArangoDatabase(), {
  get(target, name) {
    if (typeof name === 'symbol' || name in target || RESERVED.has(name)) return target[name];
    const collection = target._collection(name);
    return collection === null ? undefined : collection;
  },
});

module.exports = { ArangoDatabase, ArangoView, db };
