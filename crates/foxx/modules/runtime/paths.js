// Absolute POSIX paths: the small part of `path` that the runtime itself needs.
'use strict';

function normalize(path) {
  const absolute = path.startsWith('/');
  const out = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (out.length > 0 && out[out.length - 1] !== '..') out.pop();
      else if (!absolute) out.push('..');
    } else out.push(part);
  }
  const joined = out.join('/');
  if (absolute) return `/${joined}`;
  return joined === '' ? '.' : joined;
}

function join(...parts) {
  return normalize(parts.filter((part) => part !== '').join('/'));
}

function dirname(path) {
  const slash = path.lastIndexOf('/');
  if (slash === -1) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}

function basename(path) {
  return path.slice(path.lastIndexOf('/') + 1);
}

function extname(path) {
  const name = basename(path);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot);
}

module.exports = { basename, dirname, extname, join, normalize };
