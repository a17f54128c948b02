// The aql tag: bind parameters, literals, nesting, joining.
// why: N counts from 0 over all values, identical values share a name, collections are @@value
'use strict';
const { aql } = require('@arangodb');
const users = { isArangoCollection: true, name: () => 'users' };
const inner = aql`FILTER u.age > ${18}`;
const key = 'k';
module.exports = [
  aql`FOR u IN ${users} ${inner} RETURN DOCUMENT(${users}, ${key}, ${18})`,
  aql`RETURN ${aql.literal('1 + 1')}${undefined}`,
  aql.join([aql`a == ${1}`, aql`b == ${2}`], ' && '),
  aql`FILTER ${aql.join([1, 'x', users, aql.literal('raw')], ', ')} ${null}`,
  aql.join([]),
  Object.keys(aql`RETURN 1`),
  [aql.literal(undefined).toAQL(), aql.literal(5).toAQL()],
  aql`RETURN ${{ a: [1] }}`.bindVars,
];

// => SCRIPT
// << [{"query":"FOR u IN @@value0 FILTER u.age > @value1 RETURN DOCUMENT(@@value0, @value2, @value1)","bindVars":{"@value0":"users","value1":18,"value2":"k"}},{"query":"RETURN 1 + 1","bindVars":{}},{"query":"a == @value0 && b == @value1","bindVars":{"value0":1,"value1":2}},{"query":"FILTER @value0, @value1, @@value2, raw @value3","bindVars":{"value0":1,"value1":"x","@value2":"users","value3":null}},{"query":"","bindVars":{}},["query","bindVars"],["","5"],{"value0":{"a":[1]}}]
