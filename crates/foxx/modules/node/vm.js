// `vm`: only running code in the one global scope of the VM.
'use strict';

const state = require('../runtime/state.js');

function runInThisContext(code, options) {
  const filename = typeof options === 'string' ? options : options && options.filename;
  return state.ops.evaluate(String(code), filename || 'evalmachine');
}

module.exports = { runInThisContext };
