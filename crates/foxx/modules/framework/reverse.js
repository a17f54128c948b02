// URLs of named routes: dotted names, looked up from the current route's router outwards.
'use strict';

// The item list of `router` is searched for the dotted name; answers the segments or `undefined`.
function find(router, names) {
  for (let at = router._items.length - 1; at >= 0; at -= 1) {
    const found = findInItem(router._items[at], names);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findInItem(item, names) {
  const { segments, wildcard } = item._pattern;
  if (item._kind === 'route') {
    return names.length === 1 && item._name === names[0] ? { segments, wildcard } : undefined;
  }
  if (item._kind !== 'router') return undefined;
  if (item._name !== undefined && item._name !== names[0]) return undefined;
  if (item._name !== undefined && names.length === 1) return undefined;
  const rest = item._name === undefined ? names : names.slice(1);
  const inner = find(item._router, rest);
  if (inner === undefined) return undefined;
  return { segments: [...segments, ...inner.segments], wildcard: inner.wildcard };
}

// `levels` are the routers from the service's root to the current route, each with its prefix.
function reverse(levels, name, params) {
  const names = String(name).split('.');
  for (let at = levels.length - 1; at >= 0; at -= 1) {
    const { router, prefix } = levels[at];
    const found = find(router, names);
    if (found !== undefined) return fill([...prefix, ...found.segments], found.wildcard, params);
  }
  throw new Error(`Route could not be resolved: "${name}"`);
}

function fill(segments, wildcard, given) {
  const params = { ...given };
  let path = segments.map((segment) => `/${fillSegment(segment, params)}`).join('');
  if (wildcard) {
    path += `/${params.suffix === undefined ? '' : params.suffix}`;
    delete params.suffix;
  }
  const query = encodeQuery(params);
  if (path === '') path = '/';
  return query === '' ? path : `${path}?${query}`;
}

function fillSegment(segment, params) {
  if (segment.param === undefined) return encodeURIComponent(segment.literal);
  const value = params[segment.param];
  if (value === undefined || value === null) {
    throw new Error(`Missing value for path parameter "${segment.param}"`);
  }
  delete params[segment.param];
  return encodeURIComponent(String(value));
}

function encodeQuery(params) {
  const pairs = [];
  for (const [name, value] of Object.entries(params)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item === undefined) continue;
      pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(String(item))}`);
    }
  }
  return pairs.join('&');
}

module.exports = { encodeQuery, reverse };
