// Document selectors: a key, an `_id`, or an object with `_id` or `_key` and perhaps `_rev`.
'use strict';

const { ArangoError } = require('../runtime/errors.js');

const ERROR_BAD_HANDLE = 1205;
const ERROR_CROSS_COLLECTION = 1213;

function badHandle() {
  return new ArangoError({ errorNum: ERROR_BAD_HANDLE });
}

function splitId(id) {
  const slash = id.indexOf('/');
  if (slash <= 0 || slash === id.length - 1 || id.indexOf('/', slash + 1) !== -1) throw badHandle();
  return { collection: id.slice(0, slash), key: id.slice(slash + 1) };
}

// {key, rev} of a selector that is used with a collection.
function readSelector(collection, selector) {
  if (typeof selector === 'string') return { key: keyOf(collection, selector), rev: undefined };
  if (selector === null || typeof selector !== 'object') throw badHandle();
  const rev = typeof selector._rev === 'string' ? selector._rev : undefined;
  if (selector._id !== undefined) {
    if (typeof selector._id !== 'string') throw badHandle();
    return { key: keyOf(collection, selector._id), rev };
  }
  if (typeof selector._key !== 'string' || selector._key === '') throw badHandle();
  return { key: selector._key, rev };
}

function keyOf(collection, text) {
  if (text === '') throw badHandle();
  if (!text.includes('/')) return text;
  const { collection: name, key } = splitId(text);
  if (name !== collection._name && name !== collection._id) {
    throw new ArangoError({ errorNum: ERROR_CROSS_COLLECTION });
  }
  return key;
}

// {collection, key, rev} of a selector that names its collection.
function readFullSelector(selector) {
  if (typeof selector === 'string') return { ...splitId(selector), rev: undefined };
  if (selector === null || typeof selector !== 'object' || typeof selector._id !== 'string')
    throw badHandle();
  return {
    ...splitId(selector._id),
    rev: typeof selector._rev === 'string' ? selector._rev : undefined,
  };
}

module.exports = { readFullSelector, readSelector };
