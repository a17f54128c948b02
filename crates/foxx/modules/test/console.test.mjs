// What services write to the log.

import assert from 'node:assert/strict';
import test from 'node:test';
import { bootService } from './mock_host.mjs';

const CASES = [
  ["console.log('a', 1, {b: [1]}, null)", ['info: a 1 { b: [ 1 ] } null']],
  [
    "console.info('%s is %d%% of %i and %j', 'x', 20.5, 7.9, {a: 1}, 'rest')",
    ['info: x is 20% of 7 and {"a":1} rest'],
  ],
  ["console.log('100%')", ['info: 100%']],
  [
    "console.warn('w'); console.error('e'); console.debug('d')",
    ['warn: w', 'error: e', 'debug: d'],
  ],
  [
    "console.group('g'); console.log('in\\nside'); console.groupEnd(); console.log('out')",
    ['info: g', 'info:   in\n  side', 'info: out'],
  ],
  ["console.logLines('a\\nb')", ['info: a', 'info: b']],
  ['const o = {}; o.o = o; console.log(o)', ['info: { o: [Circular] }']],
  ["print('p', 1)", ['info: p 1']],
  ["process.stdout.write('out\\n')", ['info: out']],
  [
    "try { console.assert(1 === 2, 'not %s', 'equal') } catch (e) { console.log(e.message) }",
    ['error: not equal', 'info: not equal'],
  ],
];

for (const [code, expected] of CASES) {
  test(code, () => {
    const { host, log } = bootService({ 'index.js': code });
    host.load();
    assert.deepEqual(log, expected);
  });
}

test('errors are logged with their stack and causes', () => {
  const { host, log } = bootService({
    'index.js': "console.error(new TypeError('outer', { cause: new Error('inner') }))",
  });
  host.load();
  const lines = log[0].split('\n');
  assert.equal(lines[0], 'error: TypeError: outer');
  assert.match(lines[1], /^ {4}at /);
  assert.ok(lines.includes('via Error: inner'));
});
