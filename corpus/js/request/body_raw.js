// Without a body definition the body is the raw buffer, also for JSON.
// why: JSON is not parsed automatically; json() parses on demand
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.post('/', (req, res) =>
  res.json([
    Buffer.isBuffer(req.body),
    req.body === req.rawBody,
    req.body.toString('utf8'),
    req.json(),
  ]),
);
router.get('/', (req, res) => res.json([req.body.length, req.json() === undefined]));
router.post('/described', (req, res) => res.json(Buffer.isBuffer(req.body))).body('only words');

// => POST /
// > content-type: application/json
// >> {"a":"ö"}
// < 200
// << [true,true,"{\"a\":\"ö\"}",{"a":"ö"}]
// => GET /
// < 200
// << [0,true]
// => POST /described
// >> x
// < 200
// << true
