// `console`: every call is one entry of the server's log, which the host marks with the mount.
'use strict';

const state = require('../runtime/state.js');
const { fullStack } = require('../runtime/errors.js');
const { requireFile } = require('../runtime/builtins.js');

function inspect(value, depth) {
  if (value instanceof Error) return fullStack(value).join('\n');
  try {
    return requireFile('util').inspect(value, { depth });
  } catch {
    // An object whose getters or proxies throw must not break logging.
    return Object.prototype.toString.call(value);
  }
}

function formatOne(value) {
  return typeof value === 'string' ? value : inspect(value, 5);
}

function toJson(value) {
  try {
    return JSON.stringify(value);
  } catch {
    return '[Circular]';
  }
}

const CODES = {
  s: (value) => (typeof value === 'object' && value !== null ? formatOne(value) : String(value)),
  d: (value) => String(Math.trunc(Number(value))),
  i: (value) => String(Math.trunc(Number(value))),
  f: (value) => String(Number(value)),
  o: (value) => inspect(value, 5),
  O: (value) => inspect(value, 5),
  j: toJson,
};

function format(args) {
  if (typeof args[0] !== 'string') return args.map(formatOne).join(' ');
  let used = 1;
  const text = args[0].replace(/%([%sdifoOj])/g, (code, letter) => {
    if (letter === '%') return args.length > 1 ? '%' : code;
    if (used >= args.length) return code;
    used += 1;
    return CODES[letter](args[used - 1]);
  });
  return [text, ...args.slice(used).map(formatOne)].join(' ');
}

function createConsole() {
  let indent = '';
  const timers = new Map();
  const counts = new Map();

  const write = (level, text) => {
    const body =
      indent === ''
        ? text
        : text
            .split('\n')
            .map((line) => indent + line)
            .join('\n');
    state.ops.log(level, body);
  };
  const log =
    (level) =>
    (...args) =>
      write(level, format(args));
  const lines =
    (level) =>
    (...args) => {
      for (const line of format(args).split('\n')) write(level, line);
    };
  const stack = (level) => (error, message) => {
    const text = fullStack(error).join('\n');
    write(level, message === undefined ? text : `${message}\n${text}`);
  };
  const group = (...args) => {
    if (args.length > 0) write('info', format(args));
    indent += '  ';
  };

  return {
    log: log('info'),
    info: log('info'),
    debug: log('debug'),
    warn: log('warn'),
    error: log('error'),
    trace(...args) {
      const at = fullStack(new Error(format(args))).slice(1);
      write('trace', [`Trace: ${format(args)}`, ...at].join('\n'));
    },
    assert(condition, ...args) {
      if (condition) return;
      const text = args.length === 0 ? 'Assertion failed' : format(args);
      write('error', text);
      throw new Error(text);
    },
    dir: (value) => write('info', inspect(value, 2)),
    time: (name = 'default') => void timers.set(String(name), state.ops.now()),
    timeEnd(name = 'default') {
      const started = timers.get(String(name));
      if (started === undefined) throw new Error(`No such timer: ${name}`);
      timers.delete(String(name));
      write('info', `${name}: ${(state.ops.now() - started).toFixed(3)}ms`);
    },
    count(name = 'default') {
      counts.set(name, (counts.get(name) || 0) + 1);
      write('info', `${name}: ${counts.get(name)}`);
    },
    profile() {},
    profileEnd() {},
    group,
    groupCollapsed: group,
    groupEnd() {
      indent = indent.slice(2);
    },
    logLines: lines('info'),
    infoLines: lines('info'),
    debugLines: lines('debug'),
    warnLines: lines('warn'),
    errorLines: lines('error'),
    infoStack: stack('info'),
    debugStack: stack('debug'),
    warnStack: stack('warn'),
    errorStack: stack('error'),
  };
}

module.exports = { createConsole, format };
