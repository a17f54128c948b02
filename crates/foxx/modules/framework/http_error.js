// Errors with a status: what `res.throw` throws and what failed validation becomes.
'use strict';

const { requireFile } = require('../runtime/builtins.js');
const { hide } = require('../runtime/errors.js');
const { statusText, toStatus } = require('./status.js');

function isError(value) {
  return (
    value instanceof Error ||
    (value !== null &&
      typeof value === 'object' &&
      typeof value.message === 'string' &&
      typeof value.stack === 'string')
  );
}

// Members that the created error must keep for itself.
const OWN = new Set([
  'statusCode',
  'status',
  'code',
  'message',
  'stack',
  'name',
  'expose',
  'cause',
  'error',
  'errorMessage',
]);

function copyOptions(error, options) {
  for (const key of Object.keys(options)) if (!OWN.has(key)) error[key] = options[key];
}

// The forms of `res.throw`: (status), (status, text), (status, error), (status, text or error,
// options), (error).
function createHttpError(status, reason, options) {
  if (isError(status)) return fromError(status);
  const code = toStatus(status);
  let cause;
  let extra = options;
  let message;
  if (isError(reason)) cause = reason;
  else if (reason !== null && typeof reason === 'object') extra = reason;
  else if (reason !== undefined && reason !== null) message = String(reason);
  if (isError(extra)) {
    cause = extra;
  } else if (extra && isError(extra.cause)) {
    if (cause === undefined) cause = extra.cause;
  }
  if (message === undefined && cause !== undefined) message = cause.message;
  const error = makeHttpError(code, message);
  if (isError(reason) && typeof reason.errorNum === 'number') error.errorNum = reason.errorNum;
  if (extra !== undefined && extra !== null) copyOptions(error, extra);
  if (cause !== undefined) hide(error, 'cause', cause);
  return error;
}

function fromError(cause) {
  const status =
    [cause.statusCode, cause.status].find((value) => value >= 400 && value <= 599) || 500;
  const error = makeHttpError(status, cause.message);
  if (typeof cause.errorNum === 'number') error.errorNum = cause.errorNum;
  copyOptions(error, cause);
  hide(error, 'cause', cause);
  return error;
}

function makeHttpError(status, message) {
  const createError = requireFile('http-errors');
  const valid = status >= 400 && status <= 599;
  const text = message || statusText(status) || String(status);
  const error = createError(valid ? status : 500, text);
  if (!valid) {
    error.statusCode = status;
    error.status = status;
  }
  return error;
}

function badRequest(message, cause) {
  const error = makeHttpError(400, message);
  if (cause !== undefined) hide(error, 'cause', cause);
  return error;
}

module.exports = { badRequest, createHttpError };
