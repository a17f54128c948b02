// The caches of queries, as far as they are there.
// why: the cache of results is off and says so; one that cannot be switched on refuses
// needs: database
'use strict';
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
module.exports = {
  properties: cache.properties(),
  off: cache.properties({ mode: 'off', maxResults: 5 }).mode,
  on: numberOf(() => cache.properties({ mode: 'on' })),
  empty: [cache.toArray(), cache.clear() === undefined],
  plans: [plans.clear() === undefined, plans.toArray()],
};

// => SCRIPT
// << {"properties":{"mode":"off","maxResults":128,"maxResultsSize":268435456,"maxEntrySize":16777216,"includeSystem":false},"off":"off","on":9,"empty":[[],true],"plans":[true,[]]}
