// JavaScript transactions: the action is a closure; what it throws passes through and undoes its writes.
// why: same scope, any thrown value unchanged, reads see own writes, no nesting
// needs: database
'use strict';
const { db } = require('@arangodb');
const name = module.context.collectionName('tx');
db._drop(name);
const docs = db._create(name);
const outer = { seen: 0 };
const run = (action, params) =>
  db._executeTransaction({ collections: { write: [name] }, action, params });
const thrown = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return error.isArangoError ? error.errorNum : error;
  }
};
module.exports = {
  result: run(
    (params) => {
      docs.save({ _key: 'a', n: params.n });
      outer.seen = docs.document('a').n;
      return { inside: db._query('RETURN LENGTH(@@c)', { '@c': name }).next() };
    },
    { n: 5 },
  ),
  outer,
  aborted: [
    thrown(() =>
      run(() => {
        docs.save({ _key: 'b' });
        throw ['any', 'value'];
      }),
    ),
    docs.exists('b'),
  ],
  nested: thrown(() => run(() => run(() => 1))),
  text: run('function (params) { return params + 1; }', 1),
  after: docs.count(),
};

// => SCRIPT
// << {"result":{"inside":1},"outer":{"seen":5},"aborted":[["any","value"],false],"nested":1651,"text":2,"after":1}
