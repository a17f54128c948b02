// What an answer is when the handler says little.
// why: 200 with a body, else 204; application/json if no content type is set; a status that is no number is 500
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/nothing', () => 'ignored');
router.get('/body', (req, res) => {
  res.body = 'text';
});
router.get('/object', (req, res) => {
  res.body = { a: 1 };
});
router.get('/number', (req, res) => {
  res.body = 7;
});
router.get('/null', (req, res) => {
  res.body = 'x';
  res.body = null;
});
router.get('/status', (req, res) => {
  res.statusCode = 'oops';
  res.body = 'x';
});
router.get('/own', (req, res) => {
  res.set('Content-Type', 'text/weird');
  res.body = 'x';
});
router.get('/304', (req, res) => {
  res.status(304).send('x');
});
router.get('/named', (req, res) => res.status('created').json([]));

// => GET /nothing
// < 204
// < content-type:
// <<
// => GET /body
// < 200
// < content-type: application/json
// << text
// => GET /object
// < 200
// << {"a":1}
// => GET /number
// < 200
// << 7
// => GET /null
// < 204
// => GET /status
// < 500
// << {"error":true,"errorNum":500,"errorMessage":"internal server error","code":500}
// => GET /own
// < 200
// < content-type: text/weird
// => GET /304
// < 304
// <<
// => GET /named
// < 201
// << []
