// The caches of queries: what services see of them.
// why: results are kept when that is on and asked for, and never one that is not true any more
// needs: database
'use strict';
const { db } = require('@arangodb');
const cache = require('@arangodb/aql/cache');
const plans = require('@arangodb/aql/plan-cache');
const numberOf = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return error.errorNum;
  }
};
const documents = db._create('kept');
documents.save({ _key: 'a', n: 1 });
const ask = (options) => {
  const cursor = db._query('FOR d IN kept RETURN d.n', {}, options);
  return [cursor.toString().includes('cached: true'), cursor.toArray()];
};
const before = cache.properties();
const demand = cache.properties({ mode: 'demand', maxResults: 5 });
const asked = [
  ask(),
  ask({ cache: true }),
  ask({ cache: true }),
  ask({ cache: true, count: true }),
];
const kept = cache
  .toArray()
  .map(({ query, results, hits, dataSources }) => [query, results, hits, dataSources]);
documents.update('a', { n: 2 });
module.exports = {
  before,
  demand,
  asked,
  kept,
  written: [cache.toArray(), ask({ cache: true }), ask({ cache: true })],
  inTransaction: db._executeTransaction({
    collections: { write: 'kept' },
    action() {
      documents.update('a', { n: 3 });
      return [ask({ cache: true }), ask({ cache: true })];
    },
  }),
  after: ask({ cache: true }),
  wrong: numberOf(() => cache.properties({ mode: 'sometimes' })),
  cleared: [cache.clear() === undefined, cache.toArray(), cache.properties({ mode: 'off' }).mode],
  plans: [plans.clear() === undefined, plans.toArray()],
};

// => SCRIPT
// << {"before":{"mode":"off","maxResults":128,"maxResultsSize":268435456,"maxEntrySize":16777216,"includeSystem":false},"demand":{"mode":"demand","maxResults":5,"maxResultsSize":268435456,"maxEntrySize":16777216,"includeSystem":false},"asked":[[false,[1]],[false,[1]],[true,[1]],[true,[1]]],"kept":[["FOR d IN kept RETURN d.n",1,2,["kept"]]],"written":[[],[false,[2]],[true,[2]]],"inTransaction":[[false,[3]],[false,[3]]],"after":[false,[3]],"wrong":10,"cleared":[true,[],"off"],"plans":[true,[]]}
