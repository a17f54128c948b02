// `@arangodb/users`: for services whose caller administers the server.
'use strict';

const state = require('../runtime/state.js');

function changes(passwd, active, extra) {
  // `active` may be left out.
  if (active !== null && typeof active === 'object') return { passwd, extra: active };
  return { passwd, active, extra };
}

function write(op, code) {
  return (user, passwd, active, extra) => ({
    ...op()(String(user), JSON.stringify(changes(passwd, active, extra))),
    code,
  });
}

module.exports = {
  save: write(() => state.ops.userCreate, 201),
  update: write(() => state.ops.userUpdate, 200),
  replace: write(() => state.ops.userReplace, 200),

  remove(user) {
    state.ops.userRemove(String(user));
  },

  document: (user) => ({ ...state.ops.userFind(String(user)), code: 200 }),

  all: () => state.ops.userList(),

  isValid: (user, password) => state.ops.userIsValid(String(user), String(password)),

  // Nothing is kept that could be stale.
  reload() {},

  grantDatabase(user, database, level = 'rw') {
    state.ops.userGrant(String(user), String(database), undefined, String(level));
  },

  revokeDatabase(user, database) {
    state.ops.userGrant(String(user), String(database));
  },

  grantCollection(user, database, collection, level = 'rw') {
    state.ops.userGrant(String(user), String(database), String(collection), String(level));
  },

  revokeCollection(user, database, collection) {
    state.ops.userGrant(String(user), String(database), String(collection));
  },

  permission: (user, database, collection) =>
    state.ops.userLevel(String(user), database, collection),
};
