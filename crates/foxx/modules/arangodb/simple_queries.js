// `all`, `byExample` and their family, edges of vertices, and the older index helpers: all built on
// AQL and on the methods of collections.
'use strict';

const { ArangoError } = require('../runtime/errors.js');
const { ArangoCollection, TYPE_EDGE } = require('./collection.js');
const { runQuery } = require('./statement.js');

// The FILTER lines for an example and their bind parameters.
function exampleFilter(example) {
  const bindVars = {};
  const lines = Object.keys(example).map((path, at) => {
    bindVars[`value${at}`] = example[path] === undefined ? null : example[path];
    const parts = path.split('.');
    const attribute = parts.map((part, index) => {
      bindVars[`path${at}_${index}`] = part;
      return `[@path${at}_${index}]`;
    });
    return `FILTER doc${attribute.join('')} == @value${at}`;
  });
  return { text: lines.join(' '), bindVars };
}

// An example as an object, or as alternating paths and values.
function readExample(args) {
  if (args.length > 1 || typeof args[0] === 'string') {
    const example = {};
    for (let at = 0; at + 1 < args.length; at += 2) example[args[at]] = args[at + 1];
    return example;
  }
  const [example] = args;
  if (example === null || typeof example !== 'object' || Array.isArray(example)) {
    throw new ArangoError({ errorNum: 10, errorMessage: 'invalid value for parameter <example>' });
  }
  return example;
}

// What `all` and `byExample` answer: a query that runs when its result is first asked for.
class SimpleQuery {
  constructor(collection, filter) {
    this._collection = collection;
    this._filter = filter;
    this._skip = 0;
    this._limit = undefined;
    this._batchSize = undefined;
    this._cursor = undefined;
  }

  skip(count) {
    this._assertFresh();
    this._skip = count;
    return this;
  }

  limit(count) {
    this._assertFresh();
    this._limit = count;
    return this;
  }

  _assertFresh() {
    if (this._cursor !== undefined)
      throw new ArangoError({ errorNum: 10, errorMessage: 'query already executed' });
  }

  execute(batchSize) {
    if (this._cursor !== undefined) return;
    if (batchSize !== undefined) this._batchSize = batchSize;
    const limit = this._limitText();
    const options = this._batchSize === undefined ? undefined : { batchSize: this._batchSize };
    this._cursor = runQuery(
      `FOR doc IN @@collection ${this._filter.text} ${limit.text} RETURN doc`,
      [
        { '@collection': this._collection.name(), ...this._filter.bindVars, ...limit.bindVars },
        options,
      ],
    );
  }

  _limitText() {
    if (this._limit === undefined && this._skip === 0) return { text: '', bindVars: {} };
    const count =
      this._limit === undefined || this._limit === null ? Number.MAX_SAFE_INTEGER : this._limit;
    return { text: 'LIMIT @skip, @limit', bindVars: { skip: this._skip, limit: count } };
  }

  toArray() {
    this.execute();
    return this._cursor.toArray();
  }

  hasNext() {
    this.execute();
    return this._cursor.hasNext();
  }

  next() {
    this.execute();
    return this._cursor.next();
  }

  forEach(fn, thisArg) {
    this.execute();
    this._cursor.forEach(fn, thisArg);
  }

  map(fn, thisArg) {
    this.execute();
    return this._cursor.map(fn, thisArg);
  }

  count(applyLimit = false) {
    const limit = applyLimit ? this._limitText() : { text: '', bindVars: {} };
    const text = `FOR doc IN @@collection ${this._filter.text} ${limit.text}
      COLLECT WITH COUNT INTO n RETURN n`;
    return runQuery(text, [
      { '@collection': this._collection.name(), ...this._filter.bindVars, ...limit.bindVars },
    ]).next();
  }

  setBatchSize(size) {
    this._batchSize = size;
  }

  getBatchSize() {
    return this._batchSize;
  }

  dispose() {
    if (this._cursor !== undefined) this._cursor.dispose();
    this._cursor = undefined;
  }

  [Symbol.iterator]() {
    this.execute();
    return this._cursor[Symbol.iterator]();
  }
}

// Runs a data modification on the documents that fit an example; answers their number.
function changeByExample(collection, example, limit, tail, extraBind) {
  const filter = exampleFilter(readExample([example]));
  const bindVars = { '@collection': collection.name(), ...filter.bindVars, ...extraBind };
  let limitText = '';
  if (typeof limit === 'number') {
    bindVars.limit = limit;
    limitText = 'LIMIT @limit';
  }
  const text = `FOR doc IN @@collection ${filter.text} ${limitText} ${tail}`;
  return runQuery(text, [bindVars]).getExtra().stats.writesExecuted;
}

// (waitForSync or options, limit) as (options, limit).
function readTail(first, limit) {
  const options =
    first !== null && typeof first === 'object' ? first : { waitForSync: Boolean(first) };
  return { options, limit: limit === undefined ? options.limit : limit };
}

function optionsText({ waitForSync, keepNull, mergeObjects }) {
  const given = { waitForSync: Boolean(waitForSync) };
  if (keepNull !== undefined) given.keepNull = Boolean(keepNull);
  if (mergeObjects !== undefined) given.mergeObjects = Boolean(mergeObjects);
  return `OPTIONS ${JSON.stringify(given)}`;
}

const methods = {
  all() {
    return new SimpleQuery(this, { text: '', bindVars: {} });
  },

  toArray() {
    return this.all().toArray();
  },

  // Calls `fn` with every document and its number, or with about that part of them.
  iterate(fn, { limit, probability } = {}) {
    const bindVars = { '@collection': this.name() };
    let text = 'FOR doc IN @@collection';
    if (typeof probability === 'number' && probability < 1) {
      bindVars.probability = probability;
      text += ' FILTER RAND() < @probability';
    }
    if (typeof limit === 'number') {
      bindVars.limit = limit;
      text += ' LIMIT @limit';
    }
    runQuery(`${text} RETURN doc`, [bindVars]).forEach((document, at) => {
      fn(document, at);
    });
  },

  any() {
    // Going to one of the documents costs less than sorting all of them.
    const offset = Math.floor(Math.random() * this.count());
    const found = runQuery('FOR doc IN @@collection LIMIT @offset, 1 RETURN doc', [
      { '@collection': this.name(), offset },
    ]).next();
    return found === undefined ? null : found;
  },

  byExample(...args) {
    return new SimpleQuery(this, exampleFilter(readExample(args)));
  },

  firstExample(...args) {
    const found = this.byExample(...args)
      .limit(1)
      .next();
    return found === undefined ? null : found;
  },

  removeByExample(example, given, count) {
    const { options, limit } = readTail(given, count);
    return changeByExample(
      this,
      example,
      limit,
      `REMOVE doc IN @@collection ${optionsText(options)}`,
    );
  },

  replaceByExample(example, data, given, count) {
    const { options, limit } = readTail(given, count);
    const tail = `REPLACE doc WITH @data IN @@collection ${optionsText(options)}`;
    return changeByExample(this, example, limit, tail, { data });
  },

  // (example, data, keepNull or options, waitForSync, limit)
  updateByExample(example, data, given, waitForSync, count) {
    const options =
      given !== null && typeof given === 'object' ? given : { keepNull: given, waitForSync };
    const limit = count === undefined ? options.limit : count;
    const tail = `UPDATE doc WITH @data IN @@collection ${optionsText(options)}`;
    return changeByExample(this, example, limit, tail, { data });
  },

  removeByKeys(keys) {
    const results = this.remove(keys.map(String));
    const removed = results.filter((result) => result.error !== true).length;
    return { removed, ignored: results.length - removed };
  },

  edges(vertices) {
    return findEdges(this, vertices, 'doc._from IN @ids OR doc._to IN @ids');
  },

  inEdges(vertices) {
    return findEdges(this, vertices, 'doc._to IN @ids');
  },

  outEdges(vertices) {
    return findEdges(this, vertices, 'doc._from IN @ids');
  },

  ensureHashIndex(...args) {
    return ensureLegacy(this, 'hash', false, args);
  },

  ensureUniqueConstraint(...args) {
    return ensureLegacy(this, 'hash', true, args);
  },

  ensureSkiplist(...args) {
    return ensureLegacy(this, 'skiplist', false, args);
  },

  ensureUniqueSkiplist(...args) {
    return ensureLegacy(this, 'skiplist', true, args);
  },

  ensureFulltextIndex(field, minLength) {
    const fields = Array.isArray(field) ? field : [field];
    return this.ensureIndex({ type: 'fulltext', fields, minLength });
  },

  // (location, geoJson?) or (latitude, longitude)
  ensureGeoIndex(first, second) {
    if (typeof second === 'string') {
      return this.ensureIndex({ type: 'geo', fields: [first, second], geoJson: false });
    }
    return this.ensureIndex({ type: 'geo', fields: [first], geoJson: Boolean(second) });
  },

  ensureGeoConstraint(...args) {
    return this.ensureGeoIndex(...args);
  },
};

function findEdges(collection, vertices, condition) {
  if (collection.type() !== TYPE_EDGE) throw new ArangoError({ errorNum: 1218 });
  const list = Array.isArray(vertices) ? vertices : [vertices];
  const ids = list.map((vertex) => (typeof vertex === 'string' ? vertex : vertex._id));
  return runQuery(`FOR doc IN @@collection FILTER ${condition} RETURN doc`, [
    { '@collection': collection.name(), ids },
  ]).toArray();
}

function ensureLegacy(collection, type, unique, args) {
  const last = args[args.length - 1];
  const options = last !== null && typeof last === 'object' ? last : {};
  const fields = args.filter((field) => typeof field === 'string');
  return collection.ensureIndex({ type, unique, sparse: Boolean(options.sparse), fields });
}

for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(ArangoCollection.prototype, name, {
    value,
    writable: true,
    configurable: true,
  });
}

module.exports = { SimpleQuery };
