// The OpenAPI (Swagger 2.0) description of a service, from its compiled routes.
'use strict';

const { requireFile } = require('../runtime/builtins.js');
const { JsonSchema } = require('./schema.js');
const { statusText } = require('./status.js');
const { allRoutes } = require('./tree.js');

// What `all` expands to.
const DOCUMENTED_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

const ERROR_SCHEMA = {
  type: 'object',
  properties: {
    error: { type: 'boolean' },
    errorNum: { type: 'integer' },
    errorMessage: { type: 'string' },
    code: { type: 'integer' },
  },
};

// JSON schema of whatever a service gave as schema; `{}` where it cannot be told.
function toJsonSchema(schema) {
  if (schema === undefined || schema === null) return {};
  if (schema instanceof JsonSchema) return schema.definition;
  try {
    if (schema.isJoi) return withoutPatterns(requireFile('joi-to-json-schema')(schema));
  } catch {
    // Schemas with references or functions have no JSON form: documentation then leaves them open.
  }
  return {};
}

// The converter adds `patterns`, which is no keyword of JSON schema.
function withoutPatterns(json) {
  if (json === null || typeof json !== 'object') return json;
  if (Array.isArray(json)) return json.map(withoutPatterns);
  const entries = Object.entries(json).filter(
    ([key, value]) => !(key === 'patterns' && Array.isArray(value)),
  );
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutPatterns(value)]));
}

function isRequired(schema) {
  return Boolean(schema && schema._flags && schema._flags.presence === 'required');
}

const PARAMETER_KEYS = [
  'default',
  'enum',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'format',
];

function describeParameter(place, name, entry, names) {
  const schema = entry === undefined ? undefined : entry.schema;
  const json = toJsonSchema(schema);
  const scalar = ['string', 'number', 'integer', 'boolean', 'array'].includes(json.type);
  const described = { in: place, name, required: place === 'path' || isRequired(schema) };
  if (entry !== undefined && entry.description) described.description = entry.description;
  described.type = scalar ? json.type : 'string';
  if (described.type === 'array') {
    described.items = {
      type: (json.items && typeof json.items.type === 'string' && json.items.type) || 'string',
    };
    described.collectionFormat = 'multi';
  }
  for (const key of PARAMETER_KEYS)
    if (json[key] !== undefined && scalar) described[key] = json[key];
  names.add(name);
  return described;
}

// {x} for each parameter; a name that occurs twice in one path becomes x, x2.
function describePath(route) {
  const counts = new Map();
  const params = [];
  const unique = (name) => {
    counts.set(name, (counts.get(name) || 0) + 1);
    const shown = counts.get(name) === 1 ? name : `${name}${counts.get(name)}`;
    params.push({ name, shown });
    return `{${shown}}`;
  };
  const parts = route.pattern.map((segment) =>
    segment.param === undefined ? segment.literal : unique(segment.param),
  );
  if (route.wildcard) parts.push(unique('suffix'));
  return { path: `/${parts.join('/')}`, params };
}

function merged(route) {
  const all = {
    headers: new Map(),
    queryParams: new Map(),
    pathParams: new Map(),
    responses: new Map(),
    errors: new Map(),
    schemes: new Map(),
    security: new Map(),
    scopes: new Map(),
    tags: [],
    names: [],
    summary: undefined,
    description: undefined,
    deprecated: false,
    body: undefined,
  };
  for (const { definition, middleware } of route.definitions) {
    copyAll(all.headers, definition._headers);
    copyAll(all.queryParams, definition._queryParams);
    copyAll(all.pathParams, definition._pathParams);
    if (definition._body !== undefined) all.body = definition._body;
    copyAll(all.schemes, definition._schemes);
    copyAll(all.security, definition._security);
    copyAll(all.scopes, definition._scopes);
    if (!middleware) mergeTexts(all, definition);
  }
  return all;
}

function copyAll(target, source) {
  for (const [key, value] of source) target.set(key, value);
}

function mergeTexts(all, definition) {
  copyAll(all.responses, definition._responses);
  copyAll(all.errors, definition._errors);
  if (definition._summary !== undefined) all.summary = definition._summary;
  if (definition._description !== undefined) all.description = definition._description;
  if (definition._deprecated !== undefined) all.deprecated = definition._deprecated;
  for (const tag of definition._tags) if (!all.tags.includes(tag)) all.tags.push(tag);
  if (typeof definition._name === 'string') all.names.push(definition._name);
}

function operationId(all, method, path, used) {
  const base =
    all.names.length === 0
      ? `${method}_${path}`
      : all.names.map((name, at) => (at === 0 ? lowerFirst(name) : upperFirst(name))).join('');
  let id = base;
  for (let count = 2; used.has(id); count += 1) id = `${base}${count}`;
  used.add(id);
  return id;
}

function lowerFirst(text) {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function upperFirst(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function describeBody(body) {
  const schema = body.model ? toJsonSchema(body.model.schema) : {};
  return {
    in: 'body',
    name: 'body',
    description: body.description || '',
    required: Boolean(body.model && (body.multiple || isRequired(body.model.schema))),
    schema: body.multiple ? { type: 'array', items: schema } : schema,
  };
}

function describeResponses(all) {
  const responses = {};
  for (const [status, entry] of all.responses) {
    responses[status] = { description: entry.description || statusText(status) || '' };
    if (entry.model === null || entry.model === undefined) continue;
    const schema = toJsonSchema(entry.model.schema);
    responses[status].schema = entry.multiple ? { type: 'array', items: schema } : schema;
  }
  for (const [status, description] of all.errors) {
    responses[status] = {
      description: description || statusText(status) || '',
      schema: ERROR_SCHEMA,
    };
  }
  if (all.responses.size === 0)
    responses[500] = { description: 'Default error response.', schema: ERROR_SCHEMA };
  return responses;
}

function describeOperation(route, method, path, params, used) {
  const all = merged(route);
  const names = new Set();
  const parameters = params.map(({ name, shown }) =>
    describeParameter('path', shown, all.pathParams.get(name), names),
  );
  for (const [name, entry] of all.queryParams)
    parameters.push(describeParameter('query', name, entry, names));
  for (const [name, entry] of all.headers)
    parameters.push(describeParameter('header', name, entry, names));
  const operation = { operationId: operationId(all, method, path, used) };
  if (all.summary !== undefined) operation.summary = all.summary;
  if (all.description !== undefined) operation.description = all.description;
  if (all.deprecated) operation.deprecated = true;
  if (all.tags.length > 0) operation.tags = all.tags;
  if (all.body && all.body.model !== null && ['POST', 'PUT', 'PATCH'].includes(method)) {
    parameters.push(describeBody(all.body));
    operation.consumes = all.body.mimes.length > 0 ? all.body.mimes : ['application/json'];
  }
  const produces = new Set([...all.responses.values()].flatMap((entry) => entry.mimes));
  operation.produces = produces.size > 0 ? [...produces] : ['application/json'];
  operation.parameters = parameters;
  operation.responses = describeResponses(all);
  const security = [...all.security]
    .filter(([, enabled]) => enabled)
    .map(([id]) => ({ [id]: all.scopes.get(id) || [] }));
  if (security.length > 0) operation.security = security;
  return { operation, schemes: all.schemes };
}

// The document for a loaded service.
function describeApi(service) {
  const { context, root } = service;
  const { manifest } = context;
  const paths = {};
  const securityDefinitions = {};
  const used = new Set();
  for (const route of allRoutes(root)) {
    if (route.endpoint._hidden) continue;
    const { path, params } = describePath(route);
    for (const method of route.methods.filter((name) => DOCUMENTED_METHODS.includes(name))) {
      const verb = method.toLowerCase();
      if (paths[path] !== undefined && paths[path][verb] !== undefined) continue;
      const { operation, schemes } = describeOperation(route, method, path, params, used);
      paths[path] = { ...paths[path], [verb]: operation };
      for (const [id, scheme] of schemes) securityDefinitions[id] = scheme;
    }
  }
  return {
    swagger: '2.0',
    basePath: context.baseUrl,
    paths,
    info: {
      title: manifest.name || '',
      description: manifest.description || '',
      version: manifest.version || '0.0.0',
      license: manifest.license ? { name: manifest.license } : {},
    },
    securityDefinitions,
  };
}

module.exports = { describeApi };
