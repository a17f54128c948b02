// The route tree: what the routers recorded, compiled once a service has been loaded.
//
// Each mounted router has a tree of its own whose nodes are path segments. A request walks it depth
// first: a literal segment before a parameter; where the path ends, routes that end there before
// wildcard routes and routers mounted there; otherwise the order of registration.
'use strict';

class Node {
  constructor() {
    this.literals = new Map();
    this.param = undefined;
    this.middleware = [];
    this.exact = [];
    // Wildcard routes and mounted routers: they take what is left of the path.
    this.tails = [];
  }

  child(segment) {
    if (segment.literal === undefined) {
      if (this.param === undefined) this.param = new Node();
      return this.param;
    }
    let node = this.literals.get(segment.literal);
    if (node === undefined) {
      node = new Node();
      this.literals.set(segment.literal, node);
    }
    return node;
  }
}

// A route as reached through one chain of mountings, with all that a request needs.
class CompiledRoute {
  constructor(endpoint, steps, params, levels) {
    this.endpoint = endpoint;
    this.methods = endpoint._methods;
    this.wildcard = endpoint._pattern.wildcard;
    this.params = params;
    this.levels = levels;
    this.definitions = steps.filter((step) => step.definition !== undefined);
    this.pathSchemas = pathSchemas(this.definitions, params);
    this.links = makeLinks(steps);
    this.plain = this.links.length === 1 && this.links[0].before === undefined;
    this.body = effectiveBody(this.definitions);
    this.knownResponses = undefined;
  }

  // Status -> response definition; the innermost of each status.
  get responses() {
    if (this.knownResponses === undefined) {
      this.knownResponses = new Map();
      for (const { definition, middleware } of this.definitions) {
        if (middleware) continue;
        for (const [status, entry] of definition._responses) this.knownResponses.set(status, entry);
      }
    }
    return this.knownResponses;
  }
}

function pathSchemas(definitions, params) {
  const schemas = new Map();
  for (const { definition } of definitions) {
    for (const [name, entry] of definition._pathParams) schemas.set(name, entry.schema);
  }
  const used = params.filter(({ name }) => schemas.get(name) !== undefined);
  if (used.length === 0) return undefined;
  return new Map(used.map(({ name }) => [name, schemas.get(name)]));
}

function effectiveBody(definitions) {
  for (let at = definitions.length - 1; at >= 0; at -= 1) {
    const { definition } = definitions[at];
    if (definition._body !== undefined) return definition._body;
  }
  return undefined;
}

// For each function of the chain, the checks that are due before it runs. Of several definitions of
// one name only the innermost counts; the bodies of middleware are checked in addition to the
// route's.
function makeLinks(steps) {
  const owners = new Map();
  for (const step of steps) {
    const { definition } = step;
    if (definition === undefined) continue;
    for (const name of definition._headers.keys()) owners.set(`header ${name}`, step);
    for (const name of definition._queryParams.keys()) owners.set(`query ${name}`, step);
    if (definition._body !== undefined && !step.middleware) owners.set('body', step);
  }
  const links = [];
  let before = [];
  for (const step of steps) {
    if (step.definition !== undefined) before.push(...checksOf(step, owners));
    if (step.fn !== undefined) {
      links.push({ fn: step.fn, before: before.length === 0 ? undefined : before });
      before = [];
    }
  }
  return links;
}

function checksOf(step, owners) {
  const { definition, middleware } = step;
  const checks = [];
  for (const [name, entry] of definition._headers) {
    if (owners.get(`header ${name}`) === step && entry.schema !== undefined) {
      checks.push({ kind: 'header', name, schema: entry.schema });
    }
  }
  for (const [name, entry] of definition._queryParams) {
    if (owners.get(`query ${name}`) === step && entry.schema !== undefined) {
      checks.push({ kind: 'query', name, schema: entry.schema });
    }
  }
  const body = definition._body;
  if (body !== undefined && (middleware || owners.get('body') === step)) {
    checks.push({ kind: 'body', body });
  }
  return checks;
}

// Compiles a router that is reached with `base`: {steps, params, depth, levels}.
function compileRouter(router, base) {
  const root = new Node();
  router._items.forEach((endpoint, index) => insert(root, endpoint, index));
  const steps = [...base.steps, { definition: router, middleware: false }];
  const levels = [...base.levels, { router, prefix: base.prefix }];
  finish(root, { ...base, steps, levels }, []);
  return root;
}

function insert(root, endpoint, index) {
  let node = root;
  for (const segment of endpoint._pattern.segments) node = node.child(segment);
  const entry = { endpoint, index };
  if (endpoint._kind === 'middleware') node.middleware.push(entry);
  else if (endpoint._kind === 'route' && !endpoint._pattern.wildcard) node.exact.push(entry);
  else node.tails.push(entry);
}

function finish(node, base, outer) {
  const middleware = [...outer, ...node.middleware];
  const ordered = [...middleware].sort((a, b) => a.index - b.index);
  node.exact = node.exact.map((entry) => compileRoute(entry.endpoint, base, ordered));
  node.tails = node.tails.map((entry) => compileTail(entry.endpoint, base, ordered));
  node.middleware = [];
  for (const child of node.literals.values()) finish(child, base, middleware);
  if (node.param !== undefined) finish(node.param, base, middleware);
}

function middlewareSteps(middleware) {
  return middleware.flatMap(({ endpoint }) => [
    { definition: endpoint, middleware: true },
    { fn: endpoint._handler },
  ]);
}

// Names of the parameters on the way, each with the position of its value among the values found.
function paramsOf(endpoints, base) {
  const params = [...base.params];
  for (const endpoint of endpoints) {
    let position = base.depth;
    for (const segment of endpoint._pattern.segments) {
      if (segment.param === undefined) continue;
      params.push({ name: segment.param, position });
      position += 1;
    }
  }
  return params;
}

function countParams(pattern) {
  return pattern.segments.filter((segment) => segment.param !== undefined).length;
}

function compileRoute(endpoint, base, middleware) {
  const steps = [
    ...base.steps,
    ...middlewareSteps(middleware),
    { definition: endpoint, middleware: false },
    ...endpoint._middleware.map((fn) => ({ fn })),
    { fn: endpoint._handler },
  ];
  const params = paramsOf([...middleware.map((entry) => entry.endpoint), endpoint], base);
  const route = new CompiledRoute(endpoint, steps, params, base.levels);
  route.pattern = [...base.prefix, ...endpoint._pattern.segments];
  return route;
}

function compileTail(endpoint, base, middleware) {
  if (endpoint._kind === 'route') return compileRoute(endpoint, base, middleware);
  const steps = [
    ...base.steps,
    ...middlewareSteps(middleware),
    { definition: endpoint, middleware: false },
  ];
  return compileRouter(endpoint._router, {
    steps,
    params: paramsOf([...middleware.map((entry) => entry.endpoint), endpoint], base),
    depth: base.depth + countParams(endpoint._pattern),
    prefix: [...base.prefix, ...endpoint._pattern.segments],
    levels: base.levels,
  });
}

// Calls `visit(route, values, at)` for each route that fits, best first, until it answers true.
// `values` holds what the parameters matched, `at` is the index of the first segment of the rest.
function walk(node, segments, at, values, visit) {
  if (at < segments.length) {
    const literal = node.literals.get(segments[at]);
    if (literal !== undefined && walk(literal, segments, at + 1, values, visit)) return true;
    const value = segments[at];
    if (node.param !== undefined && value !== '..' && value !== '.') {
      values.push(value);
      if (walk(node.param, segments, at + 1, values, visit)) return true;
      values.pop();
    }
  } else {
    for (const route of node.exact) if (visit(route, values, at)) return true;
  }
  for (const tail of node.tails) {
    const found =
      tail instanceof Node ? walk(tail, segments, at, values, visit) : visit(tail, values, at);
    if (found) return true;
  }
  return false;
}

// Every compiled route below a node.
function allRoutes(node, found = []) {
  found.push(...node.exact);
  for (const tail of node.tails) {
    if (tail instanceof Node) allRoutes(tail, found);
    else found.push(tail);
  }
  for (const child of node.literals.values()) allRoutes(child, found);
  if (node.param !== undefined) allRoutes(node.param, found);
  return found;
}

function compileRoot(router) {
  return compileRouter(router, { steps: [], params: [], depth: 0, prefix: [], levels: [] });
}

module.exports = { allRoutes, compileRoot, walk };
