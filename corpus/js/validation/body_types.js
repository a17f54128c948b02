// The body by its content type and what the endpoint declares.
// why: if the content type fits none of the declared ones, the first declared one is assumed
'use strict';
const joi = require('joi');
const router = require('@arangodb/foxx/router')();
module.context.use(router);
const show = (req, res) =>
  res.json(Buffer.isBuffer(req.body) ? ['buffer', req.body.toString()] : [req.body]);
router.post('/json-form', show).body(['json', 'form']);
router.post('/form', show).body(joi.object({ a: joi.number() }), ['form'], 'words');
router.post('/text', show).body(['text/plain']);
router.post('/bytes', show).body(['application/octet-stream']);
router.post('/none', (req, res) => res.json(String(req.body))).body(null);
router.post('/optional', (req, res) => res.json([String(req.body)])).body(joi.object().optional());
router
  .post('/multipart', (req, res) =>
    res.json(
      req.body.map((part) => [
        part.name,
        part.filename || null,
        Buffer.isBuffer(part) ? part.toString() : part,
        part.headers['content-type'] || null,
      ]),
    ),
  )
  .body(['multipart']);

// => POST /json-form
// > content-type: application/x-www-form-urlencoded
// >> a=1&b=x+y
// < 200
// << [{"a":"1","b":"x y"}]
// => POST /json-form
// > content-type: application/vnd.api+json
// >> {"a":1}
// < 200
// << [{"a":1}]
// => POST /json-form
// > content-type: text/plain
// >> [1]
// < 200
// << [[1]]
// => POST /form
// > content-type: application/json
// >> a=5
// < 200
// << [{"a":5}]
// => POST /text
// >> héllo
// < 200
// << ["héllo"]
// => POST /bytes
// >> abc
// < 200
// << ["buffer","abc"]
// => POST /none
// < 200
// << "undefined"
// => POST /none
// >> x
// < 400
// => POST /optional
// < 200
// << ["undefined"]
