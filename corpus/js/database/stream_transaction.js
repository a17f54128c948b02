// A transaction that is used call by call.
// why: nobody else sees its writes before the commit; after its end it refuses
// needs: database
'use strict';
const { db } = require('@arangodb');
const name = module.context.collectionName('stream');
db._drop(name);
const docs = db._create(name);
const numberOf = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return error.errorNum;
  }
};
const trx = db._createTransaction({ collections: { write: [name] } });
const inside = trx.collection(name);
inside.insert({ _key: 'a', n: 1 });
inside.save({ _key: 'b' });
const seen = [inside.count(), docs.count(), inside.exists('a')._key, docs.exists('a')];
inside.update('a', { n: 2 });
const rows = trx.query('FOR d IN @@c SORT d._key RETURN d.n', { '@c': name }).toArray();
const before = [trx.running(), trx.status().status, trx.status().id === trx.id()];
const failed = numberOf(() => inside.insert({ _key: 'a' }));
const committed = [trx.commit().status, trx.commit().status, docs.count(), trx.running()];
const other = db._createTransaction({ collections: { write: name } });
other.collection(docs).truncate();
const aborted = [other.collection(name).count(), other.abort().status, docs.count()];
module.exports = {
  seen,
  rows,
  before,
  failed,
  committed,
  aborted,
  ended: [
    numberOf(() => inside.count()),
    numberOf(() => trx.abort()),
    numberOf(() => other.query('RETURN 1')),
    numberOf(() => other.commit()),
  ],
  undeclared: (() => {
    const reader = db._createTransaction({ collections: { read: name } });
    const found = numberOf(() => reader.collection(name).insert({}));
    reader.abort();
    return found;
  })(),
  wrong: [
    numberOf(() => db._createTransaction()),
    numberOf(() => db._createTransaction({})),
    numberOf(() => db._createTransaction({ collections: { write: 'unknown_collection' } })),
    numberOf(() => other.collection('unknown_collection')),
  ],
  conflict: (() => {
    const [one, two] = [1, 2].map(() => db._createTransaction({ collections: { write: name } }));
    one.collection(name).update('a', { n: 3 });
    const late = numberOf(() => {
      two.collection(name).update('a', { n: 4 });
      one.commit();
      two.commit();
    });
    return [late, two.running(), docs.document('a').n];
  })(),
};

// => SCRIPT
// << {"seen":[2,0,"a",false],"rows":[2,null],"before":[true,"running",true],"failed":1210,"committed":["committed","committed",2,false],"aborted":[0,"aborted",2],"ended":[1653,1653,1654,1653],"undeclared":1652,"wrong":[10,10,1203,1203],"conflict":[1200,false,3]}
