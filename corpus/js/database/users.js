// Users: creating, changing, granting, removing.
// why: the answers of @arangodb/users, and 1702, 1703 and 1700
// needs: database
'use strict';
const users = require('@arangodb/users');
const numberOf = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return error.errorNum;
  }
};
for (const name of ['ann', 'bob']) {
  try {
    users.remove(name);
  } catch (error) {
    // There is none yet.
  }
}
module.exports = {
  save: users.save('ann', 'secret', true, { mail: 'a@x' }),
  short: users.save('bob'),
  again: numberOf(() => users.save('ann', 'x')),
  unnamed: numberOf(() => users.save('')),
  valid: [users.isValid('ann', 'secret'), users.isValid('ann', 'x'), users.isValid('none', '')],
  update: users.update('ann', 'other'),
  updated: [users.isValid('ann', 'other'), users.document('ann').extra],
  inactive: users.update('ann', undefined, false).active,
  refused: users.isValid('ann', 'other'),
  replace: users.replace('ann', 'third', true, { a: 1 }),
  listed: users
    .all()
    .map((user) => user.user)
    .filter((name) => name !== 'root'),
  levels: (() => {
    const levels = [users.permission('bob', 'd')];
    users.grantDatabase('bob', 'd', 'rw');
    levels.push(users.permission('bob', 'd'));
    users.grantDatabase('bob', 'd', 'ro');
    users.grantCollection('bob', 'd', 'c', 'rw');
    levels.push(users.permission('bob', 'd'), users.permission('bob', 'd', 'c'));
    users.revokeCollection('bob', 'd', 'c');
    levels.push(users.permission('bob', 'd', 'c'), users.permission('bob').d);
    users.revokeDatabase('bob', 'd');
    levels.push(users.permission('bob', 'd'));
    return levels;
  })(),
  badLevel: numberOf(() => users.grantDatabase('bob', 'd', 'all')),
  reload: users.reload() === undefined,
  remove: users.remove('ann') === undefined,
  missing: [
    () => users.document('ann'),
    () => users.remove('ann'),
    () => users.update('ann', 'x'),
    () => users.grantDatabase('ann', 'd'),
    () => users.permission('ann', 'd'),
  ].map(numberOf),
};

// => SCRIPT
// << {"save":{"user":"ann","active":true,"extra":{"mail":"a@x"},"code":201},"short":{"user":"bob","active":true,"extra":{},"code":201},"again":1702,"unnamed":1700,"valid":[true,false,false],"update":{"user":"ann","active":true,"extra":{"mail":"a@x"},"code":200},"updated":[true,{"mail":"a@x"}],"inactive":false,"refused":false,"replace":{"user":"ann","active":true,"extra":{"a":1},"code":200},"listed":["ann","bob"],"levels":["none","rw","ro","rw","ro","ro","none"],"badLevel":10,"reload":true,"remove":true,"missing":[1703,1703,1703,1703,1703]}
