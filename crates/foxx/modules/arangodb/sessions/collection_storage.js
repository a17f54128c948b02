// Sessions as documents of a collection.
'use strict';

const state = require('../../runtime/state.js');
const crypto = require('../crypto.js');
const { db } = require('../database.js');

const TTL_DEFAULT_S = 3600;
const KEY_LENGTH = 24;

function readOptions(given) {
  const isCollection =
    given !== null && typeof given === 'object' && given.isArangoCollection === true;
  return typeof given === 'string' || isCollection ? { collection: given } : { ...given };
}

function collectionStorage(given) {
  const options = readOptions(given);
  const { ttl = TTL_DEFAULT_S, pruneExpired = false, autoUpdate = true } = options;
  const collection =
    typeof options.collection === 'string'
      ? db._collection(options.collection)
      : options.collection;
  if (!collection) requireAssert('Session collection must be specified');
  const expiry = () => Math.floor(state.ops.now()) + ttl * 1000;

  return {
    new() {
      return { uid: null, created: Math.floor(state.ops.now()), data: null };
    },

    fromClient(sid) {
      const session = find(collection, sid);
      if (session === undefined) return null;
      if (session.expires < state.ops.now()) {
        if (pruneExpired) collection.remove(session._key, { overwrite: true });
        return null;
      }
      if (autoUpdate) {
        session.expires = expiry();
        collection.update(session._key, { expires: session.expires });
      }
      const { _id, _rev, ...rest } = session;
      return rest;
    },

    forClient: (session) => session._key || null,

    save(session) {
      const { _id, _rev, _key, ...rest } = session;
      const document = { ...rest, expires: expiry() };
      const key = _key || crypto.genRandomAlphaNumbers(KEY_LENGTH);
      collection.insert({ _key: key, ...document }, { overwriteMode: 'replace' });
      return Object.assign(session, { _key: key, expires: document.expires });
    },

    clear(session) {
      if (!session || !session._key || !collection.exists(session._key)) return false;
      collection.remove(session._key);
      return true;
    },

    prune() {
      return db
        ._query(
          'FOR s IN @@collection FILTER s.expires < @now REMOVE s IN @@collection RETURN OLD._key',
          { '@collection': collection.name(), now: state.ops.now() },
        )
        .toArray();
    },
  };
}

function requireAssert(message) {
  require('../../runtime/builtins.js').requireFile('assert').fail(message);
}

// What a client sends may be anything: a malformed key is an unknown session.
function find(collection, sid) {
  if (typeof sid !== 'string' || !/^[A-Za-z0-9_-]{1,254}$/.test(sid)) return undefined;
  return state.ops.documentRead(collection.name(), sid);
}

module.exports = collectionStorage;
