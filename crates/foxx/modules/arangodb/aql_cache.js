// `@arangodb/aql/cache`: the cache of query results, which is off and stays off.
'use strict';

const { makeError } = require('../runtime/errors.js');

const PROPERTIES = {
  mode: 'off',
  maxResults: 128,
  maxResultsSize: 268435456,
  maxEntrySize: 16777216,
  includeSystem: false,
};

module.exports = {
  properties(changes) {
    if (changes !== undefined && changes.mode !== undefined && changes.mode !== 'off') {
      throw makeError(9, 'the cache of query results is not implemented');
    }
    return { ...PROPERTIES };
  },

  clear() {},

  toArray: () => [],
};
