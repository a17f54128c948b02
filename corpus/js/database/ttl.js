// Indexes by which documents expire, and collections that name no schema.
// why: ensureIndex answers the documented members; null, {} and [] mean no schema and no values
// needs: database
'use strict';
const { db } = require('@arangodb');
const name = module.context.collectionName('expiring');
db._drop(name);
const docs = db._create(name, { schema: null, computedValues: [] });
docs.properties({ schema: {}, computedValues: null });
const definition = { type: 'ttl', fields: ['at'], expireAfter: 60 };
const made = docs.ensureIndex(Object.assign({ name: 'mine' }, definition));
const again = docs.ensureIndex(definition);
let refused;
try {
  docs.ensureIndex({ type: 'ttl', fields: ['b'], expireAfter: 1 });
} catch (error) {
  refused = [error.errorNum, error.code];
}
const { type, fields, expireAfter, sparse, unique, estimates, isNewlyCreated, code } = made;
module.exports = {
  made: { type, fields, expireAfter, sparse, unique, estimates, isNewlyCreated, code },
  again: [again.isNewlyCreated, again.code, again.id === made.id, again.name],
  refused,
  listed: docs.getIndexes().map((index) => [index.type, index.expireAfter]),
  properties: [docs.properties().schema, docs.properties().computedValues],
  dropped: docs.dropIndex('mine'),
};

// => SCRIPT
// << {"made":{"type":"ttl","fields":["at"],"expireAfter":60,"sparse":true,"unique":false,"estimates":false,"isNewlyCreated":true,"code":201},"again":[false,200,true,"mine"],"refused":[10,400],"listed":[["primary",null],["ttl",60]],"properties":[null,null],"dropped":true}
