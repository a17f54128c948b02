// `@arangodb/aql/plan-cache`: the plans that queries asked to be kept.
'use strict';

const state = require('../runtime/state.js');

module.exports = {
  clear() {
    state.ops.planCacheClear();
  },

  toArray: () => state.ops.planCacheList(),
};
