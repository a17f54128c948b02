// The functions that the host calls; OPS.md says what each does.
'use strict';

const state = require('./state.js');
const errors = require('./errors.js');
const { Service } = require('./service.js');
const { ERROR_MODULE_FAILURE } = require('./loader.js');
const { Dispatcher } = require('../framework/dispatch.js');

function createHost(init) {
  const service = new Service(init);
  state.context = service.context;
  let dispatcher;

  return {
    load() {
      service.load();
      if (dispatcher === undefined) dispatcher = new Dispatcher(service.context, service.root);
    },
    dispatch: (method, path, query) => dispatcher.dispatch(method, path, query),
    finish: () => dispatcher.finish(),
    runScript: (path, argvJson) => runScript(service, path, JSON.parse(argvJson)),
    runTests(filesJson, optionsJson) {
      const { runTests } = require('./tests.js');
      return JSON.stringify(runTests(service, JSON.parse(filesJson), JSON.parse(optionsJson)));
    },
    swagger() {
      const { describeApi } = require('../framework/swagger.js');
      return JSON.stringify(describeApi(service));
    },
    runTransaction: (definitionJson) => runTransaction(JSON.parse(definitionJson)),
    makeError: errors.makeError,
    describeError: (error) => JSON.stringify(describeError(error)),
  };
}

function runScript(service, path, argv) {
  const { context, loader } = service;
  const file = loader.resolveEntry(service.libPath, path);
  const before = context.argv;
  context.argv = argv;
  try {
    const { exports } = loader.loadFresh(file, '', []);
    const text = JSON.stringify(exports);
    return text === undefined ? 'null' : text;
  } finally {
    context.argv = before;
  }
}

// What came of a transaction that a client sent: its result, or what it threw.
function runTransaction(definition) {
  const { executeTransaction } = require('../arangodb/transaction.js');
  try {
    if (typeof definition.action !== 'string') {
      throw errors.makeError(10, 'missing/invalid action definition for transaction');
    }
    // The result is turned into text while the transaction can still be rolled back.
    const result = executeTransaction(definition, (value) => JSON.stringify(value));
    return `{"result":${result === undefined ? null : result}}`;
  } catch (thrown) {
    const isObject = thrown !== null && typeof thrown === 'object';
    const error =
      isObject && typeof thrown.errorNum === 'number'
        ? {
            errorNum: thrown.errorNum,
            errorMessage: String(thrown.errorMessage || thrown.message || ''),
            status: thrown.code >= 400 && thrown.code <= 599 ? thrown.code : undefined,
          }
        : { errorNum: 1650, errorMessage: isObject ? errors.headLine(thrown) : String(thrown) };
    return JSON.stringify({ error });
  }
}

// All that the host needs to answer and to log for a value that left `load`, `runScript` or
// `runTests`.
function describeError(error) {
  const isObject = error !== null && typeof error === 'object';
  const errorNum = isObject && typeof error.errorNum === 'number' ? error.errorNum : undefined;
  const inner =
    errorNum === ERROR_MODULE_FAILURE && error.cause !== undefined ? error.cause : error;
  const innerStatus = inner !== null && typeof inner === 'object' ? inner.statusCode : undefined;
  return {
    status: errors.statusOfError(error),
    scriptStatus: innerStatus >= 400 && innerStatus <= 599 ? innerStatus : 500,
    errorNum: errorNum === undefined ? 500 : errorNum,
    errorMessage: isObject ? String(error.message) : String(error),
    exception: isObject ? errors.headLine(error) : String(error),
    stacktrace: errors.fullStack(error),
    extra: isObject && error.extra !== null && typeof error.extra === 'object' ? error.extra : {},
  };
}

module.exports = { createHost };
