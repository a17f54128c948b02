// Collections: creating, finding, renaming, dropping; edges.
// why: _collection answers null, _drop and _truncate of unknown names are silent, objects outlive what they name
// needs: database
'use strict';
const { db } = require('@arangodb');
const name = (suffix) => module.context.collectionName(suffix);
for (const suffix of ['c', 'd', 'e']) db._drop(name(suffix));
const numberOf = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return error.errorNum;
  }
};
const c = db._create(name('c'), { waitForSync: true });
const e = db._createEdgeCollection(name('e'));
c.save([{ _key: 'x' }, { _key: 'y' }]);
const edge = e.save(`${name('c')}/x`, `${name('c')}/y`, { kind: 'knows' });
const x = c.document('x');
const result = {
  types: [c.type(), e.type(), c.name() === name('c'), c.isArangoCollection],
  found: [
    db._collection('nowhere'),
    db[name('c')].name() === name('c'),
    db.nowhere === undefined,
    module.context.collection('c').count(),
  ],
  listed: db._collections().some((collection) => collection.name() === name('c')),
  properties: [c.properties().waitForSync, c.properties({ waitForSync: false }).waitForSync],
  duplicate: numberOf(() => db._create(name('c'))),
  illegal: numberOf(() => db._create('1 bad name')),
  silent: [db._drop('nowhere') === undefined, db._truncate('nowhere') === undefined],
  edges: [
    e.outEdges(x).length,
    e.inEdges(x).length,
    e.edges(['none/1', x._id]).length,
    e.document(edge).kind,
  ],
  noEdge: [numberOf(() => e.save({ a: 1 })), numberOf(() => c.edges(x))],
  text: String(c) === `[ArangoCollection ${c._id}, "${c.name()}" (type document, status loaded)]`,
};
c.rename(name('d'));
result.renamed = [c.name() === name('d'), db._collection(name('c')), c.count()];
c.truncate();
result.truncated = c.count();
c.drop();
result.dropped = [numberOf(() => c.count()), db._collection(name('d'))];
module.exports = result;

// => SCRIPT
// << {"types":[2,3,true,true],"found":[null,true,true,2],"listed":true,"properties":[true,false],"duplicate":1207,"illegal":1208,"silent":[true,true],"edges":[1,0,1,"knows"],"noEdge":[1233,1218],"text":true,"renamed":[true,null,2],"truncated":0,"dropped":[1203,null]}
