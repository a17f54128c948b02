// `db._createTransaction`: a transaction that is used call by call. It lives as long as the request
// that began it.
'use strict';

const state = require('../runtime/state.js');
const { ArangoError, textOf } = require('../runtime/errors.js');
const { beginOptions } = require('./transaction.js');

const ERROR_COMMITTED = 1653;
const ERROR_ABORTED = 1654;

// What a collection offers inside of a transaction.
const METHODS = [
  'count',
  'document',
  'exists',
  'insert',
  'remove',
  'replace',
  'save',
  'truncate',
  'update',
];

class TransactionCollection {
  constructor(transaction, collection) {
    for (const method of METHODS) {
      this[method] = (...args) => transaction._within(() => collection[method](...args));
    }
    this.name = () => collection.name();
  }
}

class ArangoTransaction {
  constructor(db, options) {
    if (options === null || typeof options !== 'object') {
      throw new ArangoError({ errorNum: 10, errorMessage: 'missing/invalid transaction options' });
    }
    const { collections, ...others } = options;
    this._db = db;
    this._id = state.ops.streamBegin(beginOptions(others, collections));
    this._status = 'running';
  }

  id() {
    return this._id;
  }

  status() {
    return { id: this._id, status: this._status };
  }

  running() {
    return this._status === 'running';
  }

  collection(given) {
    const name = given !== null && typeof given === 'object' ? given.name() : given;
    const collection = this._db._collection(name);
    if (collection === null) {
      throw new ArangoError({ errorNum: 1203, errorMessage: `${textOf(1203)}: ${name}` });
    }
    return new TransactionCollection(this, collection);
  }

  query(...args) {
    return this._within(() => this._db._query(...args));
  }

  commit() {
    return this._end('committed', state.ops.streamCommit);
  }

  abort() {
    return this._end('aborted', state.ops.streamAbort);
  }

  _end(status, op) {
    if (this.running()) {
      // A commit that fails has aborted it.
      this._status = 'aborted';
      op(this._id);
      this._status = status;
    }
    if (this._status !== status) throw this._ended(ERROR_COMMITTED);
    return this.status();
  }

  _within(work) {
    if (!this.running()) {
      throw this._ended(this._status === 'committed' ? ERROR_COMMITTED : ERROR_ABORTED);
    }
    state.ops.streamEnter(this._id);
    try {
      return work();
    } finally {
      state.ops.streamLeave(this._id);
    }
  }

  _ended(errorNum) {
    const errorMessage = `${textOf(errorNum)}: transaction ${this._id} is ${this._status}`;
    return new ArangoError({ errorNum, errorMessage });
  }

  toString() {
    return `[ArangoTransaction ${this._id}]`;
  }

  toJSON() {
    return this.toString();
  }
}

module.exports = { ArangoTransaction };
