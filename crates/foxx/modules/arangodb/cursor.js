// Results of queries: batches from the host, handed out one by one.
'use strict';

const state = require('../runtime/state.js');

class ArangoQueryCursor {
  constructor(first, stream = false) {
    this._documents = first.result;
    hideAll(this, {
      _at: 0,
      // Number of documents in batches that have been let go.
      _earlier: 0,
      _id: first.id,
      _hasMore: first.hasMore === true,
      _count: first.count,
      _cached: first.cached === true,
      _extra: first.extra,
      _stream: stream,
    });
  }

  get data() {
    this._readAll();
    return this._documents;
  }

  hasNext() {
    if (this._at < this._documents.length) return true;
    while (this._hasMore) {
      this._readBatch();
      if (this._at < this._documents.length) return true;
    }
    return false;
  }

  next() {
    if (!this.hasNext()) return undefined;
    const value = this._documents[this._at];
    this._at += 1;
    return value;
  }

  toArray() {
    this._readAll();
    const rest = this._at === 0 ? this._documents.slice() : this._documents.slice(this._at);
    this._at = this._documents.length;
    return rest;
  }

  forEach(fn, thisArg) {
    let index = 0;
    while (this.hasNext()) {
      fn.call(thisArg, this.next(), index, this);
      index += 1;
    }
  }

  each(fn) {
    this.forEach((value) => fn(value));
  }

  map(fn, thisArg) {
    const mapped = [];
    this.forEach((value, index) => mapped.push(fn.call(thisArg, value, index, this)));
    return mapped;
  }

  all() {
    return this.toArray();
  }

  count() {
    if (this._count !== undefined) return this._count;
    this._readAll();
    return this._earlier + this._documents.length;
  }

  getExtra() {
    // What a query did is known when all its rows are there.
    if (this._extra === undefined && !this._stream) this._readAll();
    if (typeof this._extra === 'string') this._extra = JSON.parse(this._extra);
    return this._extra === undefined ? {} : this._extra;
  }

  getBatchSize() {
    return this._batchSize;
  }

  setBatchSize(size) {
    hideAll(this, { _batchSize: size });
  }

  execute() {}

  dispose() {
    if (this._hasMore) state.ops.cursorClose(this._id);
    this._hasMore = false;
    this._documents = [];
    this._at = 0;
  }

  _readBatch() {
    const batch = state.ops.cursorNext(this._id);
    // Batches are appended while something of the earlier ones is unread, so that `_documents`
    // stays whole.
    if (this._at >= this._documents.length) {
      this._earlier += this._documents.length;
      this._documents = batch.result;
      this._at = 0;
    } else this._documents = this._documents.concat(batch.result);
    this._hasMore = batch.hasMore === true;
    if (batch.extra !== undefined) this._extra = batch.extra;
  }

  _readAll() {
    while (this._hasMore) this._readBatch();
  }

  toString() {
    const count = this._count === undefined ? this._documents.length : this._count;
    const facts = [`count: ${count}`, `cached: ${this._cached}`, `hasMore: ${this._hasMore}`];
    return `[object ArangoQueryCursor, ${facts.join(', ')}]`;
  }

  toJSON() {
    return { _documents: this._documents };
  }

  *[Symbol.iterator]() {
    while (this.hasNext()) yield this.next();
  }
}

function hideAll(object, values) {
  for (const [key, value] of Object.entries(values)) {
    Object.defineProperty(object, key, { value, writable: true, configurable: true });
  }
}

module.exports = { ArangoQueryCursor };
