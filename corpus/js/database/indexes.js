// Indexes: creating, finding again, listing, dropping; unique ones refuse.
// why: an equal index is answered unchanged; 1210 names the index; null for indexes that are not there
// needs: database
'use strict';
const { db } = require('@arangodb');
const name = module.context.collectionName('indexed');
db._drop(name);
const docs = db._create(name);
const made = docs.ensureIndex({
  type: 'persistent',
  fields: ['mail'],
  unique: true,
  name: 'byMail',
});
const again = docs.ensureIndex({
  type: 'persistent',
  fields: ['mail'],
  unique: true,
});
const legacy = docs.ensureIndex({
  type: 'hash',
  fields: ['a', 'b.c'],
  sparse: true,
});
docs.save({ mail: 'x' });
let refused;
try {
  docs.save({ mail: 'x' });
} catch (error) {
  refused = [
    error.errorNum,
    error.code,
    error.errorMessage.startsWith('unique constraint violated'),
  ];
}
module.exports = {
  made: [
    made.isNewlyCreated,
    made.code,
    made.type,
    made.fields,
    made.unique,
    made.sparse,
    made.name,
  ],
  again: [again.isNewlyCreated, again.code, again.id === made.id],
  legacy: [legacy.type, legacy.sparse],
  listed: docs.getIndexes().map((index) => index.type),
  found: [docs.index('byMail').id === made.id, docs.index('none'), docs.index(made).name],
  refused,
  dropped: [
    docs.dropIndex(made),
    docs.getIndexes().length,
    db._index(legacy.id).type,
    db._dropIndex(legacy.id),
  ],
};

// => SCRIPT
// << {"made":[true,201,"persistent",["mail"],true,false,"byMail"],"again":[false,200,true],"legacy":["hash",true],"listed":["primary","persistent","hash"],"found":[true,null,"byMail"],"refused":[1210,409,true],"dropped":[true,2,"hash",true]}
