// Header blocks, query strings, cookies and credentials: text on the wire to values and back.
'use strict';

function setOwn(object, key, value) {
  if (key === '__proto__') {
    Object.defineProperty(object, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  } else object[key] = value;
}

// Lines `name: value` to an object of texts.
function parseHeaders(block) {
  const headers = {};
  let start = 0;
  while (start < block.length) {
    let end = block.indexOf('\n', start);
    if (end === -1) end = block.length;
    const colon = block.indexOf(':', start);
    if (colon !== -1 && colon < end) {
      setOwn(headers, block.slice(start, colon), block.slice(colon + 1, end).trim());
    }
    start = end + 1;
  }
  return headers;
}

function decode(text, plusIsBlank) {
  const spaced = plusIsBlank && text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    // A malformed escape stands for itself.
    return spaced;
  }
}

// Repeated names and names with `[]` become arrays.
function parseQuery(query) {
  const params = {};
  if (query === '') return params;
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    let name = decode(equals === -1 ? pair : pair.slice(0, equals), true);
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1), true);
    const list = name.endsWith('[]');
    if (list) name = name.slice(0, -2);
    if (!Object.prototype.hasOwnProperty.call(params, name))
      setOwn(params, name, list ? [value] : value);
    else setOwn(params, name, [].concat(params[name], value));
  }
  return params;
}

function parseCookies(header) {
  const cookies = {};
  if (header === undefined) return cookies;
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals === -1) continue;
    const name = pair.slice(0, equals).trim();
    let value = pair.slice(equals + 1).trim();
    if (value.length > 1 && value.startsWith('"') && value.endsWith('"'))
      value = value.slice(1, -1);
    if (name === '' || Object.prototype.hasOwnProperty.call(cookies, name)) continue;
    setOwn(cookies, name, decode(value, false));
  }
  return cookies;
}

// null without header, {bearer}, or {basic: {username?, password?}}.
function parseAuth(header) {
  if (header === undefined) return null;
  const bearer = /^Bearer\s+(.+)$/i.exec(header);
  if (bearer !== null) return { bearer: bearer[1].trim() };
  const basic = /^Basic(?:\s+(.*))?$/i.exec(header);
  if (basic === null) return null;
  const text = Buffer.from((basic[1] || '').trim(), 'base64').toString('utf8');
  // Bytes that are no text mean that this was no base64 of credentials.
  if (text === '' || text.includes('\ufffd')) return { basic: {} };
  const colon = text.indexOf(':');
  if (colon === -1) return { basic: { username: text } };
  return { basic: { username: text.slice(0, colon), password: text.slice(colon + 1) } };
}

// Host header to {hostname, port?}; understands `[::1]:8529`.
function parseHost(host) {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host.trim());
  if (match === null) return { hostname: host.trim(), port: undefined };
  return { hostname: match[1], port: match[2] === undefined ? undefined : Number(match[2]) };
}

function cleanHeaderValue(value) {
  const text = String(value);
  return /[\r\n\0]/.test(text) ? text.replace(/[\r\n\0]+/g, ' ') : text;
}

function formatHeaders(contentType, headers, cookies) {
  let block = contentType === undefined ? '' : `content-type: ${cleanHeaderValue(contentType)}\n`;
  if (headers !== undefined) {
    for (const name of Object.keys(headers)) {
      const value = headers[name];
      if (value === undefined || value === null) continue;
      const key = cleanHeaderValue(name).toLowerCase();
      if (key === 'content-length' || (key === 'content-type' && contentType !== undefined))
        continue;
      for (const item of Array.isArray(value) && key === 'set-cookie' ? value : [value]) {
        block += `${key}: ${cleanHeaderValue(Array.isArray(item) ? item.join(', ') : item)}\n`;
      }
    }
  }
  if (cookies !== undefined) {
    for (const cookie of cookies) block += `set-cookie: ${cleanHeaderValue(cookie)}\n`;
  }
  return block;
}

module.exports = {
  formatHeaders,
  parseAuth,
  parseCookies,
  parseHeaders,
  parseHost,
  parseQuery,
};
