// The request as a service sees it. Everything is fetched or parsed when it is first asked for;
// every property may be assigned by middleware.
'use strict';

const state = require('../runtime/state.js');
const { requireFile } = require('../runtime/builtins.js');
const { constantEquals } = require('../arangodb/compare.js');
const { encodeQuery, reverse } = require('./reverse.js');
const wire = require('./wire.js');

const QUERY = Symbol('query');
const ROUTE = Symbol('route');
const COOKIES = Symbol('cookies');
const INFO = Symbol('info');
// Stored for a property that was set to `undefined`, which must not be computed again.
const NOTHING = Symbol('nothing');

class Request {
  constructor(context, method, path, query, route, pathParams, suffix) {
    this.context = context;
    this.method = method;
    this.path = path;
    this.pathParams = pathParams;
    this.suffix = suffix;
    this[QUERY] = query;
    this[ROUTE] = route;
  }

  get(name) {
    const key = String(name).toLowerCase();
    const { headers } = this;
    if (key === 'referer' || key === 'referrer') return headers.referer || headers.referrer;
    return Object.prototype.hasOwnProperty.call(headers, key) ? headers[key] : undefined;
  }

  header(name) {
    return this.get(name);
  }

  param(name) {
    const { pathParams, queryParams } = this;
    if (Object.prototype.hasOwnProperty.call(pathParams, name)) return pathParams[name];
    return Object.prototype.hasOwnProperty.call(queryParams, name) ? queryParams[name] : undefined;
  }

  cookie(name, options) {
    const cookies = cookiesOf(this);
    const value = Object.prototype.hasOwnProperty.call(cookies, name) ? cookies[name] : undefined;
    const { secret, algorithm } = typeof options === 'string' ? { secret: options } : options || {};
    if (!secret || value === undefined) return value;
    const signature = cookies[`${name}.sig`];
    if (typeof signature !== 'string') return undefined;
    const expected = state.ops.hmac(String(algorithm || 'sha256').toLowerCase(), secret, value);
    return constantEquals(signature, expected) ? value : undefined;
  }

  json() {
    const text = state.ops.requestText();
    return text === undefined ? undefined : JSON.parse(text);
  }

  accepts(...types) {
    return acceptsOf(this).types(types.flat());
  }

  acceptsCharsets(...names) {
    return acceptsOf(this).charsets(names.flat());
  }

  acceptsEncodings(...names) {
    return acceptsOf(this).encodings(names.flat());
  }

  acceptsLanguages(...names) {
    return acceptsOf(this).languages(names.flat());
  }

  is(...types) {
    const type = this.headers['content-type'];
    return type === undefined ? false : requireFile('type-is').is(type, types.flat());
  }

  range(size = Infinity) {
    const { range } = this.headers;
    return range === undefined ? undefined : requireFile('range-parser')(size, range);
  }

  reverse(name, params) {
    return this.context.baseUrl + reverse(this[ROUTE].levels, name, params);
  }

  makeAbsolute(path, query) {
    const text = path === undefined ? '' : String(path);
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return addQuery(text, query);
    const { baseUrl } = this.context;
    const rooted =
      text === baseUrl || text.startsWith(`${baseUrl}/`) || text.startsWith(`${baseUrl}?`);
    const target = rooted ? text : resolveDots(`${baseUrl}/${text.replace(/^\/+/, '')}`);
    return addQuery(originOf(this) + target, query);
  }

  toJSON() {
    const plain = {};
    for (const key of JSON_KEYS) plain[key] = this[key];
    for (const key of Object.keys(this)) {
      if (key !== 'context' && key !== 'sessionStorage') plain[key] = this[key];
    }
    return plain;
  }
}

const JSON_KEYS = [
  'method',
  'path',
  'url',
  'originalUrl',
  'baseUrl',
  'database',
  'headers',
  'pathParams',
  'queryParams',
  'suffix',
  'protocol',
  'secure',
  'hostname',
  'port',
  'remoteAddress',
  'remoteAddresses',
  'remotePort',
  'trustProxy',
  'arangoUser',
  'authorized',
  'arangoVersion',
  'auth',
  'xhr',
];

// Computed at first use, then an ordinary property.
const LAZY = {
  headers: () => wire.parseHeaders(state.ops.requestHeaders()),
  queryParams: (req) => wire.parseQuery(req[QUERY]),
  rawBody() {
    const bytes = state.ops.requestBody();
    return bytes === undefined
      ? Buffer.alloc(0)
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  },
  body: (req) => req.rawBody,
  database: () => state.init.database,
  baseUrl: (req) => `/_db/${encodeURIComponent(req.database)}`,
  url: (req) => req.context.mount + req.path + (req[QUERY] === '' ? '' : `?${req[QUERY]}`),
  originalUrl: (req) => req.baseUrl + req.url,
  auth: (req) => wire.parseAuth(req.headers.authorization),
  xhr: (req) => String(req.headers['x-requested-with'] || '').toLowerCase() === 'xmlhttprequest',
  arangoUser: (req) => infoOf(req).user,
  authorized: (req) => infoOf(req).authorized,
  arangoVersion(req) {
    const given = Number(req.headers['x-arango-version']);
    return Number.isInteger(given) && given > 0 ? given : versionNumber(state.init.version);
  },
  trustProxy: (req) => Boolean(req.context.trustProxy || infoOf(req).trustProxy),
  protocol: (req) => forwarded(req, 'x-forwarded-proto') || infoOf(req).protocol,
  secure: (req) => req.protocol === 'https',
  hostname: (req) => hostOf(req).hostname,
  port(req) {
    const given = Number(forwarded(req, 'x-forwarded-port'));
    if (Number.isInteger(given) && given > 0) return given;
    return hostOf(req).port || (req.protocol === 'https' ? 443 : 80);
  },
  remoteAddress: (req) => req.remoteAddresses[0],
  remoteAddresses(req) {
    const list = req.trustProxy ? req.headers['x-forwarded-for'] : undefined;
    const addresses = (list || '')
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
    return addresses.length === 0 ? [infoOf(req).remoteAddress] : addresses;
  },
  remotePort(req) {
    const given = Number(forwarded(req, 'x-forwarded-port'));
    return Number.isInteger(given) && given > 0 ? given : infoOf(req).remotePort;
  },
  _raw: (req) => makeRaw(req),
};

function defineLazy(name, make) {
  const key = Symbol(name);
  Object.defineProperty(Request.prototype, name, {
    get() {
      const known = this[key];
      if (known !== undefined) return known === NOTHING ? undefined : known;
      const value = make(this);
      this[key] = value;
      return value;
    },
    set(value) {
      this[key] = value === undefined ? NOTHING : value;
    },
    configurable: true,
    enumerable: !name.startsWith('_'),
  });
}

for (const [name, make] of Object.entries(LAZY)) defineLazy(name, make);

function infoOf(req) {
  if (req[INFO] === undefined) req[INFO] = state.ops.requestInfo();
  return req[INFO];
}

function cookiesOf(req) {
  if (req[COOKIES] === undefined) req[COOKIES] = wire.parseCookies(req.headers.cookie);
  return req[COOKIES];
}

// `accepts` wants a Node request, of which it reads the headers only; it prefers html to */* by its
// own rules.
function acceptsOf(req) {
  return requireFile('accepts')({ headers: req.headers });
}

// The first entry of a forwarded header, if proxies are trusted and it says something.
function forwarded(req, name) {
  if (!req.trustProxy) return '';
  return String(req.headers[name] || '')
    .split(',', 1)[0]
    .trim();
}

function hostOf(req) {
  const host = forwarded(req, 'x-forwarded-host') || req.headers.host;
  if (host) return wire.parseHost(host);
  return { hostname: infoOf(req).serverAddress, port: infoOf(req).serverPort };
}

function originOf(req) {
  const { socketPath } = infoOf(req);
  const { protocol } = req;
  if (socketPath && !forwarded(req, 'x-forwarded-host')) return `${protocol}://unix:${socketPath}:`;
  const standard = protocol === 'https' ? 443 : 80;
  return `${protocol}://${req.hostname}${req.port === standard ? '' : `:${req.port}`}`;
}

function resolveDots(path) {
  const end = path.search(/[?#]/);
  const head = end === -1 ? path : path.slice(0, end);
  const out = [];
  for (const part of head.split('/').slice(1)) {
    if (part === '..') out.pop();
    else if (part !== '.') out.push(part);
  }
  return `/${out.join('/')}${end === -1 ? '' : path.slice(end)}`;
}

function addQuery(url, query) {
  if (query === undefined || query === null) return url;
  const text = typeof query === 'string' ? query.replace(/^\?/, '') : encodeQuery(query);
  if (text === '') return url;
  const hash = url.indexOf('#');
  const head = hash === -1 ? url : url.slice(0, hash);
  return `${head}${head.includes('?') ? '&' : '?'}${text}${hash === -1 ? '' : url.slice(hash)}`;
}

function versionNumber(version) {
  const [major, minor, patch] = version.split(/[.-]/).map(Number);
  return major * 10000 + minor * 100 + (patch || 0);
}

function makeRaw(req) {
  const info = infoOf(req);
  return {
    url: req.url,
    requestType: req.method,
    headers: req.headers,
    parameters: wire.parseQuery(req[QUERY]),
    cookies: cookiesOf(req),
    rawRequestBody: req.rawBody,
    protocol: info.protocol,
    client: { address: info.remoteAddress, port: info.remotePort },
    server: { address: info.serverAddress, port: info.serverPort },
    database: req.database,
    user: info.user,
  };
}

module.exports = { Request };
