// Several documents at once: every item has its own answer.
// why: the array forms never throw for single items; results come in the order of the items
// needs: database
'use strict';
const { db } = require('@arangodb');
const name = module.context.collectionName('many');
db._drop(name);
const docs = db._create(name);
const short = (results) =>
  results.map((result) => (result.error === true ? result.errorNum : result._key || result));
const numberOf = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return error.errorNum;
  }
};
const [a, b] = docs.insert([
  { _key: 'a', n: 1 },
  { _key: 'b', n: 1 },
]);
docs.update('b', { n: 2 });
const conflict = docs.replace([a, b], [{ n: 3 }, { n: 3 }])[1];
module.exports = {
  insert: short(docs.insert([{ _key: 'c' }, { _key: 'a' }, 'text', null, { _key: 'bad key' }])),
  document: short(docs.document(['a', 'none', '', 5, 'other/a', { _key: 'b' }, 'bad key'])),
  revisions: short(docs.document([a, b])),
  exists: docs.exists(['a', 'none', { _key: 'b', _rev: 'old' }]).map((found) => {
    if (found === false) return false;
    return found.error === true ? found.errorNum : Object.keys(found);
  }),
  update: short(docs.update(['a', 'none', 7, 'b'], [{ m: 1 }, {}, {}, 'text'])),
  own: short(docs.update([{ _key: 'a', m: 2 }, { m: 3 }, { _key: 'none' }], { returnNew: true })),
  merged: docs.document('a'),
  replace: short(docs.replace([{ _key: 'b', z: 1 }])),
  conflict: [conflict.errorNum, conflict._key, conflict._rev === docs.document('b')._rev],
  ignored: short(docs.replace([b], [{ n: 4 }], { ignoreRevs: true })),
  lengths: numberOf(() => docs.update(['a'], [{}, {}])),
  silent: docs.update([{ _key: 'a' }], { silent: true }),
  documents: docs.documents(['c', 'none', 'a']).documents.map((document) => document._key),
  keys: docs.lookupByKeys(['a']).documents.length,
  old: docs.remove(['c', 'none'], { returnOld: true }).map((result) => result.old !== undefined),
  remove: short(docs.remove(['a', 'none', {}, 'b'])),
  count: docs.count(),
};
for (const text of ['_rev', '_id']) delete module.exports.merged[text];

// => SCRIPT
// << {"insert":["c",1210,1227,1227,1221],"document":["a",1202,1205,1205,1213,"b",1221],"revisions":[1200,1200],"exists":[["_id","_key","_rev"],false,1200],"update":["a",1202,1205,1227],"own":["a",1205,1202],"merged":{"_key":"a","n":3,"m":2},"replace":["b"],"conflict":[1200,"b",false],"ignored":["b"],"lengths":10,"documents":["c","a"],"keys":1,"old":[true,false],"remove":["a",1202,1205,"b"],"count":0}
