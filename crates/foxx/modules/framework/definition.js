// The endpoint methods: what routers, routes and mountings share. An object of this class only
// records; `tree.js` merges the records when the service has been loaded.
'use strict';

const { JsonSchema, hasValidator, isPlain, toSchema } = require('./schema.js');
const { expand } = require('./mime.js');
const { statusFromName, toStatus } = require('./status.js');

let schemeCount = 0;

class Definition {
  constructor() {
    this._headers = new Map();
    this._pathParams = new Map();
    this._queryParams = new Map();
    this._body = undefined;
    this._responses = new Map();
    this._errors = new Map();
    this._summary = undefined;
    this._description = undefined;
    this._deprecated = undefined;
    this._tags = [];
    this._schemes = new Map();
    this._security = new Map();
    this._scopes = new Map();
  }

  header(name, schema, description) {
    const key = String(name).toLowerCase();
    this._headers.set(key, parameter(key, schema, description));
    return this;
  }

  pathParam(name, schema, description) {
    this._pathParams.set(String(name), parameter(String(name), schema, description));
    return this;
  }

  queryParam(name, schema, description) {
    this._queryParams.set(String(name), parameter(String(name), schema, description));
    return this;
  }

  body(...args) {
    const parts = splitArguments(args);
    const { model, multiple, given } = readModel(parts.model);
    const mimes = parts.mimes.map(expand);
    if (mimes.length === 0 && given && model !== null) mimes.push('application/json');
    this._body = { model, multiple, mimes, description: parts.description };
    return this;
  }

  response(...args) {
    let status;
    if (typeof args[0] === 'number') status = args.shift();
    else if (typeof args[0] === 'string' && statusFromName(args[0]) !== undefined) {
      status = statusFromName(args.shift());
    }
    const parts = splitArguments(args);
    const { model, multiple, given } = readModel(parts.model);
    const mimes = parts.mimes.map(expand);
    if (mimes.length === 0 && given && model !== null) mimes.push('application/json');
    if (status === undefined) status = given && model === null ? 204 : 200;
    this._responses.set(status, { status, model, multiple, mimes, description: parts.description });
    return this;
  }

  error(status, description) {
    this._errors.set(toStatus(status), description);
    return this;
  }

  summary(text) {
    this._summary = text;
    return this;
  }

  description(text) {
    this._description = text;
    return this;
  }

  deprecated(flag = true) {
    this._deprecated = Boolean(flag);
    return this;
  }

  tag(...tags) {
    this._tags.push(...tags.flat().map(String));
    return this;
  }

  securityScheme(type, options, description) {
    const given = typeof options === 'string' ? {} : { ...options };
    const text = typeof options === 'string' ? options : description;
    if (!['basic', 'apiKey', 'oauth2'].includes(type))
      throw new Error(`Unknown security scheme: ${type}`);
    let { id } = given;
    delete given.id;
    if (id === undefined) {
      schemeCount += 1;
      id = `${type}${schemeCount}`;
    }
    this._schemes.set(id, { type, ...given, ...(text === undefined ? {} : { description: text }) });
    this._security.set(id, true);
    return this;
  }

  security(id, enabled = true) {
    this._security.set(id, Boolean(enabled));
    return this;
  }

  securityScope(id, ...scopes) {
    this._scopes.set(id, [...(this._scopes.get(id) || []), ...scopes.flat()]);
    return this;
  }
}

function parameter(name, schema, description) {
  if (typeof schema === 'string') return { name, schema: undefined, description: schema };
  return { name, schema: toSchema(schema), description };
}

// (model?, mimes?, description?) in any combination that the documentation allows.
function splitArguments(args) {
  const rest = [...args];
  while (rest.length > 0 && rest[rest.length - 1] === undefined) rest.pop();
  const parts = { model: undefined, mimes: [], description: '' };
  if (rest.length > 0 && typeof rest[rest.length - 1] === 'string') parts.description = rest.pop();
  if (rest.length > 0 && isMimeList(rest[rest.length - 1])) parts.mimes = rest.pop();
  if (rest.length > 0) [parts.model] = rest;
  return parts;
}

function isMimeList(value) {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

// A model is {schema?, fromClient?, forClient?}; a schema alone stands for a model that has only
// it.
function readModel(given) {
  if (given === undefined) return { model: undefined, multiple: false, given: false };
  if (given === null) return { model: null, multiple: false, given: true };
  if (Array.isArray(given)) {
    if (given.length !== 1) throw new Error('Expected a list with exactly one model or schema');
    return { model: toModel(given[0]), multiple: true, given: true };
  }
  return { model: toModel(given), multiple: false, given: true };
}

function toModel(given) {
  if (typeof given !== 'object' && typeof given !== 'function') {
    throw new Error(`Expected a model or schema but got ${typeof given}`);
  }
  const isModel =
    typeof given === 'function' ||
    (!hasValidator(given) &&
      (typeof given.forClient === 'function' ||
        typeof given.fromClient === 'function' ||
        isSchemaMember(given.schema)));
  if (!isModel) return { source: undefined, schema: toSchema(given) };
  const { schema } = given;
  return {
    source: given,
    schema: schema === undefined || schema === null ? undefined : toSchema(schema),
  };
}

// `{schema: X}` is a model if X is a schema, but a plain object of schemas may also have a key
// `schema`.
function isSchemaMember(schema) {
  return (
    schema !== undefined &&
    (hasValidator(schema) || schema instanceof JsonSchema || isPlain(schema))
  );
}

module.exports = { Definition };
