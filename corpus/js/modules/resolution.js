// Where require finds things, and that modules are evaluated once.
// why: exact file, .js, .json, folder with package.json main, folder index; service-local node_modules first
'use strict';
const a = require('./lib/a');
module.exports = {
  a: a.name,
  once: require('./lib/a.js') === a && require('./lib/../lib/a') === a,
  folder: require('./folder').name,
  pkg: require('./pkg').name,
  absolute: require(module.context.fileName('lib/a')) === a,
  local: require('lodash').own,
  deep: require('./lib/a').local,
  builtin: typeof require('joi').object,
  node: require('node:path') === require('path'),
  alias: require('org/arangodb') === require('@arangodb'),
  self: [
    module.id === module.filename,
    module.filename.endsWith('/index.js'),
    __dirname === module.context.basePath,
  ],
  main: require.main === module,
  resolved: require.resolve('./lib/a') === module.context.fileName('lib/a.js'),
  context: a.context === module.context && require('@arangodb/locals').context === module.context,
  exportsIsThis: this === exports,
};

// ---- file: lib/a.js
exports.name = 'a';
exports.context = module.context;
exports.local = require('own-module');

// ---- file: folder/index.js
exports.name = 'folder';

// ---- file: pkg/src/start.js
exports.name = 'from main';

// ---- file: pkg/index.js
exports.name = 'no package.json names another';

// ---- file: node_modules/lodash/index.js
exports.own = 'service lodash';

// ---- file: node_modules/own-module.js
module.exports = 'from node_modules';

// => SCRIPT
// << {"a":"a","once":true,"folder":"folder","pkg":"no package.json names another","absolute":true,"local":"service lodash","deep":"from node_modules","builtin":"function","node":true,"alias":true,"self":[true,true,true],"main":true,"resolved":true,"context":true,"exportsIsThis":true}
