// Which queries run and which were slow.
// why: @arangodb/aql/queries answers in the shapes of the HTTP interface
// needs: database
'use strict';
const { db } = require('@arangodb');
const queries = require('@arangodb/aql/queries');
const before = queries.properties();
const numberOf = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return error.errorNum;
  }
};
queries.clearSlow();
const changed = queries.properties({ slowQueryThreshold: 0, maxSlowQueries: 5 });
db._query('RETURN @tracked', { tracked: 1 });
const slow = queries.slow();
const cursor = db._query('FOR i IN 1..3 /* open */ RETURN i', {}, { batchSize: 1, stream: true });
const open = queries.current().filter((query) => query.query.includes('open'));
cursor.dispose();
queries.properties(before);
module.exports = {
  properties: Object.keys(before),
  changed: [changed.slowQueryThreshold, changed.maxSlowQueries],
  slow: slow
    .filter((query) => query.query === 'RETURN @tracked')
    .map(({ bindVars, database, state, user }) => [bindVars, database, state, user]),
  open: open.map(({ state, stream, dataSources }) => [state, stream, dataSources]),
  ended: queries.current().filter((query) => query.query.includes('open')).length,
  cleared: [queries.clearSlow(), queries.slow().length],
  unknown: [numberOf(() => queries.kill('123456789')), numberOf(() => queries.kill({ id: 'x' }))],
};

// => SCRIPT
// << {"properties":["enabled","trackSlowQueries","trackBindVars","maxSlowQueries","slowQueryThreshold","slowStreamingQueryThreshold","maxQueryStringLength"],"changed":[0,5],"slow":[[{"tracked":1},"d","finished",null]],"open":[["executing",true,[]]],"ended":0,"cleared":[{"code":200},0],"unknown":[1591,1591]}
