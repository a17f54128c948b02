// `@arangodb/aql/cache`: results of queries that are kept.
'use strict';

const state = require('../runtime/state.js');

module.exports = {
  properties: (changes) =>
    state.ops.resultCacheProperties(changes === undefined ? undefined : JSON.stringify(changes)),

  clear() {
    state.ops.resultCacheClear();
  },

  toArray: () => state.ops.resultCacheList(),
};
