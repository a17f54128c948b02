// `@arangodb/aql/functions`: functions of queries that are written in JavaScript.
'use strict';

const state = require('../runtime/state.js');

module.exports = {
  register: (name, code, isDeterministic = false) =>
    state.ops.functionRegister(String(name), String(code), Boolean(isDeterministic)),

  unregister(name) {
    state.ops.functionUnregister(String(name));
  },

  unregisterGroup: (namespace) => state.ops.functionUnregisterGroup(String(namespace)),

  toArray: (namespace) =>
    state.ops.functionList(
      namespace === undefined || namespace === null ? undefined : String(namespace),
    ),
};
