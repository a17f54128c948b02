// `@arangodb/foxx`: the parts of the framework under one name, each loaded when it is asked for.
'use strict';

const { requireBuiltin } = require('../../runtime/builtins.js');

const parts = {
  createRouter: '@arangodb/foxx/router',
  createAuth: '@arangodb/foxx/auth',
  sessions: '@arangodb/foxx/sessions',
};
const exported = {};
for (const [name, module] of Object.entries(parts)) {
  Object.defineProperty(exported, name, { get: () => requireBuiltin(module), enumerable: true });
}

module.exports = exported;
