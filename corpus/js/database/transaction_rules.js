// What transactions declare, and what they refuse.
// why: undeclared writes are 1652, changes of collections and indexes inside are 1653, a query that
//   fails inside undoes its own writes only
// needs: database
'use strict';
const { db } = require('@arangodb');
const [a, b] = ['a', 'b'].map((suffix) => {
  const name = module.context.collectionName(suffix);
  db._drop(name);
  return db._create(name);
});
const numberOf = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return error.errorNum;
  }
};
const inside = (action, collections = { write: a.name() }) =>
  numberOf(() => db._executeTransaction({ collections, action }));
b.save({ _key: 'read' });
module.exports = {
  undeclared: [
    inside(() => b.save({})),
    inside(() => db._query('INSERT {} INTO @@c', { '@c': b.name() })),
    inside(() => b.document('read')),
    inside(() => b.document('read'), { write: [a.name()], allowImplicit: false }),
    inside(() => a.save({}), { read: a.name() }),
    inside(() => a.save({}), [a.name()]),
    inside(() => a.save({}), a.name()),
    inside(() => a.save({}), { exclusive: a }),
    inside(() => 1, { write: 'unknown_collection' }),
  ],
  changes: [
    () => db._create('other'),
    () => a.drop(),
    () => a.rename('other'),
    () => a.properties({ waitForSync: true }),
    () => a.ensureIndex({ type: 'persistent', fields: ['x'] }),
    () => a.dropIndex('none'),
  ].map((change) => inside(change)),
  truncate: inside(() => a.truncate()),
  query: db._executeTransaction({
    collections: { write: a.name() },
    action: () => {
      a.save({ _key: 'before' });
      const failed = numberOf(() =>
        db._query('FOR key IN ["x", "before"] INSERT {_key: key} INTO @@c', { '@c': a.name() }),
      );
      return [failed, a.exists('x'), a.count()];
    },
  }),
  malformed: [
    numberOf(() => db._executeTransaction()),
    numberOf(() => db._executeTransaction({ action: () => 1 })),
    numberOf(() => db._executeTransaction({ collections: {} })),
    numberOf(() => db._executeTransaction({ collections: {}, action: 5 })),
  ],
  forms: [
    db._executeTransaction({
      collections: {},
      action: 'function (params) { return params; }',
      params: 1,
    }),
    db._executeTransaction({ collections: {}, action: '(params) => params', params: 2 }),
    db._executeTransaction({ collections: {}, action: 'return params;', params: 3 }),
    db._executeTransaction({ collections: {}, action: 'function named() { return 4; }' }),
    db._executeTransaction({
      collections: { write: a.name() },
      action: `function () { return require('@arangodb').db._collection('${a.name()}').count(); }`,
    }),
  ],
};

// => SCRIPT
// << {"undeclared":[1652,1652,null,1652,1652,1652,1652,null,1203],"changes":[1653,1653,1653,1653,1653,1653],"truncate":null,"query":[1210,false,1],"malformed":[10,10,10,10],"forms":[1,2,3,4,1]}
