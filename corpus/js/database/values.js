// What becomes of JavaScript values that JSON does not have.
// why: functions and undefined are dropped, dates are texts, what is no number is null; nesting has
//   a limit whose error says so; integers are exact up to 2^53
// needs: database
'use strict';
const { db } = require('@arangodb');
const name = module.context.collectionName('values');
db._drop(name);
const docs = db._create(name);
const attempt = (fn) => {
  try {
    return fn();
  } catch (error) {
    return [error.errorNum, error.errorMessage];
  }
};
function nested(levels) {
  let value = {};
  for (let level = 0; level < levels; level += 1) value = { value };
  return value;
}
docs.save({
  _key: 'odd',
  list: [, undefined, () => 1, NaN, -Infinity],
  when: new Date(0),
  gone: undefined,
  call() {},
  half: 'a\ud800b',
  own: { toJSON: () => 'own' },
  buffer: Buffer.from('ab'),
  big: 2 ** 53,
  small: -(2 ** 53),
  fraction: 0.1,
});
const { _id, _rev, ...stored } = docs.document('odd');
const fresh = docs.document('odd');
fresh.list.push('changed');
module.exports = {
  stored,
  half: stored.half === 'a\ufffdb',
  fresh: docs.document('odd').list.length,
  deep: attempt(() => docs.save(nested(300))),
  deepBind: attempt(() => db._query('RETURN @x', { x: nested(300) })),
  fine: typeof docs.save(nested(150))._key,
  bound: db._query('RETURN @x', { x: [undefined, new Date(0), { u: undefined }] }).next(),
  extra: Object.keys(db._query('FOR i IN 1..3000 RETURN i').getExtra()),
  streamed: db._query('FOR i IN 1..3000 RETURN i', {}, { stream: true }).getExtra(),
};

// => SCRIPT
// << {"stored":{"_key":"odd","list":[null,null,null,null,null],"when":"1970-01-01T00:00:00.000Z","half":"a�b","own":"own","buffer":{"type":"Buffer","data":[97,98]},"big":9007199254740992,"small":-9007199254740992,"fraction":0.1},"half":true,"fresh":5,"deep":[10,"Too deep nesting in Array/Object"],"deepBind":[10,"Too deep nesting in Array/Object"],"fine":"string","bound":[null,"1970-01-01T00:00:00.000Z",{}],"extra":["warnings","stats"],"streamed":{}}
