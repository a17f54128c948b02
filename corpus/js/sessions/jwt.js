// Sessions in signed tokens, by header and cookie.
// why: the transport is set after the handler with what the storage gives; a forged token is no session
'use strict';
const sessions = require('@arangodb/foxx/sessions');
const storage = require('@arangodb/foxx/sessions/storages/jwt')('secret');
const router = require('@arangodb/foxx/router')();
const middleware = sessions({ storage, transport: ['header', 'cookie'] });
module.context.use(middleware);
module.context.use(router);
router.get('/', (req, res) =>
  res.json([req.session.uid, req.session.data, req.sessionStorage === storage]),
);
router.get('/round', (req, res) => {
  const token = storage.forClient({ uid: 'me', created: 5000, data: { a: 1 } });
  res.json([
    storage.fromClient(token),
    storage.fromClient(`${token}x`),
    storage.fromClient('junk'),
    token.split('.').length,
  ]);
});
router.get('/logout', (req, res) => {
  delete req.session;
  res.send('bye');
});

// => GET /
// < 200
// << [null,null,true]
// => GET /round
// < 200
// << [{"uid":"me","created":5000,"data":{"a":1}},null,null,3]
// => GET /logout
// < 200
// < set-cookie: sid=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/
