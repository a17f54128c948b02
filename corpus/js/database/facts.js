// What a collection tells about itself.
// why: the members of properties and figures; checksums that follow the documents
// needs: database
'use strict';
const { db } = require('@arangodb');
const name = module.context.collectionName('facts');
db._drop(name);
const docs = db._create(name, {
  keyOptions: { type: 'autoincrement', offset: 10, increment: 5 },
  schema: { rule: { properties: { a: { type: 'number' } } }, message: 'a is a number' },
});
const errorOf = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return [error.errorNum, error.errorMessage];
  }
};
const before = docs.checksum();
const revision = docs.revision();
docs.save({ a: 1 });
const after = docs.checksum();
module.exports = {
  properties: Object.keys(docs.properties()),
  key: docs.save({})._key,
  keyOptions: docs.properties().keyOptions.type,
  violation: errorOf(() => docs.save({ a: 'x' })),
  lifted: docs.properties({ schema: null }).schema,
  free: typeof docs.save({ a: 'x' })._key,
  figures: Object.keys(docs.figures()),
  indexes: docs.figures().indexes.count,
  checksum: [Object.keys(after), before.checksum !== after.checksum, typeof after.checksum],
  same: docs.checksum(true, true).checksum === docs.checksum(true, true).checksum,
  revision: [typeof revision, revision !== docs.revision()],
};

// => SCRIPT
// << {"properties":["globallyUniqueId","isSystem","waitForSync","keyOptions","writeConcern","cacheEnabled","computedValues","syncByRevision","schema"],"key":"15","keyOptions":"autoincrement","violation":[1620,"a is a number"],"lifted":null,"free":"string","figures":["indexes","documentsSize","cacheInUse","cacheSize","cacheUsage"],"indexes":1,"checksum":[["checksum","revision"],true,"string"],"same":true,"revision":["string",true]}
