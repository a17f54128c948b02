// The texts of failed validation.
// why: they begin with 'query parameter "x"', 'header "x"', 'request body' in place of joi's "value"
'use strict';
const joi = require('joi');
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router
  .get('/q', (req, res) => res.json(req.queryParams))
  .queryParam('limit', joi.number().integer().default(5))
  .queryParam('kind', joi.any().valid('a', 'b').required())
  .queryParam('free', 'just a description');
router
  .get('/h', (req, res) => res.json([req.headers['x-count'], req.get('X-Count')]))
  .header('X-Count', joi.number().required());
router
  .post('/b', (req, res) => res.json(req.body))
  .body(joi.object({ a: joi.number().required() }).required());
router.post('/plain', (req, res) => res.json(req.body)).body({ a: joi.number().required() });
router.post('/list', (req, res) => res.json(req.body)).body([joi.number()]);

// => GET /q?kind=a&limit=7&free=x&other=y
// < 200
// << {"kind":"a","limit":7,"free":"x","other":"y"}
// => GET /q?kind=b
// < 200
// << {"kind":"b","limit":5}
// => GET /q
// < 400
// << {"error":true,"errorNum":400,"errorMessage":"query parameter \"kind\" is required","code":400}
// => GET /q?kind=a&limit=1.5
// < 400
// <~ query parameter \"limit\" must be an integer
// => GET /q?kind=c
// < 400
// <~ query parameter \"kind\" must be one of [a, b]
// => GET /h
// > x-count: 12
// < 200
// << [12,12]
// => GET /h
// < 400
// <~ header \"x-count\" is required
// => POST /b
// >> {"a":1}
// < 200
// << {"a":1}
// => POST /b
// < 400
// <~ request body is required
// => POST /b
// >> {"a":"x"}
// < 400
// <~ child \"a\" fails because [\"a\" must be a number]
// => POST /b
// >> {"a":
// < 400
// => POST /plain
// >> {"a":1,"b":2}
// < 400
// <~ \"b\" is not allowed
// => POST /list
// >> [1,"2"]
// < 200
// << [1,2]
// => POST /list
// >> {"a":1}
// < 400
