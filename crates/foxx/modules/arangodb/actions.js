// `@arangodb/actions`: the names of HTTP status codes, and the fillers for low-level responses.
'use strict';

const NAMES = {
  HTTP_OK: 200,
  HTTP_CREATED: 201,
  HTTP_ACCEPTED: 202,
  HTTP_PARTIAL: 203,
  HTTP_NO_CONTENT: 204,
  HTTP_MOVED_PERMANENTLY: 301,
  HTTP_FOUND: 302,
  HTTP_SEE_OTHER: 303,
  HTTP_NOT_MODIFIED: 304,
  HTTP_TEMPORARY_REDIRECT: 307,
  HTTP_BAD: 400,
  HTTP_UNAUTHORIZED: 401,
  HTTP_PAYMENT: 402,
  HTTP_FORBIDDEN: 403,
  HTTP_NOT_FOUND: 404,
  HTTP_METHOD_NOT_ALLOWED: 405,
  HTTP_CONFLICT: 409,
  HTTP_PRECONDITION_FAILED: 412,
  HTTP_ENTITY_TOO_LARGE: 413,
  HTTP_I_AM_A_TEAPOT: 418,
  HTTP_UNPROCESSABLE_ENTITY: 422,
  HTTP_HEADER_TOO_LARGE: 431,
  HTTP_SERVER_ERROR: 500,
  HTTP_NOT_IMPLEMENTED: 501,
  HTTP_BAD_GATEWAY: 502,
  HTTP_SERVICE_UNAVAILABLE: 503,
  HTTP_GATEWAY_TIMEOUT: 504,
};

const JSON_TYPE = 'application/json; charset=utf-8';

function fill(res, status, body, headers) {
  res.responseCode = status;
  res.contentType = JSON_TYPE;
  res.body = JSON.stringify(body);
  if (headers !== undefined) res.headers = { ...res.headers, ...headers };
}

function resultOk(req, res, status = NAMES.HTTP_OK, result = {}, headers = undefined) {
  fill(res, status, { ...result, error: false, code: status }, headers);
}

function resultError(req, res, status, errorNum, errorMessage, headers, more) {
  fill(res, status, { ...more, error: true, code: status, errorNum, errorMessage }, headers);
}

function resultBad(req, res, errorNum, errorMessage, headers) {
  resultError(req, res, NAMES.HTTP_BAD, errorNum, errorMessage, headers);
}

function resultNotFound(req, res, errorNum, errorMessage, headers) {
  resultError(req, res, NAMES.HTTP_NOT_FOUND, errorNum, errorMessage, headers);
}

function resultException(req, res, error, headers) {
  const status = typeof error.code === 'number' ? error.code : NAMES.HTTP_SERVER_ERROR;
  resultError(req, res, status, error.errorNum || status, String(error.message), headers);
}

module.exports = { ...NAMES, resultBad, resultError, resultException, resultNotFound, resultOk };
