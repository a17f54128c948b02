// From a request to the answer: choice of the route, the chain of middleware, the error page.
'use strict';

const state = require('../runtime/state.js');
const { fullStack, headLine, statusOfError, stackLines } = require('../runtime/errors.js');
const { Request } = require('./request.js');
const { BODY, CONTENT_TYPE, COOKIES, HEADERS, ROUTE, Response } = require('./response.js');
const mime = require('./mime.js');
const { decodeSegment } = require('./pattern.js');
const { statusText } = require('./status.js');
const { readPathParams, runChecks } = require('./validation.js');
const { walk } = require('./tree.js');
const { formatHeaders } = require('./wire.js');

const JSON_HEADERS = `content-type: ${mime.JSON_UTF8}\n`;
const DEFAULT_HEADERS = 'content-type: application/json\n';

// Number of method and path pairs whose route is remembered.
const REMEMBERED_ROUTES_MAX = 1000;

class Dispatcher {
  constructor(context, root) {
    this.context = context;
    this.root = root;
    this.remembered = new Map();
    this.rememberedCount = 0;
    this.unfinished = undefined;
  }

  // 0: answered. 1: `finish` has to be called once the jobs of promises have run.
  dispatch(method, path, query) {
    state.serving = true;
    let res;
    try {
      const byPath = this.remembered.get(method);
      const known = byPath === undefined ? undefined : byPath.get(path);
      const match = known === undefined ? this.find(method, path, query) : known;
      if (match === undefined) return 0;
      const { route } = match;
      const params = match.params === undefined ? {} : match.params;
      const req = new Request(this.context, method, path, query, route, params, match.suffix);
      res = new Response(this.context, route);
      const result = route.plain
        ? route.links[0].fn.call(undefined, req, res)
        : runLink(route, 0, req, res);
      if (isPromise(result) || (res[BODY] === undefined && res.statusCode === undefined)) {
        if (isPromise(result)) watch(result, method, path);
        this.unfinished = res;
        return 1;
      }
      respond(res);
    } catch (error) {
      respondError(this.context, error, res, method, path);
    } finally {
      state.serving = false;
    }
    return 0;
  }

  finish() {
    const res = this.unfinished;
    this.unfinished = undefined;
    if (res === undefined) return;
    try {
      respond(res);
    } catch (error) {
      respondError(this.context, error, res, '', '');
    }
  }

  find(method, path, query) {
    const { segments, starts } = split(path);
    const allowed = new Set();
    let match;
    const seek = (verb) =>
      walk(this.root, segments, 0, [], (route, values, at) => {
        const suffix = route.wildcard ? restOf(path, starts, at) : undefined;
        const { _accepts: accepts } = route.endpoint;
        if (accepts !== undefined && !accepts(suffix)) return false;
        const params = route.params.length === 0 ? undefined : readPathParams(route, values);
        if (params === undefined && route.params.length > 0) return false;
        if (!route.methods.includes(verb)) {
          for (const name of route.methods) allowed.add(name);
          return false;
        }
        match = { route, params, suffix };
        return true;
      });
    if (!seek(method) && method === 'HEAD') seek('GET');
    if (match === undefined) respondUnmatched(this.context, path, query, allowed);
    else if (match.params === undefined && match.suffix === undefined)
      this.remember(method, path, match);
    return match;
  }

  remember(method, path, match) {
    if (this.rememberedCount >= REMEMBERED_ROUTES_MAX) return;
    let byPath = this.remembered.get(method);
    if (byPath === undefined) {
      byPath = new Map();
      this.remembered.set(method, byPath);
    }
    byPath.set(path, match);
    this.rememberedCount += 1;
  }
}

// The decoded segments of a path and where each begins in it.
function split(path) {
  const segments = [];
  const starts = [];
  let start = 0;
  while (start <= path.length) {
    let end = path.indexOf('/', start);
    if (end === -1) end = path.length;
    if (end > start) {
      segments.push(decodeSegment(path.slice(start, end)));
      starts.push(start);
    }
    start = end + 1;
  }
  return { segments, starts };
}

function restOf(path, starts, at) {
  return at < starts.length ? path.slice(starts[at]) : '';
}

function runLink(route, at, req, res) {
  const link = route.links[at];
  if (link.before !== undefined) runChecks(link.before, req, route);
  if (at === route.links.length - 1) return link.fn.call(undefined, req, res);
  let called = false;
  let result;
  const own = link.fn.call(undefined, req, res, (error) => {
    if (error) throw error;
    if (called) return;
    called = true;
    result = runLink(route, at + 1, req, res);
  });
  return isPromise(own) ? own : result;
}

function isPromise(value) {
  return value !== null && typeof value === 'object' && typeof value.then === 'function';
}

function watch(promise, method, path) {
  promise.then(undefined, (error) => {
    state.ops.log(
      'error',
      `${method} ${path}: unhandled rejection: ${fullStack(error).join('\n')}`,
    );
  });
}

function isEmpty(body) {
  return body === undefined || body.length === 0;
}

function respond(res) {
  const body = res[BODY];
  let status = res.statusCode;
  if (status === undefined) status = isEmpty(body) ? 204 : 200;
  else if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw new Error(`Response status is not a number: ${String(status)}`);
  }
  const bodiless = isEmpty(body) || status === 204 || status === 304;
  let contentType = res[CONTENT_TYPE];
  const headers = res[HEADERS];
  if (contentType === undefined && headers !== undefined) contentType = headers['content-type'];
  if (contentType === undefined && !isEmpty(body)) {
    contentType = declaredType(res, status);
    if (headers === undefined && res[COOKIES] === undefined && contentType === undefined) {
      state.ops.respond(status, DEFAULT_HEADERS, bodiless ? undefined : body);
      return;
    }
    if (contentType === undefined) contentType = 'application/json';
  }
  const block =
    headers === undefined && res[COOKIES] === undefined && contentType === mime.JSON_UTF8
      ? JSON_HEADERS
      : formatHeaders(contentType, headers, res[COOKIES]);
  state.ops.respond(status, block, bodiless ? undefined : body);
}

function declaredType(res, status) {
  const { responses } = res[ROUTE];
  if (responses.size === 0) return undefined;
  const definition = responses.get(status);
  if (definition === undefined || definition.mimes.length === 0) return undefined;
  return mime.withCharset(definition.mimes[0]);
}

function respondUnmatched(context, path, query, allowed) {
  if (allowed.size > 0) {
    const page = errorPage(405, 405, 'method not supported', undefined, undefined);
    const block = `${JSON_HEADERS}allow: ${[...allowed].join(', ')}\n`;
    state.ops.respond(405, block, JSON.stringify(page));
    return;
  }
  const url = context.mount + path + (query === '' ? '' : `?${query}`);
  const page = errorPage(404, 404, `unknown path '${url}'`, undefined, undefined);
  state.ops.respond(404, JSON_HEADERS, JSON.stringify(page));
}

function errorPage(status, errorNum, errorMessage, extra, error) {
  const page = { error: true, errorNum, errorMessage, code: status };
  if (extra !== null && typeof extra === 'object') Object.assign(page, extra);
  if (error !== undefined && state.init.development) {
    page.exception = headLine(error);
    page.stacktrace = fullStack(error);
  }
  return page;
}

function isHttpError(error) {
  return (
    error !== null &&
    typeof error === 'object' &&
    [error.statusCode, error.status].some(
      (value) => typeof value === 'number' && value >= 400 && value < 600,
    )
  );
}

// {status, page} for a thrown value.
function describe(error) {
  const status = statusOfError(error);
  const isObject = error !== null && typeof error === 'object';
  const known = isHttpError(error) || (isObject && error.isArangoError === true);
  let errorNum = isObject && typeof error.errorNum === 'number' ? error.errorNum : status;
  let message = 'internal server error';
  if (known) message = error.errorMessage || error.message || statusText(status) || message;
  else errorNum = status;
  const extra = isObject ? error.extra : undefined;
  return { status, page: errorPage(status, errorNum, String(message), extra, error) };
}

function respondError(context, error, res, method, path) {
  try {
    respondDescribed(context, error, res, method, path);
  } catch {
    // A thrown value whose own getters throw cannot be described.
    const page = errorPage(500, 500, 'internal server error', undefined, undefined);
    state.ops.respond(500, JSON_HEADERS, JSON.stringify(page));
  }
}

function respondDescribed(context, error, res, method, path) {
  const { status, page } = describe(error);
  logError(error, status, `${method} ${context.mount}${path}`);
  const headers = res === undefined ? undefined : res[HEADERS];
  if (headers !== undefined) {
    delete headers['content-type'];
    delete headers['content-encoding'];
  }
  const cookies = res === undefined ? undefined : res[COOKIES];
  state.ops.respond(status, formatHeaders(mime.JSON_UTF8, headers, cookies), pageText(page));
}

function pageText(page) {
  const indent = state.init.development ? 2 : undefined;
  try {
    return JSON.stringify(page, undefined, indent);
  } catch {
    // Details that JSON cannot show (cycles, BigInt) must not hide the error itself.
    const { error, errorNum, errorMessage, code } = page;
    return JSON.stringify({ error, errorNum, errorMessage, code }, undefined, indent);
  }
}

function logError(error, status, place) {
  if (status >= 500) state.ops.log('error', `${place}: ${fullStack(error).join('\n')}`);
  else if (state.init.development) {
    state.ops.log('warn', `${place}: ${stackLines(error)[0]}`);
  }
}

module.exports = { Dispatcher, describe };
