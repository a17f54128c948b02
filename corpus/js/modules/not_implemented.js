// Documented modules that are not there yet can be loaded; their functions refuse.
// why: services load such modules at their top and use them in few places; what is missing says so
//   under the number of what is not implemented
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
const queues = require('@arangodb/foxx/queues');
const createClient = require('@arangodb/foxx/oauth2');

router.get('/fine', (req, res) => {
  res.json(typeof queues.create);
});
router.get('/queue', () => {
  queues.get('default').push({ mount: '/my-foxx', name: 'mail' }, {});
});
router.get('/client', () => {
  createClient({ clientId: 'x' });
});

// => GET /fine
// < 200
// << "function"

// => GET /queue
// < 501
// <~ "errorNum":9
// <~ @arangodb/foxx/queues: get is not implemented

// => GET /client
// < 501
// <~ @arangodb/foxx/oauth2 is not implemented
