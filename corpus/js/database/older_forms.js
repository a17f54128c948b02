// Positional arguments, older names and methods that do little.
// why: services written for older versions call them
// needs: database
'use strict';
const { db } = require('@arangodb');
const name = module.context.collectionName('older');
const edgeName = module.context.collectionName('older_edges');
for (const one of [name, edgeName]) db._drop(one);
const docs = db._create(name, { waitForSync: false }, 'document');
const edges = db._create(edgeName, {}, 'edge');
const numberOf = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return error.errorNum;
  }
};
const seen = [];
const first = docs.save({ _key: 'a', x: 1, y: { z: 1, w: 2 } });
docs.save({ _key: 'b' });
docs.update('a', { x: null }, false, true);
const afterUpdate = docs.document('a');
docs.replace('a', { r: 1 }, true, false);
edges.save(`${name}/a`, docs.document('b'), { _key: 'e', kind: 'x' }, { returnNew: true });
edges.save({ _key: 'f', _from: `${name}/b`, _to: `${name}/a` });
module.exports = {
  update: 'x' in afterUpdate,
  replaced: docs.document('a').r,
  edge: [edges.document('e')._from === `${name}/a`, edges.document('e')._to === `${name}/b`],
  badEdges: [
    numberOf(() => edges.save('a', 'b', {})),
    numberOf(() => edges.save(null, `${name}/a`, {})),
    numberOf(() => edges.save({ _from: `${name}/a` })),
    numberOf(() => edges.replace('e', { kind: 'y' })),
  ],
  around: [
    edges.edges(`${name}/a`).length,
    edges.inEdges([`${name}/a`, `${name}/b`]).length,
    edges.outEdges({ _id: `${name}/b` }).map((edge) => edge._key),
    edges.edges(`${name}/none`),
    edges.edges([`${name}/a`, `${name}/b`]).length,
  ],
  removeOld: numberOf(() => docs.remove(first)),
  removeForced: docs.remove(first, true)._key,
  byName: [
    docs.ensureHashIndex('h').type,
    docs.ensureUniqueConstraint('u', 'v').unique,
    docs.ensureSkiplist('s', { sparse: true }).sparse,
    docs.ensureUniqueSkiplist('t').fields,
    numberOf(() => docs.ensureFulltextIndex('text')),
    numberOf(() => docs.ensureGeoIndex('lat', 'lon')),
  ],
  nothing: [docs.load(), docs.unload(), docs.compact(), docs.recalculateCount()].length,
  cluster: [numberOf(() => docs.shards()), numberOf(() => docs.getResponsibleShard({}))],
  gone: ['first', 'last', 'range', 'closedRange', 'near', 'byConditionSkiplist'].filter(
    (method) => method in docs,
  ),
  iterated: (() => {
    docs.iterate((document, at) => seen.push([document._key, at]));
    docs.iterate(() => seen.push('none'), { limit: 0 });
    return seen;
  })(),
  views: [db._view('v'), db._views(), db._dropView('v'), numberOf(() => db._createView('v', 'x'))],
  database: [
    db._path(),
    Object.keys(db._properties()).slice(0, 4),
    typeof db._engine().name,
    typeof db._engineStats(),
    db._compact() === undefined,
    typeof db._version(),
    Object.keys(db._version(true)),
  ],
  badProperties: [numberOf(() => db._create('c1', 5)), numberOf(() => db._create(7))],
};

// => SCRIPT
// << {"update":false,"replaced":1,"edge":[true,true],"badEdges":[1233,1233,1233,1233],"around":[2,2,["f"],[],2],"removeOld":1200,"removeForced":"a","byName":["hash",true,true,["t"],9,9],"nothing":4,"cluster":[9,9],"gone":[],"iterated":[["b",0]],"views":[null,[],null,9],"database":["none",["id","name","isSystem","path"],"string","object",true,"string",["server","license","version","details"]],"badProperties":[10,1208]}
