'use strict';
const { aql, query } = require('@arangodb');

const collection = module.context.collection('entries');

exports.create = function ({ author, text }) {
  const createdAt = new Date().toISOString();
  return shown(collection.save({ author, text, createdAt }, { returnNew: true }).new);
};

exports.read = function (key) {
  return shown(collection.document(key));
};

exports.remove = function (key) {
  collection.remove(key);
};

// The newest first. `total` counts all that match, not only those of this page.
exports.list = function ({ author, offset = 0, limit = 10 } = {}) {
  const filter = author === undefined ? aql`` : aql`FILTER entry.author == ${author}`;
  const entries = query`
    FOR entry IN ${collection}
      ${filter}
      SORT entry.createdAt DESC, entry._key
      LIMIT ${offset}, ${limit}
      RETURN KEEP(entry, "_key", "author", "text", "createdAt")
  `.toArray();
  const total = query`
    FOR entry IN ${collection}
      ${filter}
      COLLECT WITH COUNT INTO length
      RETURN length
  `.next();
  return { total, entries };
};

// How many entries each author left, the busiest first.
exports.countByAuthor = function (limit) {
  return query`
    FOR entry IN ${collection}
      COLLECT author = entry.author WITH COUNT INTO entries
      SORT entries DESC, author
      LIMIT ${limit}
      RETURN { author, entries }
  `.toArray();
};

function shown({ _key, author, text, createdAt }) {
  return { _key, author, text, createdAt };
}
