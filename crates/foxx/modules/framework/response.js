// The response: collects status, headers, cookies and body until the chain of a request has
// finished.
'use strict';

const state = require('../runtime/state.js');
const paths = require('../runtime/paths.js');
const { requireFile } = require('../runtime/builtins.js');
const { makeError } = require('../runtime/errors.js');
const { formatCookies } = require('./cookies.js');
const { createHttpError } = require('./http_error.js');
const mime = require('./mime.js');
const { statusText, toStatus } = require('./status.js');

const BODY = Symbol('body');
const HEADERS = Symbol('headers');
const CONTENT_TYPE = Symbol('contentType');
const COOKIES = Symbol('cookies');
const ROUTE = Symbol('route');

class Response {
  constructor(context, route) {
    this.context = context;
    this.statusCode = undefined;
    this[ROUTE] = route;
    this[BODY] = undefined;
    this[HEADERS] = undefined;
    this[CONTENT_TYPE] = undefined;
    this[COOKIES] = undefined;
  }

  get body() {
    return this[BODY];
  }

  set body(value) {
    this[BODY] = toBody(value);
  }

  get headers() {
    if (this[HEADERS] === undefined) this[HEADERS] = {};
    return this[HEADERS];
  }

  set headers(value) {
    this[HEADERS] = value;
  }

  getHeader(name) {
    const key = String(name).toLowerCase();
    if (key === 'content-type') return this[CONTENT_TYPE] || this.headers[key];
    return this.headers[key];
  }

  get(name) {
    return this.getHeader(name);
  }

  set(name, value) {
    if (name === undefined || name === null || name === '') return this;
    if (typeof name === 'object') {
      for (const key of Object.keys(name)) this.set(key, name[key]);
      return this;
    }
    const key = String(name).toLowerCase();
    if (key === 'content-type')
      this[CONTENT_TYPE] = value === undefined ? undefined : String(value);
    else this.headers[key] = value;
    return this;
  }

  setHeader(name, value) {
    return this.set(name, value);
  }

  removeHeader(name) {
    const key = String(name).toLowerCase();
    if (key === 'content-type') this[CONTENT_TYPE] = undefined;
    delete this.headers[key];
    return this;
  }

  setTrailers() {
    return this;
  }

  status(status) {
    this.statusCode = toStatus(status);
    return this;
  }

  sendStatus(status) {
    const code = toStatus(status);
    this.statusCode = code;
    this[BODY] = statusText(code) || String(code);
    this[CONTENT_TYPE] = 'text/plain; charset=utf-8';
    return this;
  }

  type(type) {
    if (type === undefined) return this.getHeader('content-type');
    const text = String(type);
    this[CONTENT_TYPE] = mime.expand(text.startsWith('.') ? text.slice(1) : text);
    return this[CONTENT_TYPE];
  }

  vary(...fields) {
    const list = fields.flat().map(String);
    if (list.length > 0) {
      this.headers.vary = requireFile('vary').append(String(this.headers.vary || ''), list);
    }
    return this;
  }

  cookie(name, value, options) {
    const cookies = formatCookies(name, value, options);
    if (this[COOKIES] === undefined) this[COOKIES] = cookies;
    else this[COOKIES].push(...cookies);
    return this;
  }

  json(data, pretty) {
    this[BODY] = data === undefined ? undefined : toJson(data, pretty);
    if (this.getHeader('content-type') === undefined) this[CONTENT_TYPE] = mime.JSON_UTF8;
    return this;
  }

  write(data) {
    if (data === undefined || data === null) return this;
    let chunk = data;
    if (!isBytes(data)) chunk = typeof data === 'object' ? toJson(data) : String(data);
    const before = this[BODY];
    if (before === undefined) this[BODY] = chunk;
    else if (typeof before === 'string' && typeof chunk === 'string') this[BODY] = before + chunk;
    else this[BODY] = Buffer.concat([Buffer.from(before), Buffer.from(chunk)]);
    return this;
  }

  end(data) {
    return this.write(data);
  }

  send(data, type = 'auto') {
    send(this, data, type);
    return this;
  }

  throw(status, reason, options) {
    throw createHttpError(status, reason, options);
  }

  redirect(status, path) {
    const target = path === undefined ? status : path;
    if (path !== undefined) this.statusCode = status === 'permanent' ? 301 : toStatus(status);
    else if (this.statusCode === undefined) this.statusCode = 302;
    this.headers.location = String(target);
    return this;
  }

  attachment(filename) {
    const name = filename === undefined ? undefined : String(filename);
    this.headers['content-disposition'] = requireFile('content-disposition')(name);
    if (name !== undefined && this.getHeader('content-type') === undefined) {
      this[CONTENT_TYPE] = mime.ofFile(name);
    }
    return this;
  }

  download(path, filename) {
    return this.attachment(filename === undefined ? path : filename).sendFile(path);
  }

  sendFile(path, options) {
    const file = String(path).startsWith('/')
      ? paths.normalize(path)
      : paths.join(state.init.cwd, path);
    const bytes = state.ops.fileBytes(file);
    if (bytes === undefined) throw makeError(14, `file not found: ${path}`);
    const wanted = typeof options === 'boolean' ? options : options && options.lastModified;
    if (wanted === true || (wanted !== false && this.headers['last-modified'] === undefined)) {
      this.headers['last-modified'] = new Date(state.ops.fileStat(file)[2]).toUTCString();
    }
    if (this.getHeader('content-type') === undefined) this[CONTENT_TYPE] = mime.ofFile(file);
    this[BODY] = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this;
  }

  toJSON() {
    return { statusCode: this.statusCode, headers: this.headers, body: this[BODY] };
  }
}

function isBytes(value) {
  return value instanceof Uint8Array;
}

function toJson(value, pretty) {
  const text =
    pretty || state.init.development ? JSON.stringify(value, undefined, 2) : JSON.stringify(value);
  return text === undefined ? '' : text;
}

function toBody(value) {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || isBytes(value)) return value;
  return typeof value === 'object' ? toJson(value) : String(value);
}

// The definition that applies to `send`: that of the status, or the only one of 200 and 204 while
// none is set.
function definitionFor(res) {
  const { responses } = res[ROUTE];
  if (responses.size === 0) return undefined;
  const found = responses.get(res.statusCode || 200);
  if (found !== undefined || res.statusCode !== undefined) return found;
  return responses.get(204);
}

function send(res, given, type) {
  let data = given;
  if (data !== null && typeof data === 'object' && typeof data.toArray === 'function')
    data = data.toArray();
  const definition = definitionFor(res);
  if (definition !== undefined) data = convertForClient(definition, data);
  const chosen = type === 'auto' ? chooseType(definition, data) : mime.expand(type);
  const custom = res.context.findType(chosen);
  if (custom !== undefined && typeof custom.forClient === 'function') {
    const result = custom.forClient(data);
    res.set(result.headers || {});
    res[BODY] = toBody(result.data);
  } else res[BODY] = serialise(chosen, data);
  if (res.getHeader('content-type') === undefined) res[CONTENT_TYPE] = mime.withCharset(chosen);
}

function convertForClient(definition, data) {
  const source = definition.model ? definition.model.source : undefined;
  if (source === undefined || typeof source.forClient !== 'function') return data;
  if (definition.multiple && Array.isArray(data)) return data.map((item) => source.forClient(item));
  return source.forClient(data);
}

function chooseType(definition, data) {
  if (definition !== undefined && definition.mimes.length > 0) return definition.mimes[0];
  if (isBytes(data)) return 'application/octet-stream';
  return typeof data === 'object' ? 'application/json' : 'text/html';
}

function serialise(type, data) {
  if (data === undefined || isBytes(data)) return data;
  const essence = mime.essence(type);
  if (mime.isJson(essence)) return toJson(data);
  if (essence === 'application/x-www-form-urlencoded' && typeof data === 'object') {
    return requireFile('querystring').stringify(data);
  }
  if (essence.startsWith('text/')) return String(data);
  return toBody(data);
}

module.exports = { BODY, CONTENT_TYPE, COOKIES, HEADERS, ROUTE, Response };
