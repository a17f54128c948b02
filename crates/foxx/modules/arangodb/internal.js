// `internal`: the few functions of it that services use.
'use strict';

const state = require('../runtime/state.js');
const { ArangoError, errorsByName } = require('../runtime/errors.js');
const crypto = require('./crypto.js');
const { db } = require('./database.js');

function sleep(seconds) {
  state.ops.sleep(Math.max(0, Number(seconds) * 1000));
}

module.exports = {
  ArangoError,
  authenticationEnabled: () => Boolean(state.init.authenticationEnabled),
  db,
  env: { ...state.init.env },
  errors: errorsByName(),
  genRandomAlphaNumbers: crypto.genRandomAlphaNumbers,
  genRandomNumbers: crypto.genRandomNumbers,
  genRandomSalt: crypto.genRandomSalt,
  options: () => ({}),
  platform: state.init.platform || 'linux',
  print: (...args) => globalThis.print(...args),
  sleep,
  time: () => state.ops.now() / 1000,
  wait: sleep,
};
