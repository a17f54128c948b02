// Cursors over batches of the host.

import assert from 'node:assert/strict';
import test from 'node:test';
import { bootService } from './mock_host.mjs';

// A host whose queries answer 1 to 7 in batches of two.
function batches(closed) {
  const left = [[3, 4], [5, 6], [7]];
  return {
    queryRun: () => ({ result: [1, 2], hasMore: true, id: 'c', extra: '{"stats":{"first":true}}' }),
    cursorNext(id) {
      assert.equal(id, 'c');
      const result = left.shift();
      return {
        result,
        hasMore: left.length > 0,
        extra: left.length > 0 ? undefined : { stats: { last: true } },
      };
    },
    cursorClose: (id) => closed.push(id),
  };
}

const CASES = [
  ['toArray', 'cursor.toArray()', [1, 2, 3, 4, 5, 6, 7]],
  [
    'the rest',
    '[cursor.next(), cursor.next(), cursor.next(), cursor.toArray()]',
    [1, 2, 3, [4, 5, 6, 7]],
  ],
  ['iteration', '[...cursor]', [1, 2, 3, 4, 5, 6, 7]],
  [
    'count after some',
    '(cursor.next(), cursor.next(), cursor.next(), [cursor.count(), cursor.next()])',
    [7, 4],
  ],
  ['end', '(cursor.toArray(), [cursor.hasNext(), cursor.next() === undefined])', [false, true]],
  ['map', 'cursor.map((x, at) => x * 10 + at)', [10, 21, 32, 43, 54, 65, 76]],
  [
    'extra',
    '[cursor.getExtra(), (cursor.toArray(), cursor.getExtra())]',
    [{ stats: { first: true } }, { stats: { last: true } }],
  ],
  ['dispose', '(cursor.dispose(), [cursor.hasNext(), cursor.toArray()])', [false, []]],
];

for (const [name, expression, expected] of CASES) {
  test(name, () => {
    const closed = [];
    const { host } = bootService(
      {
        'index.js': `const cursor = require('@arangodb').db._query('x'); module.exports = ${expression};`,
      },
      { ops: batches(closed) },
    );
    assert.deepEqual(JSON.parse(host.runScript('index.js', '[]')), expected);
    assert.deepEqual(closed, name === 'dispose' ? ['c'] : []);
  });
}
