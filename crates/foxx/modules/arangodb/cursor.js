// Results of queries: batches from the host, handed out one by one.
'use strict';

const state = require('../runtime/state.js');

class ArangoQueryCursor {
  // Private rather than hidden: a query of one document must not pay for nine property
  // descriptors.
  #at = 0;
  // Number of documents in batches that have been let go.
  #earlier = 0;
  #id;
  #hasMore;
  #count;
  #cached;
  #extra;
  #stream;
  #batchSize;

  constructor(first, stream = false) {
    this._documents = first.result;
    this.#id = first.id;
    this.#hasMore = first.hasMore === true;
    this.#count = first.count;
    this.#cached = first.cached === true;
    this.#extra = first.extra;
    this.#stream = stream;
  }

  get data() {
    this._readAll();
    return this._documents;
  }

  hasNext() {
    if (this.#at < this._documents.length) return true;
    while (this.#hasMore) {
      this._readBatch();
      if (this.#at < this._documents.length) return true;
    }
    return false;
  }

  next() {
    if (!this.hasNext()) return undefined;
    const value = this._documents[this.#at];
    this.#at += 1;
    return value;
  }

  toArray() {
    this._readAll();
    const rest = this.#at === 0 ? this._documents.slice() : this._documents.slice(this.#at);
    this.#at = this._documents.length;
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
    if (this.#count !== undefined) return this.#count;
    this._readAll();
    return this.#earlier + this._documents.length;
  }

  getExtra() {
    // What a query did is known when all its rows are there.
    if (this.#extra === undefined && !this.#stream) this._readAll();
    if (typeof this.#extra === 'string') this.#extra = JSON.parse(this.#extra);
    return this.#extra === undefined ? {} : this.#extra;
  }

  getBatchSize() {
    return this.#batchSize;
  }

  setBatchSize(size) {
    this.#batchSize = size;
  }

  execute() {}

  dispose() {
    if (this.#hasMore) state.ops.cursorClose(this.#id);
    this.#hasMore = false;
    this._documents = [];
    this.#at = 0;
  }

  _readBatch() {
    const batch = state.ops.cursorNext(this.#id);
    // Batches are appended while something of the earlier ones is unread, so that `_documents`
    // stays whole.
    if (this.#at >= this._documents.length) {
      this.#earlier += this._documents.length;
      this._documents = batch.result;
      this.#at = 0;
    } else this._documents = this._documents.concat(batch.result);
    this.#hasMore = batch.hasMore === true;
    if (batch.extra !== undefined) this.#extra = batch.extra;
  }

  _readAll() {
    while (this.#hasMore) this._readBatch();
  }

  toString() {
    const count = this.#count === undefined ? this._documents.length : this.#count;
    const facts = [`count: ${count}`, `cached: ${this.#cached}`, `hasMore: ${this.#hasMore}`];
    return `[object ArangoQueryCursor, ${facts.join(', ')}]`;
  }

  toJSON() {
    return { _documents: this._documents };
  }

  *[Symbol.iterator]() {
    while (this.hasNext()) yield this.next();
  }
}

module.exports = { ArangoQueryCursor };
