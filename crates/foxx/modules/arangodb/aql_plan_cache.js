// `@arangodb/aql/plan-cache`: every plan is kept, whoever asks for it.
'use strict';

const state = require('../runtime/state.js');
const { makeError } = require('../runtime/errors.js');

module.exports = {
  clear() {
    state.ops.planCacheClear();
  },

  toArray() {
    throw makeError(9, '@arangodb/aql/plan-cache: toArray is not implemented');
  },
};
