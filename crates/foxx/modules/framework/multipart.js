// multipart/form-data into its parts: an array of Buffers (or parsed JSON values) that carry their
// headers.
'use strict';

const { hide } = require('../runtime/errors.js');

function parseMultipart(body, contentType) {
  const match = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  if (match === null) throw new Error('the content type names no boundary');
  const delimiter = Buffer.from(`--${match[1] || match[2]}`);
  const parts = [];
  let start = body.indexOf(delimiter);
  if (start === -1) throw new Error('the boundary does not occur');
  for (;;) {
    start += delimiter.length;
    if (body[start] === 45 && body[start + 1] === 45) return parts;
    const end = body.indexOf(delimiter, start);
    if (end === -1) throw new Error('the last boundary is missing');
    parts.push(parsePart(body.slice(start, end)));
    start = end;
  }
}

// A part begins after the line break of its boundary and ends before that of the next.
function parsePart(bytes) {
  const text = bytes[0] === 13 ? bytes.slice(2) : bytes.slice(1);
  const crlf = text.indexOf('\r\n\r\n');
  const headEnd = text.indexOf('\r\n') === 0 ? 0 : crlf;
  if (headEnd === -1) throw new Error('a part has no end of headers');
  const headers = parsePartHeaders(text.slice(0, headEnd).toString('utf8'));
  const dataStart = headEnd === 0 ? 2 : headEnd + 4;
  const dataEnd = text[text.length - 2] === 13 ? text.length - 2 : text.length - 1;
  return makePart(text.slice(dataStart, Math.max(dataStart, dataEnd)), headers);
}

function parsePartHeaders(text) {
  const headers = {};
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0)
      headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}

function makePart(data, headers) {
  const type = headers['content-type'] || '';
  let part = data;
  if (/^application\/([\w.+-]+\+)?json\b/i.test(type)) {
    const value = JSON.parse(data.toString('utf8'));
    // Only objects can carry headers; other JSON values stay as bytes.
    if (value !== null && typeof value === 'object') part = value;
  }
  const disposition = headers['content-disposition'] || '';
  part.headers = headers;
  hide(part, 'data', data);
  hide(part, 'name', dispositionValue(disposition, 'name'));
  hide(part, 'filename', dispositionValue(disposition, 'filename'));
  return part;
}

function dispositionValue(disposition, key) {
  const match = new RegExp(`;\\s*${key}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i').exec(
    disposition,
  );
  if (match === null) return undefined;
  return match[1] === undefined ? match[2] : match[1].replace(/\\(.)/g, '$1');
}

module.exports = { parseMultipart };
