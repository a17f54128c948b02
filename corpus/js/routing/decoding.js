// Segments are decoded once before they are compared; an encoded slash does not split.
// why: %2F inside a segment does not split, + is not a blank, routes may be registered encoded or raw
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/p/:x', (req, res) => res.json(req.pathParams.x));
router.get('/sm%C3%B6r', (req, res) => res.json('encoded'));
router.get('/gås', (req, res) => res.json('raw'));

// => GET /p/a%2Fb
// < 200
// << "a/b"
// => GET /p/a+b%2520c
// < 200
// << "a+b%20c"
// => GET /sm%C3%B6r
// < 200
// << "encoded"
// => GET /g%C3%A5s
// < 200
// << "raw"
// => GET /p/..
// < 404
// => GET /x/../p/1
// < 404
