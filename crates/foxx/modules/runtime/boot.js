// Entry point: `boot(ops, init)` sets up a VM for one service and answers what the host calls. See
// OPS.md.
'use strict';

const state = require('./state.js');
const { convertThrown } = require('./errors.js');
const { installGlobals } = require('./globals.js');
const { createHost } = require('./host.js');

// Ops that never fail and run for every request are called as they are.
const DIRECT = new Set([
  'respond',
  'requestHeaders',
  'requestText',
  'requestBody',
  'requestInfo',
  'log',
  'now',
  'evaluate',
  'builtinSource',
  'fileKind',
  'filePath',
  'errorTable',
]);

function wrapOp(op) {
  return function callOp(a, b, c, d, e) {
    try {
      return op(a, b, c, d, e);
    } catch (error) {
      throw convertThrown(error);
    }
  };
}

function boot(ops, init) {
  const wrapped = {};
  for (const name of Object.keys(ops))
    wrapped[name] = DIRECT.has(name) ? ops[name] : wrapOp(ops[name]);
  state.ops = wrapped;
  state.init = init;
  installGlobals();
  return createHost(init);
}

module.exports = boot;
