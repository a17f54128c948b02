// AQL queries: what `db._query` and `db._createStatement` share.
'use strict';

const state = require('../runtime/state.js');
const { ArangoError } = require('../runtime/errors.js');
const { ArangoQueryCursor } = require('./cursor.js');

// (query, bindVars?, options?, more?) or ({query, bindVars, options}, options?, more?).
function readArguments(query, args) {
  if (query !== null && typeof query === 'object' && typeof query.toAQL !== 'function') {
    const { query: text, bindVars, options, ...own } = query;
    return { text: textOf(text), bindVars, options: merge(own, options, args[0], args[1]) };
  }
  return { text: textOf(query), bindVars: args[0], options: merge(args[1], args[2]) };
}

function textOf(query) {
  // Query builders and literals.
  if (query !== null && typeof query === 'object' && typeof query.toAQL === 'function')
    return query.toAQL();
  if (typeof query !== 'string')
    throw new ArangoError({ errorNum: 10, errorMessage: 'query must be a string' });
  return query;
}

function merge(...options) {
  let merged;
  for (const item of options) {
    if (item === null || typeof item !== 'object') continue;
    merged = merged === undefined ? { ...item } : Object.assign(merged, item);
  }
  return merged;
}

function toJsonOption(value) {
  return value === undefined || value === null || Object.keys(value).length === 0
    ? undefined
    : JSON.stringify(value);
}

function bindJson(bindVars) {
  if (bindVars === undefined || bindVars === null) return undefined;
  if (typeof bindVars !== 'object') {
    throw new ArangoError({ errorNum: 1550, errorMessage: 'invalid structure of bind parameters' });
  }
  for (const key of Object.keys(bindVars)) {
    const value = bindVars[key];
    if (value !== null && typeof value === 'object' && value.isArangoCollection === true) {
      throw new ArangoError({
        errorNum: 10,
        errorMessage: `bad parameter: collection as bind value '${key}'`,
      });
    }
  }
  return toJsonOption(bindVars);
}

function runQuery(query, args) {
  const { text, bindVars, options } = readArguments(query, args);
  const first = state.ops.queryRun(text, bindJson(bindVars), toJsonOption(options));
  return new ArangoQueryCursor(first, options !== undefined && options.stream === true);
}

function explainQuery(query, args) {
  const { text, bindVars, options } = readArguments(query, args);
  return state.ops.queryExplain(text, bindJson(bindVars), toJsonOption(options));
}

class ArangoStatement {
  constructor(given) {
    const { text, bindVars, options } = readArguments(given, []);
    this._text = text;
    this._bindVars = { ...bindVars };
    this._options = options === undefined ? {} : options;
  }

  bind(name, value) {
    if (name !== null && typeof name === 'object') Object.assign(this._bindVars, name);
    else this._bindVars[name] = value;
    return this;
  }

  setBatchSize(size) {
    this._options.batchSize = size;
  }

  getBatchSize() {
    return this._options.batchSize;
  }

  setCount(flag) {
    this._options.count = Boolean(flag);
  }

  getCount() {
    return this._options.count;
  }

  getBindVariables() {
    return this._bindVars;
  }

  getQuery() {
    return this._text;
  }

  setOptions(options) {
    Object.assign(this._options, options);
  }

  getOptions() {
    return this._options;
  }

  parse() {
    const { bindVars, collections, ast, parameters } = state.ops.queryParse(this._text);
    return { bindVars, collections, ast, parameters };
  }

  explain(options) {
    return explainQuery(this._text, [this._bindVars, { ...this._options, ...options }]);
  }

  execute() {
    return runQuery(this._text, [this._bindVars, this._options]);
  }

  toString() {
    return '[object ArangoStatement]';
  }
}

module.exports = { ArangoStatement, explainQuery, readArguments, runQuery };
