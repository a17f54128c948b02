// The built-in modules by name. Ours are part of the runtime script; the others (npm packages and
// polyfills) are files that the host hands out, evaluated at their first `require`.
'use strict';

const state = require('./state.js');
const { makeModuleError } = require('./errors.js');
const notImplemented = require('../arangodb/not_implemented.js');

const OWN = {
  '@arangodb': () => require('../arangodb/index.js'),
  '@arangodb/actions': () => require('../arangodb/actions.js'),
  '@arangodb/aql/cache': () => require('../arangodb/aql_cache.js'),
  '@arangodb/aql/explainer': () => require('../arangodb/explainer.js'),
  '@arangodb/aql/functions': () => require('../arangodb/aql_functions.js'),
  '@arangodb/aql/plan-cache': () => require('../arangodb/aql_plan_cache.js'),
  '@arangodb/aql/queries': () => require('../arangodb/aql_queries.js'),
  '@arangodb/crypto': () => require('../arangodb/crypto.js'),
  '@arangodb/foxx': () => require('../arangodb/foxx/index.js'),
  '@arangodb/foxx/auth': () => require('../arangodb/foxx/auth.js'),
  '@arangodb/foxx/router': () => require('../framework/router.js').createRouter,
  '@arangodb/foxx/sessions': () => require('../arangodb/sessions/index.js'),
  '@arangodb/foxx/sessions/storages/collection': () =>
    require('../arangodb/sessions/collection_storage.js'),
  '@arangodb/foxx/sessions/storages/jwt': () => require('../arangodb/sessions/jwt_storage.js'),
  '@arangodb/foxx/sessions/transports/cookie': () =>
    require('../arangodb/sessions/cookie_transport.js'),
  '@arangodb/foxx/sessions/transports/header': () =>
    require('../arangodb/sessions/header_transport.js'),
  // Differs per requiring service, so the loader answers it; listed to make the name resolve.
  '@arangodb/locals': () => undefined,
  '@arangodb/users': () => require('../arangodb/users.js'),
  '@arangodb/request': () => require('../arangodb/request.js'),
  console: () => globalThis.console,
  crypto: () => require('../node/crypto.js'),
  fs: () => require('../node/fs.js'),
  internal: () => require('../arangodb/internal.js'),
  module: () => require('./loader.js').Module,
  net: () => require('../node/net.js'),
  path: () => requireFile('path'),
  process: () => globalThis.process,
  timers: () => require('../node/timers.js'),
  tty: () => require('../node/tty.js'),
  vm: () => require('../node/vm.js'),
};

for (const name of notImplemented.NAMES) OWN[name] = () => notImplemented.exportsOf(name);

// For bundled packages only: they name these modules but hardly use them. Services must not see
// them.
const PRIVATE = {
  os: () => ({ EOL: '\n' }),
};

const exportsByName = new Map();

function has(name) {
  return Object.prototype.hasOwnProperty.call(OWN, name);
}

// The name under which a built-in is known, or `undefined`.
function canonicalName(id) {
  let name = id;
  if (name.startsWith('node:')) name = name.slice(5);
  else if (name === 'org/arangodb' || name.startsWith('org/arangodb/')) {
    name = `@arangodb${name.slice('org/arangodb'.length)}`;
  }
  if (name.endsWith('/') && name.length > 1) name = name.slice(0, -1);
  // A leading underscore marks what only the framework itself may use.
  if (!/^[@a-z]/i.test(name)) return undefined;
  if (has(name) || exportsByName.has(name)) return name;
  if (sourceOf(name) !== undefined) return name;
  const single = findLodashFunction(name);
  if (single === undefined) return undefined;
  exportsByName.set(name, single);
  return name;
}

// Folders inside packages are files whose name has `__` for the slash: `lodash/fp` is `lodash__fp`.
function sourceOf(name) {
  if (!/^[a-z_][\w.-]*(\/[\w.-]+)*$/i.test(name)) return undefined;
  return state.ops.builtinSource(name.replaceAll('/', '__'));
}

// Single functions of lodash are modules of their own in its package: `lodash/get`.
function findLodashFunction(name) {
  const match = /^lodash\/(\w+)$/.exec(name);
  if (match === null) return undefined;
  const found = requireFile('lodash')[match[1]];
  return typeof found === 'function' ? found : undefined;
}

function requireBuiltin(name) {
  if (exportsByName.has(name)) return exportsByName.get(name);
  if (has(name)) {
    const exports = OWN[name]();
    exportsByName.set(name, exports);
    return exports;
  }
  return requireFile(name);
}

// What packages that are evaluated from a file get as their `require`.
function requirePrivate(id) {
  if (Object.prototype.hasOwnProperty.call(PRIVATE, id)) {
    if (!exportsByName.has(`private:${id}`)) exportsByName.set(`private:${id}`, PRIVATE[id]());
    return exportsByName.get(`private:${id}`);
  }
  return requireBuiltinByName(id);
}

// The `require` of code that belongs to no file.
function requireBuiltinByName(id) {
  const name = canonicalName(String(id));
  if (name === undefined) throw makeModuleError(3100, [`Module: ${id}`]);
  return requireBuiltin(name);
}

function requireFile(name) {
  if (exportsByName.has(name)) return exportsByName.get(name);
  const source = sourceOf(name);
  if (source === undefined) throw makeModuleError(3100, [`Module: ${name}`]);
  const module = { exports: {}, id: name, filename: name, loaded: false };
  const run = state.ops.evaluate(
    `(function (exports, require, module) {${source}\n})`,
    `builtin:${name}`,
  );
  exportsByName.set(name, module.exports);
  run.call(module.exports, module.exports, requirePrivate, module);
  module.loaded = true;
  exportsByName.set(name, module.exports);
  return module.exports;
}

module.exports = { canonicalName, requireBuiltin, requireBuiltinByName, requireFile };
