// The globals of a VM: what Node programs expect beyond ECMAScript, as far as services may have it.
'use strict';

const state = require('./state.js');
const { requireFile } = require('./builtins.js');
const timers = require('../node/timers.js');
const { createConsole } = require('../node/console.js');
const { createProcess } = require('../node/process.js');

function define(name, value) {
  Object.defineProperty(globalThis, name, {
    value,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

// A global that is made when it is first read, and that may be overwritten.
function defineLazy(name, make) {
  Object.defineProperty(globalThis, name, {
    get() {
      const value = make();
      define(name, value);
      return value;
    },
    set(value) {
      define(name, value);
    },
    configurable: true,
    enumerable: false,
  });
}

function print(...args) {
  state.ops.log('info', args.map(String).join(' '));
}

function installGlobals() {
  define('global', globalThis);
  define('console', createConsole());
  define('print', print);
  for (const name of Object.keys(timers)) {
    if (/^(set|clear)/.test(name)) define(name, timers[name]);
  }
  defineLazy('process', createProcess);
  defineLazy('Buffer', () => requireFile('buffer').Buffer);
}

module.exports = { installGlobals };
