// Routes whose parameter does not validate or whose method differs are passed over.
// why: all candidates are tried; a failing path parameter is no match; 405 only if nothing else fits
'use strict';
const joi = require('joi');
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router
  .get('/:n', (req, res) => res.json({ number: req.pathParams.n }))
  .pathParam('n', joi.number().integer().required());
router
  .get('/:word', (req, res) => res.json({ word: req.pathParams.word }))
  .pathParam('word', joi.string().alphanum().required());
router.post('/:any', (req, res) => res.json({ posted: req.pathParams.any }));
router.put('/b', (req, res) => res.json('put b'));

// => GET /12
// < 200
// << {"number":12}
// => GET /abc
// < 200
// << {"word":"abc"}
// => POST /b
// < 200
// << {"posted":"b"}
// => GET /a-b
// < 405
// < allow: POST
// << {"error":true,"errorNum":405,"errorMessage":"method not supported","code":405}
// => DELETE /b
// < 405
// < allow: PUT, GET, POST
