// Media types: short names, file extensions, and how well a content type fits a list.
'use strict';

const { requireFile } = require('../runtime/builtins.js');

const SHORT = new Map([
  ['json', 'application/json'],
  ['html', 'text/html'],
  ['text', 'text/plain'],
  ['txt', 'text/plain'],
  ['form', 'application/x-www-form-urlencoded'],
  ['urlencoded', 'application/x-www-form-urlencoded'],
  ['multipart', 'multipart/form-data'],
  ['binary', 'application/octet-stream'],
]);

const JSON_UTF8 = 'application/json; charset=utf-8';

// A media type from a type, a short name or a file extension; unknown names stay as they are.
function expand(name) {
  const text = String(name);
  const short = SHORT.get(text);
  if (short !== undefined) return short;
  if (text.includes('/')) return text;
  return requireFile('mime-types').lookup(text) || text;
}

// The media type by which `res.attachment` and static files are sent.
function ofFile(path) {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const dot = name.lastIndexOf('.');
  if (dot === -1) return 'application/octet-stream';
  return requireFile('mime-types').lookup(name.slice(dot + 1)) || 'application/octet-stream';
}

// `type/subtype` in lower case without parameters.
function essence(contentType) {
  const end = contentType.indexOf(';');
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

function isJson(type) {
  return type === 'application/json' || type.endsWith('+json');
}

// Types that the framework itself chooses say how their text is encoded.
function withCharset(type) {
  if (type.includes(';')) return type;
  if (type === 'application/json') return JSON_UTF8;
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type;
}

// The first of `types` that the content type fits, else the first one.
function choose(types, contentType) {
  if (contentType === undefined) return types[0];
  const actual = essence(contentType);
  const fitting = types.find((type) => {
    const wanted = essence(type);
    if (wanted === actual) return true;
    if (wanted === 'application/json') return isJson(actual);
    const slash = wanted.indexOf('/');
    if (wanted.endsWith('/*')) return actual.startsWith(wanted.slice(0, slash + 1));
    return wanted === '*/*';
  });
  return fitting === undefined ? types[0] : fitting;
}

module.exports = { JSON_UTF8, choose, essence, expand, isJson, ofFile, withCharset };
