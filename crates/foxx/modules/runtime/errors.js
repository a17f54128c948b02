// ArangoError, the table of error numbers, and the turning of thrown values into descriptions.
'use strict';

const state = require('./state.js');

let byNumber;
let byName;

function loadTable() {
  byNumber = new Map();
  byName = {};
  for (const entry of state.ops.errorTable()) {
    byNumber.set(entry.code, entry);
    byName[entry.name] = { code: entry.code, message: entry.message };
  }
}

function findEntry(errorNum) {
  if (byNumber === undefined) loadTable();
  return byNumber.get(errorNum);
}

// name -> {code, message}
function errorsByName() {
  if (byName === undefined) loadTable();
  return byName;
}

function textOf(errorNum) {
  const entry = findEntry(errorNum);
  return entry === undefined ? 'unknown error' : entry.message;
}

function statusOf(errorNum) {
  const entry = findEntry(errorNum);
  return entry === undefined ? 500 : entry.status;
}

class ArangoError extends Error {
  constructor(options) {
    const given = options === undefined || options === null ? {} : options;
    const { errorNum, code } = given;
    const message = given.errorMessage ? String(given.errorMessage) : textOf(errorNum);
    super(message);
    // Own and in this order: services test `hasOwnProperty('errorNum')` and answer with JSON of the
    // error.
    this.error = true;
    this.errorNum = errorNum;
    this.errorMessage = message;
    this.code = code === undefined ? statusOf(errorNum) : code;
    if (given.cause !== undefined) hide(this, 'cause', given.cause);
  }
}

for (const [key, value] of [
  ['name', 'ArangoError'],
  ['isArangoError', true],
]) {
  Object.defineProperty(ArangoError.prototype, key, {
    value,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

function hide(object, key, value) {
  Object.defineProperty(object, key, {
    value,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

function makeError(errorNum, errorMessage) {
  return new ArangoError({ errorNum, errorMessage });
}

// An error of the module loader: the number's text, then `Label: value` lines, then the cause.
function makeModuleError(errorNum, lines, cause) {
  const text = [textOf(errorNum), ...lines];
  if (cause !== undefined) text.push(`Reason: ${describeCause(cause)}`);
  return new ArangoError({ errorNum, errorMessage: text.join('\n'), cause });
}

function describeCause(cause) {
  if (cause instanceof ArangoError) return `ArangoError ${cause.errorNum}: ${cause.message}`;
  return String(cause);
}

// What a failing native op threw, as the ArangoError that a service expects.
function convertThrown(thrown) {
  if (thrown === null || typeof thrown !== 'object' || thrown instanceof ArangoError) return thrown;
  if (typeof thrown.errorNum !== 'number') return thrown;
  return new ArangoError({
    errorNum: thrown.errorNum,
    errorMessage: thrown.errorMessage || thrown.message,
  });
}

function stackLines(error) {
  if (error === null || typeof error !== 'object') return [String(error)];
  const head = headLine(error);
  if (typeof error.stack !== 'string' || error.stack === '') return head.split('\n');
  // Some engines repeat the message in the stack and others do not: bring both into one form.
  const stack = error.stack.startsWith(head) ? error.stack.slice(head.length) : error.stack;
  const frames = stack
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(formatFrame);
  return [...head.split('\n'), ...frames];
}

function headLine(error) {
  const name = error.name === undefined ? 'Error' : String(error.name);
  const message = error.message === undefined ? '' : String(error.message);
  return message === '' ? name : `${name}: ${message}`;
}

function formatFrame(line) {
  if (/^\s+at /.test(line)) return line;
  const at = line.indexOf('@');
  if (at === -1) return `    at ${line}`;
  const name = line.slice(0, at);
  const place = line.slice(at + 1);
  return name === '' ? `    at ${place}` : `    at ${name} (${place})`;
}

// The stack of an error and of all its causes.
function fullStack(error) {
  const lines = stackLines(error);
  const seen = new Set([error]);
  let cause = causeOf(error);
  while (cause !== undefined && cause !== null && !seen.has(cause)) {
    seen.add(cause);
    const causeLines = stackLines(cause);
    causeLines[0] = `via ${causeLines[0]}`;
    lines.push(...causeLines);
    cause = causeOf(cause);
  }
  return lines;
}

function causeOf(error) {
  return error !== null && typeof error === 'object' ? error.cause : undefined;
}

function isStatus(value) {
  return typeof value === 'number' && value >= 400 && value <= 599;
}

// HTTP status of a thrown value that left a service.
function statusOfError(error) {
  if (error === null || typeof error !== 'object') return 500;
  if (isStatus(error.statusCode)) return error.statusCode;
  if (isStatus(error.status)) return error.status;
  if (error.isArangoError && typeof error.errorNum === 'number') {
    const status = statusOf(error.errorNum);
    // Module errors are 400 for the management API, but inside a handler they are the service's
    // fault.
    return error.errorNum >= 3100 && error.errorNum <= 3103 ? 500 : status;
  }
  return 500;
}

module.exports = {
  ArangoError,
  convertThrown,
  describeCause,
  errorsByName,
  fullStack,
  headLine,
  hide,
  makeError,
  makeModuleError,
  stackLines,
  statusOf,
  statusOfError,
  textOf,
};
