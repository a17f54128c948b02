// The `Set-Cookie` header, and signatures of cookies.
'use strict';

const state = require('../runtime/state.js');

function readOptions(options) {
  if (options === undefined || options === null) return {};
  if (typeof options === 'string') return { secret: options };
  return typeof options === 'number' ? { ttl: options } : options;
}

// One cookie, or with a secret the cookie and its signature.
function formatCookies(name, value, given) {
  const options = readOptions(given);
  const text = String(value);
  const cookies = [formatCookie(name, text, options)];
  if (options.secret) {
    const algorithm = String(options.algorithm || 'sha256').toLowerCase();
    cookies.push(
      formatCookie(`${name}.sig`, state.ops.hmac(algorithm, options.secret, text), options),
    );
  }
  return cookies;
}

function formatCookie(name, value, options) {
  const parts = [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`];
  if (options.ttl !== undefined && options.ttl !== null) {
    const ttl = Number(options.ttl);
    const expires = ttl > 0 ? new Date(state.ops.now() + ttl * 1000) : new Date(0);
    parts.push(`Max-Age=${Math.max(0, Math.floor(ttl))}`, `Expires=${expires.toUTCString()}`);
  }
  parts.push(`Path=${options.path || '/'}`);
  if (options.domain) parts.push(`Domain=${options.domain}`);
  if (options.secure) parts.push('Secure');
  if (options.httpOnly) parts.push('HttpOnly');
  if (options.sameSite) parts.push(`SameSite=${options.sameSite}`);
  return parts.join('; ');
}

module.exports = { formatCookies };
