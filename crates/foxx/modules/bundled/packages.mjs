// The files of `dist/builtin`: the name by which services require a module, and the package behind
// it.

// Modules of Node that polyfills provide.
export const NODE_PACKAGES = {
  assert: 'assert',
  buffer: 'buffer',
  constants: 'constants-browserify',
  events: 'events',
  path: 'path-browserify',
  punycode: 'punycode',
  querystring: 'querystring-es3',
  stream: 'readable-stream',
  string_decoder: 'string_decoder',
  url: 'url',
  util: 'util',
};

// npm modules that services may require without shipping them.
export const BUNDLED_PACKAGES = [
  'accepts',
  'ansi-html',
  'ansi_up',
  'aqb',
  'babel-code-frame',
  'chai',
  'chalk',
  'content-disposition',
  'dedent',
  'error-stack-parser',
  'expect.js',
  'extendible',
  'highlight.js',
  'http-errors',
  'i',
  'iconv-lite',
  'joi',
  'joi-to-json-schema',
  'js-yaml',
  'lodash',
  'lodash/fp',
  'marked',
  'media-typer',
  'mime-types',
  'minimatch',
  'netmask',
  'qs',
  'range-parser',
  'semver',
  'sinon',
  'statuses',
  'timezone',
  'type-is',
  'vary',
  'xmldom',
];

// Used by the framework; a leading underscore keeps them from services.
export const PRIVATE_PACKAGES = {
  '_json-schema': 'jsonschema',
};

// Node modules that our own runtime provides, or that it keeps for bundled packages alone.
export const PROVIDED_NAMES = [
  'console',
  'crypto',
  'fs',
  'module',
  'net',
  'os',
  'process',
  'timers',
  'tty',
  'vm',
];
