// Queries and their cursors.
// why: results come in batches, `next` is undefined at the end, `query` is a template tag
// needs: database
'use strict';
const { aql, db, query } = require('@arangodb');
const name = module.context.collectionName('numbers');
db._drop(name);
const numbers = db._create(name);
for (let n = 0; n < 7; n += 1) numbers.save({ _key: `k${n}`, n });
const cursor = db._query('FOR i IN 1..5 RETURN i', {}, { batchSize: 2, count: true });
const first = cursor.next();
const rest = cursor.toArray();
const numberOf = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return error.errorNum;
  }
};
module.exports = {
  batches: [first, rest, cursor.hasNext(), cursor.next() === undefined, cursor.count()],
  counted: db._query('FOR i IN 1..5 RETURN i', {}, { batchSize: 2 }).count(),
  tag: query`FOR d IN ${numbers} FILTER d.n >= ${5} SORT d.n RETURN d.n`.toArray(),
  object: db._query(aql`RETURN ${{ a: [1, null] }}`).toArray(),
  loop: [...db._query('FOR i IN 1..3 RETURN i', {}, { batchSize: 1 })],
  documents: db._query('RETURN 7')._documents,
  builder: db._query(require('aqb').for('i').in([1, 2]).return('i')).toArray(),
  statement: db
    ._createStatement({ query: 'RETURN @x', bindVars: { x: 'bound' } })
    .execute()
    .next(),
  written: db._query(aql`FOR d IN ${numbers} FILTER d.n < 2 REMOVE d IN ${numbers}`).getExtra()
    .stats.writesExecuted,
  count: numbers.count(),
  errors: [
    numberOf(() => db._query('RETURN')),
    numberOf(() => db._query('RETURN @missing')),
    numberOf(() => db._query('FOR d IN unknown_collection RETURN d')),
    numberOf(() => db._query('RETURN @c', { c: numbers })),
  ],
};

// => SCRIPT
// << {"batches":[1,[2,3,4,5],false,true,5],"counted":5,"tag":[5,6],"object":[{"a":[1,null]}],"loop":[1,2,3],"documents":[7],"builder":[1,2],"statement":"bound","written":2,"count":5,"errors":[1501,1551,1203,10]}
