// Execution plans and profiles as text.
// why: services and tools print or keep what @arangodb/aql/explainer says; the plan is a table of
//   nodes, indented by loops
// needs: database
'use strict';
const { aql, db } = require('@arangodb');
const explainer = require('@arangodb/aql/explainer');
const name = module.context.collectionName('explained');
db._drop(name);
const docs = db._create(name);
docs.ensureIndex({ type: 'persistent', fields: ['n'], name: 'byN' });
docs.save([{ n: 1 }, { n: 2 }]);
const query = aql`
  FOR d IN ${docs}
  FILTER d.n == 1
  LET s = (FOR i IN 1..2 RETURN -i)
  SORT d.m DESC
  LIMIT 1, 5
  RETURN {n: d.n, s, t: CONCAT(d.x[0], "t") IN ["a"] ? 1 : !true}`;
const text = explainer.explain(query, {}, false);
const group = explainer.explain(
  {
    query: 'FOR d IN @@c COLLECT g = d.m AGGREGATE m = MAX(d.k) RETURN [g, m]',
    bindVars: { '@c': name },
  },
  {},
  false,
);
const update = explainer.explain(`FOR d IN ${name} UPDATE d WITH {x: 1} IN ${name}`, {}, false);
const profile = explainer.profileQuery({ query: `FOR d IN ${name} RETURN d` }, false);
const has = (where, ...parts) => parts.filter((part) => !where.includes(part));
module.exports = {
  text: has(
    text,
    'Query String (',
    'Execution plan:',
    '* ROOT',
    `FOR d IN ${name}   /* persistent index scan`,
    'LET s =',
    'subquery begin',
    'subquery end',
    'SORT ',
    ' DESC',
    'LIMIT 1, 5',
    'RETURN ',
    'Indexes used:',
    'byN',
    '[ `n` ]',
    'Optimization rules applied:',
    'use-indexes',
  ),
  group: has(group, 'COLLECT g = ', 'AGGREGATE m = MAX(', 'full collection scan'),
  update: has(update, 'UPDATE ', ` IN ${name}`),
  profile: has(profile, 'Query Statistics:', 'Query Profile:', 'executing', 'Calls', 'Items'),
  printed: [
    db._explain(query) === undefined,
    db._explain('RETURN @x', { x: 1 }) === undefined,
    db._profileQuery('RETURN 1') === undefined,
  ],
};

// => SCRIPT
// << {"text":[],"group":[],"update":[],"profile":[],"printed":[true,true,true]}
