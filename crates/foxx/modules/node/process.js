// `process`: the environment that the host allows, and harmless stand-ins for what packages read.
'use strict';

const state = require('../runtime/state.js');

function createProcess() {
  const { init, ops } = state;
  const started = ops.now();
  return {
    argv: [],
    env: { ...init.env },
    title: 'vulpes',
    pid: 0,
    arch: 'x64',
    platform: init.platform || 'linux',
    // The Node version whose language level this is; packages compare it with a range.
    version: 'v20.0.0',
    versions: { node: '20.0.0' },
    browser: false,
    cwd: () => init.cwd,
    nextTick() {},
    exit() {},
    on() {
      return this;
    },
    once() {
      return this;
    },
    emitWarning(warning) {
      ops.log('warn', String(warning));
    },
    hrtime: createHrtime(ops, started),
    uptime: () => (ops.now() - started) / 1000,
    memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0 }),
    stdout: createStream('info'),
    stderr: createStream('error'),
  };
}

function createHrtime(ops, started) {
  return function hrtime(previous) {
    const ms = ops.now() - started;
    let seconds = Math.floor(ms / 1000);
    let nanos = Math.floor((ms % 1000) * 1e6);
    if (previous !== undefined) {
      seconds -= previous[0];
      nanos -= previous[1];
      if (nanos < 0) {
        seconds -= 1;
        nanos += 1e9;
      }
    }
    return [seconds, nanos];
  };
}

function createStream(level) {
  return {
    isTTY: false,
    write(text) {
      state.ops.log(level, String(text).replace(/\n$/, ''));
      return true;
    },
  };
}

module.exports = { createProcess };
