// Path patterns of routes and mountings: literal segments, `:name` segments, a trailing `*`.
'use strict';

const PARAM = /^:([A-Za-z_][A-Za-z0-9_-]*)$/;

function decodeSegment(text) {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // A malformed escape stands for itself.
    return text;
  }
}

// Answers {segments: [{literal} or {param}], wildcard}.
function parsePattern(path) {
  const parts = String(path)
    .split('/')
    .filter((part) => part !== '');
  const wildcard = parts[parts.length - 1] === '*';
  if (wildcard) parts.pop();
  const segments = parts.map((part) => {
    const match = PARAM.exec(part);
    return match === null ? { literal: decodeSegment(part) } : { param: match[1] };
  });
  return { segments, wildcard };
}

module.exports = { decodeSegment, parsePattern };
