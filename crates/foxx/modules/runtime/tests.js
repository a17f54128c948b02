// The runner of a service's tests: collects suites in the manner of Mocha, then runs them one by
// one.
'use strict';

const paths = require('./paths.js');
const state = require('./state.js');
const { stackLines } = require('./errors.js');
const { report } = require('./reporters.js');

class Suite {
  constructor(title, parent) {
    this.title = title;
    this.parent = parent;
    this.suites = [];
    this.tests = [];
    this.hooks = { before: [], after: [], beforeEach: [], afterEach: [] };
    this.pending = parent !== undefined && parent.pending;
    this.only = false;
  }

  get fullTitle() {
    const outer = this.parent === undefined ? '' : this.parent.fullTitle;
    return [outer, this.title].filter((part) => part !== '').join(' ');
  }
}

const SKIP = new Error('test skipped');

const HOOK_NAMES = {
  before: 'before',
  suiteSetup: 'before',
  after: 'after',
  suiteTeardown: 'after',
  beforeEach: 'beforeEach',
  setup: 'beforeEach',
  afterEach: 'afterEach',
  teardown: 'afterEach',
};

// What hooks and tests have as `this`: settings that mean nothing for synchronous code, and `skip`.
function makeRunnable() {
  const runnable = {
    skip() {
      throw SKIP;
    },
  };
  for (const name of ['timeout', 'slow', 'retries']) runnable[name] = () => runnable;
  return runnable;
}

// The functions that a test file gets; they record into the suite that is open.
function createDsl(root) {
  let current = root;
  const flags = { only: false };

  function describe(title, fn, { skip = false, only = false } = {}) {
    const suite = new Suite(String(title), current);
    suite.pending = suite.pending || skip || typeof fn !== 'function';
    suite.only = only;
    if (only) flags.only = true;
    current.suites.push(suite);
    if (typeof fn !== 'function') return;
    current = suite;
    try {
      fn.call(makeRunnable());
    } finally {
      current = suite.parent;
    }
  }

  function it(title, fn, { skip = false, only = false } = {}) {
    if (only) flags.only = true;
    const pending = skip || current.pending || typeof fn !== 'function';
    current.tests.push({ title: String(title), fn, pending, only, suite: current });
  }

  const functions = {};
  for (const [make, names, skipped] of [
    [describe, ['describe', 'context', 'suite'], 'xdescribe'],
    [it, ['it', 'specify', 'test'], 'xit'],
  ]) {
    const call = (title, fn) => make(title, fn);
    call.skip = (title, fn) => make(title, fn, { skip: true });
    call.only = (title, fn) => make(title, fn, { only: true });
    for (const name of names) functions[name] = call;
    functions[skipped] = call.skip;
  }
  for (const [name, kind] of Object.entries(HOOK_NAMES)) {
    functions[name] = (first, second) =>
      current.hooks[kind].push(typeof first === 'function' ? first : second);
  }
  return {
    functions,
    flags,
    recordExports: (exports) => recordExports(exports, describe, it, functions),
  };
}

// The exports style: objects are suites, functions are tests or hooks.
function recordExports(exports, describe, it, functions) {
  for (const key of Object.keys(exports)) {
    const value = exports[key];
    if (typeof value === 'function') {
      if (['before', 'after', 'beforeEach', 'afterEach'].includes(key)) functions[key](value);
      else it(key, value);
    } else if (value !== null && typeof value === 'object') {
      describe(key, () => recordExports(value, describe, it, functions));
    }
  }
}

// Calls a test or hook; one that takes a parameter gets `done`, which has to be called before it
// returns.
function callRunnable(fn, runnable) {
  if (fn.length === 0) {
    fn.call(runnable);
    return;
  }
  let failure;
  fn.call(runnable, (error) => {
    if (error && failure === undefined) failure = error;
  });
  if (failure !== undefined) throw failure;
}

function describeFailure(error) {
  const isObject = error !== null && typeof error === 'object';
  const described = {
    message: isObject ? String(error.message) : String(error),
    stack: stackLines(error).join('\n'),
  };
  if (!isObject) return described;
  for (const key of ['name', 'actual', 'expected', 'operator', 'showDiff']) {
    if (error[key] !== undefined) described[key] = toReportable(error[key]);
  }
  return described;
}

// Reports are JSON: what JSON cannot show is told in words.
function toReportable(value) {
  try {
    return JSON.stringify(value) === undefined ? String(value) : value;
  } catch {
    return Object.prototype.toString.call(value);
  }
}

class Runner {
  constructor(filter, onlyMode) {
    this.filter = filter;
    this.onlyMode = onlyMode;
    this.events = [];
    this.stats = { tests: 0, passes: 0, failures: 0, pending: 0, duration: 0 };
  }

  isSelected(test) {
    if (this.onlyMode && !test.only) {
      let { suite } = test;
      while (suite !== undefined && !suite.only) suite = suite.parent;
      if (suite === undefined) return false;
    }
    return this.filter === undefined || fullTitleOf(test).includes(this.filter);
  }

  selected(suite) {
    return [
      ...suite.tests.filter((test) => this.isSelected(test)),
      ...suite.suites.flatMap((s) => this.selected(s)),
    ];
  }

  run(suite) {
    const result = { title: suite.title, suites: [], tests: [] };
    const chosen = this.selected(suite);
    if (chosen.length === 0) return result;
    const active = chosen.some((test) => !test.pending);
    const broken = active ? this.runHooks(suite, 'before', result) : false;
    if (!broken) {
      for (const test of suite.tests.filter((item) => this.isSelected(item)))
        this.runTest(test, result);
      for (const inner of suite.suites) {
        if (this.selected(inner).length > 0) result.suites.push(this.run(inner));
      }
    }
    if (active) this.runHooks(suite, 'after', result);
    return result;
  }

  runHooks(suite, kind, result) {
    for (const hook of suite.hooks[kind]) {
      try {
        callRunnable(hook, makeRunnable());
      } catch (error) {
        const title = `"${kind} all" hook`;
        this.record(result, { title, suite }, 'fail', 0, describeFailure(error));
        return true;
      }
    }
    return false;
  }

  runTest(test, result) {
    if (test.pending) {
      this.record(result, test, 'pending', undefined, {});
      return;
    }
    const started = state.ops.now();
    let error;
    let failed = false;
    try {
      for (const hook of eachHooks(test.suite, 'beforeEach')) callRunnable(hook, makeRunnable());
      callRunnable(test.fn, makeRunnable());
    } catch (thrown) {
      error = thrown;
      failed = true;
    }
    try {
      for (const hook of eachHooks(test.suite, 'afterEach').reverse())
        callRunnable(hook, makeRunnable());
    } catch (thrown) {
      if (!failed) error = thrown;
      failed = true;
    }
    const duration = state.ops.now() - started;
    if (failed && error === SKIP) this.record(result, test, 'pending', undefined, {});
    else
      this.record(
        result,
        test,
        failed ? 'fail' : 'pass',
        duration,
        failed ? describeFailure(error) : {},
      );
  }

  record(result, test, outcome, duration, err) {
    const rounded = duration === undefined ? undefined : Math.round(duration);
    const counter = { pass: 'passes', fail: 'failures', pending: 'pending' }[outcome];
    this.stats.tests += 1;
    this.stats[counter] += 1;
    result.tests.push({ title: test.title, result: outcome, duration: rounded, err });
    this.events.push({
      title: test.title,
      fullTitle: fullTitleOf(test),
      suiteTitle: test.suite.fullTitle,
      result: outcome,
      duration: rounded,
      err,
    });
  }
}

function fullTitleOf(test) {
  return [test.suite.fullTitle, test.title].filter((part) => part !== '').join(' ');
}

// Outermost first within each kind.
function eachHooks(suite, kind) {
  const outer = suite.parent === undefined ? [] : eachHooks(suite.parent, kind);
  return [...outer, ...suite.hooks[kind]];
}

function runTests(service, files, { reporter, filter, idiomatic }) {
  const root = new Suite('', undefined);
  const { functions, flags, recordExports: record } = createDsl(root);
  const names = Object.keys(functions);
  for (const path of files) {
    const file = service.loader.resolveEntry(service.init.basePath, paths.normalize(path));
    const { exports } = service.loader.loadFresh(
      file,
      names.join(', '),
      names.map((name) => functions[name]),
    );
    if (exports !== null && typeof exports === 'object') record(exports);
  }
  const runner = new Runner(filter, flags.only);
  const started = state.ops.now();
  const result = runner.run(root);
  runner.stats.duration = Math.round(state.ops.now() - started);
  return report(reporter, Boolean(idiomatic), {
    stats: runner.stats,
    events: runner.events,
    root: result,
  });
}

module.exports = { runTests };
