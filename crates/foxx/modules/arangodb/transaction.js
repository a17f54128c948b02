// `db._executeTransaction`: the action runs here and now, as part of the VM's transaction.
'use strict';

const state = require('../runtime/state.js');
const { requireBuiltinByName } = require('../runtime/builtins.js');
const { ArangoError } = require('../runtime/errors.js');

function names(given) {
  if (given === undefined || given === null) return [];
  return (Array.isArray(given) ? given : [given]).map((item) =>
    item !== null && typeof item === 'object' && item.isArangoCollection === true
      ? item.name()
      : String(item),
  );
}

function readCollections(given) {
  if (typeof given === 'string') return { read: [given], write: [], exclusive: [] };
  if (given === null || typeof given !== 'object') {
    throw new ArangoError({
      errorNum: 10,
      errorMessage: 'missing/invalid collections definition for transaction',
    });
  }
  if (Array.isArray(given)) return { read: names(given), write: [], exclusive: [] };
  const { read, write, exclusive, allowImplicit } = given;
  return { read: names(read), write: names(write), exclusive: names(exclusive), allowImplicit };
}

// The JSON that the host begins a transaction with.
function beginOptions(options, collections) {
  return JSON.stringify({ ...options, ...readCollections(collections) });
}

function badAction(reason) {
  const text = 'missing/invalid action definition for transaction';
  return new ArangoError({ errorNum: 10, errorMessage: reason ? `${text}: ${reason}` : text });
}

// A function, or the text of one, or the text of a function's body.
function readAction(action) {
  if (typeof action === 'function') return action;
  if (typeof action !== 'string') throw badAction();
  const text = /^\s*(async\s+)?(function\b|\(|[\w$]+\s*=>)/.test(action)
    ? action
    : `function (params) {${action}\n}`;
  const wrapped = `(function (require) {return (${text}\n)})`;
  const run = compile(wrapped)(requireBuiltinByName);
  if (typeof run !== 'function') throw badAction();
  return run;
}

function compile(source) {
  try {
    return state.ops.evaluate(source, 'transaction');
  } catch (error) {
    if (error instanceof SyntaxError) throw badAction(error.message);
    throw error;
  }
}

// `convert` changes the result before the commit.
function executeTransaction(options, convert = (result) => result) {
  if (options === null || typeof options !== 'object') {
    throw new ArangoError({ errorNum: 10, errorMessage: 'missing/invalid transaction definition' });
  }
  const { action, params, collections, ...others } = options;
  const run = readAction(action);
  state.ops.txBegin(beginOptions(others, collections));
  let result;
  try {
    result = convert(run(params));
  } catch (error) {
    state.ops.txAbort();
    throw error;
  }
  state.ops.txCommit();
  return result;
}

module.exports = { beginOptions, executeTransaction };
