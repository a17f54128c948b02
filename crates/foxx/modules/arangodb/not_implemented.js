// Documented modules that are not there yet. Many services load one at their top and use it in few
// places: loading works, and a call fails with the number of what is not implemented.
'use strict';

const { makeError } = require('../runtime/errors.js');

// The functions of each module; `null` if the module is itself a function.
const MODULES = {
  '@arangodb/analyzers': ['analyzer', 'remove', 'save', 'toArray'],
  '@arangodb/foxx/graphql': null,
  '@arangodb/foxx/oauth1': null,
  '@arangodb/foxx/oauth2': null,
  '@arangodb/foxx/queues': ['create', 'delete', 'get'],
  '@arangodb/general-graph': [
    '_create',
    '_drop',
    '_edgeDefinitions',
    '_exists',
    '_extendEdgeDefinitions',
    '_graph',
    '_list',
    '_listObjects',
    '_relation',
  ],
  '@arangodb/tasks': ['get', 'register', 'unregister'],
};

function refusal(what) {
  return () => {
    throw makeError(9, `${what} is not implemented`);
  };
}

function exportsOf(module) {
  const names = MODULES[module];
  if (names === null) return refusal(module);
  return Object.fromEntries(names.map((name) => [name, refusal(`${module}: ${name}`)]));
}

module.exports = { NAMES: Object.keys(MODULES), exportsOf };
