// Single documents: insert, read, update, replace, remove, and what is thrown.
// why: the shapes of results, 1202 for missing documents, 1200 for revisions that differ, 1210 for keys in use
// needs: database
'use strict';
const { db, errors } = require('@arangodb');
const name = module.context.collectionName('docs');
db._drop(name);
const docs = db._createDocumentCollection(name);
const numberOf = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return error.isArangoError && error.errorNum;
  }
};
const meta = docs.save({
  _key: 'a',
  n: 1,
  deep: { x: 1, y: 2 },
  gone: undefined,
  when: new Date(0),
});
const stored = docs.document('a');
const updated = docs.update('a', { deep: { y: 3 } }, { returnNew: true, returnOld: true });
const replaced = docs.replace(updated, { n: 2 });
module.exports = {
  keys: Object.keys(meta),
  order: Object.keys(stored),
  date: stored.when,
  update: [Object.keys(updated).sort(), updated.new.deep, updated.old.deep],
  replace: [
    replaced._oldRev === updated._rev,
    docs.document(meta._id).n,
    docs.document({ _key: 'a' }).deep === undefined,
  ],
  exists: [docs.exists('none'), Object.keys(docs.exists('a')), db._exists(meta._id)._key],
  errors: [
    numberOf(() => docs.document('none')),
    numberOf(() => docs.save({ _key: 'a' })),
    numberOf(() => docs.document('other/a')),
    numberOf(() => docs.document('')),
    numberOf(() => docs.update(meta, {})),
    numberOf(() => docs.save('text')),
    numberOf(() => db._document(`${name}/none`)),
    numberOf(() => docs.save({ _key: 'a/b' })),
    errors.ERROR_ARANGO_DOCUMENT_NOT_FOUND.code,
  ],
  forced: docs.update(meta, { n: 9 }, { overwrite: true })._key,
  many: docs.save([{ _key: 'b' }, { _key: 'a' }]).map((result) => result.errorNum || result._key),
  silent: docs.save({ _key: 'c' }, { silent: true }) === undefined,
  read: docs.document(['b', 'none']).map((result) => result.errorNum || result._key),
  list: docs.documents(['c', 'none']).documents.map((document) => document._key),
  upsert: docs.save({ _key: 'a', n: 3 }, { overwriteMode: 'replace', returnNew: true }).new.n,
  remove: [Object.keys(docs.remove('a')), numberOf(() => docs.remove('a')), docs.count()],
  handle: docs.documentId('x') === `${name}/x`,
};

// => SCRIPT
// << {"keys":["_id","_key","_rev"],"order":["_key","_id","_rev","n","deep","when"],"date":"1970-01-01T00:00:00.000Z","update":[["_id","_key","_oldRev","_rev","new","old"],{"x":1,"y":3},{"x":1,"y":2}],"replace":[true,2,true],"exists":[false,["_id","_key","_rev"],"a"],"errors":[1202,1210,1213,1205,1200,1227,1202,1221,1202],"forced":"a","many":["b",1210],"silent":true,"read":["b",1202],"list":["c"],"upsert":3,"remove":[["_id","_key","_rev"],1202,2],"handle":true}
