// Routers: ordered lists of routes, middleware and child routers. They do nothing until they are
// mounted.
'use strict';

const { Definition } = require('./definition.js');
const { parsePattern } = require('./pattern.js');

const ALL_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'];

// One route, middleware or mounted router; services see it as the endpoint that `get`, `use` …
// answer.
class Endpoint extends Definition {
  constructor(kind, pattern, name) {
    super();
    Object.assign(this, { _kind: kind, _pattern: pattern, _name: name });
  }
}

class Router extends Definition {
  constructor() {
    super();
    this._items = [];
    this.isArangoFoxxRouter = true;
  }

  all(...args) {
    return addRoute(this, ALL_METHODS, args);
  }

  use(...args) {
    return addUse(this, args);
  }
}

for (const verb of ['get', 'post', 'put', 'patch', 'delete', 'head', 'options']) {
  Object.defineProperty(Router.prototype, verb, {
    value(...args) {
      return addRoute(this, [verb.toUpperCase()], args);
    },
    writable: true,
    configurable: true,
  });
}

function addRoute(router, methods, args) {
  const rest = [...args];
  const path = typeof rest[0] === 'string' ? rest.shift() : '/';
  const name = typeof rest[rest.length - 1] === 'string' ? rest.pop() : undefined;
  if (rest.length === 0) throw new Error(`Route "${path}" has no handler`);
  const endpoint = new Endpoint('route', parsePattern(path), name);
  endpoint._methods = methods;
  const functions = rest.map((fn) => toFunction(fn, endpoint, path));
  endpoint._handler = functions.pop();
  endpoint._middleware = functions;
  router._items.push(endpoint);
  return endpoint;
}

function addUse(router, args) {
  const rest = [...args];
  const path = typeof rest[0] === 'string' ? rest.shift() : '/';
  const target = rest.shift();
  const name = typeof rest[0] === 'string' ? rest[0] : undefined;
  if (target instanceof Router) {
    const endpoint = new Endpoint('router', parsePattern(path), name);
    endpoint._router = target;
    router._items.push(endpoint);
    return endpoint;
  }
  const endpoint = new Endpoint('middleware', parsePattern(path), name);
  endpoint._handler = toFunction(target, endpoint, path);
  router._items.push(endpoint);
  return endpoint;
}

function toFunction(given, endpoint, path) {
  if (given !== null && given !== undefined && typeof given.register === 'function') {
    const registered = given.register(endpoint);
    if (typeof registered === 'function') return registered;
    throw new Error(
      `The register function of the middleware at "${path}" did not return a function`,
    );
  }
  if (typeof given === 'function') return given;
  throw new Error(`"${describe(given)}" at "${path}" is not a valid middleware, handler or router`);
}

function describe(value) {
  try {
    return value === null || typeof value !== 'object'
      ? String(value)
      : Object.prototype.toString.call(value);
  } catch {
    return typeof value;
  }
}

function createRouter() {
  return new Router();
}

module.exports = { ALL_METHODS, Endpoint, Router, createRouter };
