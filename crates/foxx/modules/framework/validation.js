// The checks of endpoint definitions: headers, query parameters, path parameters, bodies.
'use strict';

const state = require('../runtime/state.js');
const { requireFile } = require('../runtime/builtins.js');
const { badRequest } = require('./http_error.js');
const mime = require('./mime.js');
const { parseMultipart } = require('./multipart.js');
const { runSchema } = require('./schema.js');

const RAW = Symbol('parsed body');

// Runs the checks that are due before a link of the chain.
function runChecks(checks, req, route) {
  for (const check of checks) {
    if (check.kind === 'query')
      checkValue(check, req.queryParams, `query parameter "${check.name}"`);
    else if (check.kind === 'header') checkValue(check, req.headers, `header "${check.name}"`);
    else checkBody(check.body, req, route);
  }
}

function checkValue({ name, schema }, values, label) {
  const given = Object.prototype.hasOwnProperty.call(values, name) ? values[name] : undefined;
  const value = validate(schema, given, label);
  if (value === undefined) delete values[name];
  else values[name] = value;
}

function validate(schema, given, label) {
  const { value, error } = runSchema(schema, given);
  if (error) throw badRequest(relabel(error, label), error);
  return value;
}

function relabel(error, label) {
  const message = error.message === undefined ? String(error) : String(error.message);
  return message.replace('"value"', label);
}

// The path parameters by name, or undefined if one does not fit its schema: the route then does not
// match.
function readPathParams(route, values) {
  const params = {};
  for (const { name, position } of route.params) params[name] = values[position];
  if (route.pathSchemas === undefined) return params;
  for (const [name, schema] of route.pathSchemas) {
    const { value, error } = runSchema(schema, params[name]);
    if (error) return undefined;
    params[name] = value;
  }
  return params;
}

function checkBody(definition, req, route) {
  if (definition.model === null) {
    if (req.rawBody.length > 0) throw badRequest('request body is not allowed');
    req.body = undefined;
    return;
  }
  if (!Object.prototype.hasOwnProperty.call(req, RAW)) {
    req[RAW] = parseBody(
      route.body === undefined || route.body === null ? definition : route.body,
      req,
    );
  }
  req.body = applyModel(definition, req[RAW]);
}

function applyModel(definition, parsed) {
  const { model, multiple } = definition;
  if (model === undefined) return parsed;
  const { schema, source } = model;
  if (multiple) {
    if (!Array.isArray(parsed)) throw badRequest('request body must be an array');
    return parsed.map((item, at) =>
      applyToOne(schema, source, item, `request body at position ${at}`),
    );
  }
  return applyToOne(schema, source, parsed, 'request body');
}

function applyToOne(schema, source, given, label) {
  const value = schema === undefined ? given : validate(schema, given, label);
  return source !== undefined && typeof source.fromClient === 'function'
    ? source.fromClient(value)
    : value;
}

function parseBody(definition, req) {
  if (definition.mimes.length === 0) return req.rawBody;
  const given = req.headers['content-type'];
  const chosen = mime.choose(definition.mimes, given);
  const type = mime.essence(chosen);
  const custom = req.context.findType(type);
  if (custom !== undefined && typeof custom.fromClient === 'function') {
    const raw = type.startsWith('text/') ? bodyText(req) : req.rawBody;
    return custom.fromClient(raw, req, parseType(given || chosen));
  }
  if (mime.isJson(type)) return parseJson();
  if (type === 'application/x-www-form-urlencoded') {
    return { ...requireFile('querystring').parse(state.ops.requestText() || '') };
  }
  if (type.startsWith('multipart/')) return parseForm(req, given);
  return type.startsWith('text/') ? bodyText(req) : req.rawBody;
}

function parseJson() {
  const text = state.ops.requestText();
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`request body is not valid JSON: ${error.message}`, error);
  }
}

function parseForm(req, given) {
  try {
    return parseMultipart(req.rawBody, given || '');
  } catch (error) {
    throw badRequest(`request body is not valid multipart data: ${error.message}`, error);
  }
}

function bodyText(req) {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(req.headers['content-type'] || '');
  const name = charset === null ? 'utf-8' : charset[1].toLowerCase();
  if (name === 'utf-8' || name === 'utf8') return state.ops.requestText() || '';
  const iconv = requireFile('iconv-lite');
  if (!iconv.encodingExists(name)) throw badRequest(`unknown charset "${name}"`);
  return iconv.decode(req.rawBody, name);
}

function parseType(text) {
  try {
    const { type, subtype, suffix, parameters } = requireFile('media-typer').parse(text);
    return { type, subtype, suffix, parameters };
  } catch {
    // A malformed content type still names what was before its parameters.
    const [type, subtype] = mime.essence(text).split('/');
    return { type, subtype, suffix: undefined, parameters: {} };
  }
}

module.exports = { readPathParams, runChecks };
