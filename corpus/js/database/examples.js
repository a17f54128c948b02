// The family of byExample.
// why: nested objects compare whole, dotted names are paths, null matches missing attributes
// needs: database
'use strict';
const { db } = require('@arangodb');
const name = module.context.collectionName('people');
db._drop(name);
const people = db._create(name);
people.save({ _key: 'a', name: 'ann', at: { city: 'x', zip: 1 }, age: 1 });
people.save({ _key: 'b', name: 'bob', at: { city: 'x', zip: 2 }, age: 2 });
people.save({ _key: 'c', name: 'cyd', age: null });
const keys = (cursor) =>
  cursor
    .toArray()
    .map((document) => document._key)
    .sort();
module.exports = {
  nested: [
    keys(people.byExample({ at: { city: 'x', zip: 1 } })),
    keys(people.byExample({ 'at.city': 'x' })),
  ],
  pair: keys(people.byExample('name', 'bob')),
  nulls: [keys(people.byExample({ at: null })), keys(people.byExample({ age: null }))],
  first: [people.firstExample({ name: 'ann' })._key, people.firstExample({ name: 'none' })],
  system: people.firstExample({ _key: 'b' }).name,
  limited: [
    people.all().limit(2).toArray().length,
    people.all().skip(1).toArray().length,
    people.all().count(),
  ],
  cursor: (() => {
    const cursor = people.byExample({ name: 'ann' });
    return [cursor.hasNext(), cursor.next()._key, cursor.hasNext(), cursor.next() === undefined];
  })(),
  any: typeof people.any()._key,
  array: people.toArray().length,
  update: [
    people.updateByExample({ 'at.city': 'x' }, { age: 5 }),
    people.document('a').age,
    people.document('a').name,
  ],
  replace: [people.replaceByExample({ name: 'cyd' }, { name: 'dan' }), people.document('c').name],
  keyed: people.removeByKeys(['c', 'none']),
  remove: [
    people.removeByExample({ age: 5 }, { limit: 1 }),
    people.count(),
    people.removeByExample({ age: 5 }),
  ],
  empty: people.any(),
};

// => SCRIPT
// << {"nested":[["a"],["a","b"]],"pair":["b"],"nulls":[["c"],["c"]],"first":["a",null],"system":"bob","limited":[2,2,3],"cursor":[true,"a",false,true],"any":"string","array":3,"update":[2,5,"ann"],"replace":[1,"dan"],"keyed":{"removed":1,"ignored":1},"remove":[1,1,1],"empty":null}
