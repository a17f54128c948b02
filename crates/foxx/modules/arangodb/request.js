// `@arangodb/request`: HTTP requests that block until the answer is there.
'use strict';

const state = require('../runtime/state.js');
const { requireFile } = require('../runtime/builtins.js');
const wire = require('../framework/wire.js');

const TIMEOUT_DEFAULT_S = 3600;
const REDIRECTS_DEFAULT = 10;

class IncomingResponse {
  constructor(answer, encoding) {
    const body =
      answer.body === undefined
        ? Buffer.alloc(0)
        : Buffer.from(answer.body.buffer, answer.body.byteOffset, answer.body.byteLength);
    this.status = answer.status === 0 ? 500 : answer.status;
    this.statusCode = this.status;
    this.message = answer.message;
    this.headers = wire.parseHeaders(answer.headers || '');
    this.rawBody = body;
    this.body = encoding === null ? body : body.toString(encoding);
  }

  // The parsed body; `undefined` if it is no JSON.
  get json() {
    try {
      return JSON.parse(this.rawBody.toString('utf8'));
    } catch {
      return undefined;
    }
  }

  throw(message) {
    if (this.status < 400) return;
    const text = message === undefined ? this.message : message;
    const error = requireFile('http-errors')(this.status, text);
    throw Object.assign(error, { details: { response: this } });
  }

  toJSON() {
    const { status, statusCode, message, headers, body } = this;
    return { status, statusCode, message, headers, body };
  }
}

function readUrl(options) {
  const given = options.url === undefined ? options.uri : options.url;
  if (given === undefined || given === null || given === '')
    throw new Error('Invalid URL: none given');
  const url = requireFile('url');
  const text = typeof given === 'object' ? url.format(given) : String(given);
  if (text.startsWith('/')) return { text, auth: undefined };
  const match = /^((?:https?|ssl|tcp|unix):\/\/)(?:([^/?#@]*)@)?(.+)$/i.exec(text);
  if (match === null) throw new Error(`Invalid URL: ${text}`);
  return { text: match[1] + match[3], auth: match[2] };
}

function addQuery(url, { qs, useQuerystring }) {
  if (qs === undefined || qs === null || qs === '') return url;
  const text =
    typeof qs === 'string' ? qs : requireFile(useQuerystring ? 'querystring' : 'qs').stringify(qs);
  if (text === '') return url;
  const [head, hash] = url.split('#');
  return `${head}${head.includes('?') ? '&' : '?'}${text}${hash === undefined ? '' : `#${hash}`}`;
}

function authorization(auth, fromUrl) {
  if (auth && auth.bearer !== undefined) return `Bearer ${auth.bearer}`;
  const pair = auth
    ? `${auth.username || ''}:${auth.password || ''}`
    : fromUrl && decodeURIComponent(fromUrl.includes(':') ? fromUrl : `${fromUrl}:`);
  return pair ? `Basic ${Buffer.from(pair).toString('base64')}` : undefined;
}

// [body, content type] of the options `body`, `json` and `form`.
function readBody({ body, json, form, useQuerystring }) {
  if (json && body !== undefined) return [JSON.stringify(body), 'application/json'];
  if (body !== undefined && body !== null) {
    if (typeof body === 'string' || body instanceof Uint8Array) return [body, undefined];
    return [JSON.stringify(body), undefined];
  }
  if (form === undefined || form === null) return [undefined, undefined];
  const text =
    typeof form === 'string'
      ? form
      : requireFile(useQuerystring ? 'querystring' : 'qs').stringify(form);
  return [text, 'application/x-www-form-urlencoded'];
}

function makeHeaders(options, contentType, auth) {
  const headers = {};
  for (const name of Object.keys(options.headers || {})) {
    const value = options.headers[name];
    if (value !== undefined && value !== null) headers[name.toLowerCase()] = String(value);
  }
  if (contentType !== undefined && headers['content-type'] === undefined)
    headers['content-type'] = contentType;
  if (options.json && headers.accept === undefined) headers.accept = 'application/json';
  if (auth !== undefined && headers.authorization === undefined) headers.authorization = auth;
  return Object.entries(headers);
}

function send(options) {
  const target = readUrl(options);
  const [body, contentType] = readBody(options);
  const seconds = options.timeout === undefined ? TIMEOUT_DEFAULT_S : Number(options.timeout);
  const spec = {
    method: String(options.method || 'GET').toUpperCase(),
    url: addQuery(target.text, options),
    headers: makeHeaders(options, contentType, authorization(options.auth, target.auth)),
    timeoutMs: Math.max(0, Math.round(seconds * 1000)),
    followRedirect: options.followRedirect !== false,
    maxRedirects: options.maxRedirects === undefined ? REDIRECTS_DEFAULT : options.maxRedirects,
    verifyCertificates: Boolean(options.verifyCertificates),
  };
  const answer = state.ops.httpRequest(JSON.stringify(spec), body);
  if (options.returnBodyOnError === false && answer.status >= 400) answer.body = undefined;
  return new IncomingResponse(answer, options.encoding === undefined ? 'utf-8' : options.encoding);
}

// (options), (url), (url, options): as one object.
function readArguments(first, second) {
  const named = first !== null && typeof first === 'object' && !isParsedUrl(first);
  return named ? { ...first, ...second } : { ...second, url: first };
}

function isParsedUrl(value) {
  return (
    value.url === undefined &&
    value.uri === undefined &&
    (value.href !== undefined || value.host !== undefined || value.pathname !== undefined)
  );
}

function request(first, second) {
  return send(readArguments(first, second));
}

for (const verb of ['get', 'head', 'post', 'put', 'patch', 'delete']) {
  request[verb] = (first, second) => send({ ...readArguments(first, second), method: verb });
}

module.exports = request;
