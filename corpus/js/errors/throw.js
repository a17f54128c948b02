// res.throw in its forms, and what other exceptions become.
// why: an Error as reason gives message, cause and errorNum; options are copied; uncaught errors are 500 with a
//   generic text, but an ArangoError sets the status by its number
'use strict';
const { ArangoError } = require('@arangodb');
const httpErrors = require('http-errors');
const router = require('@arangodb/foxx/router')();
module.context.use(router);
const missing = () => new ArangoError({ errorNum: 1202 });
const forms = {
  code: (res) => res.throw(404),
  name: (res) => res.throw('not found', 'gone'),
  cause: (res) => res.throw(404, missing()),
  third: (res) => res.throw(404, 'text', missing()),
  extra: (res) => res.throw(400, 'text', { extra: { field: 'a', errorNum: 99 } }),
  both: (res) => res.throw(400, new Error('why'), { extra: { field: 'b' } }),
  only: (res) => res.throw(missing()),
  http: () => {
    throw httpErrors(403, 'no');
  },
  duck: () => {
    throw Object.assign(new Error('duck'), { statusCode: 422 });
  },
  arango: () => {
    throw missing();
  },
  unknown: () => {
    throw new ArangoError({ errorNum: 77777, errorMessage: 'own' });
  },
  plain: () => {
    throw new TypeError('secret');
  },
  text: () => {
    throw 'just text';
  },
};
router.get('/:form', (req, res) => forms[req.pathParams.form](res));

// => GET /code
// < 404
// << {"error":true,"errorNum":404,"errorMessage":"Not Found","code":404}
// => GET /name
// < 404
// << {"error":true,"errorNum":404,"errorMessage":"gone","code":404}
// => GET /cause
// < 404
// << {"error":true,"errorNum":1202,"errorMessage":"document not found","code":404}
// => GET /third
// < 404
// << {"error":true,"errorNum":1202,"errorMessage":"text","code":404}
// => GET /extra
// < 400
// << {"error":true,"errorNum":99,"errorMessage":"text","code":400,"field":"a"}
// => GET /both
// < 400
// << {"error":true,"errorNum":400,"errorMessage":"why","code":400,"field":"b"}
// => GET /only
// < 500
// <~ "errorNum":1202
// => GET /http
// < 403
// << {"error":true,"errorNum":403,"errorMessage":"no","code":403}
// => GET /duck
// < 422
// << {"error":true,"errorNum":422,"errorMessage":"duck","code":422}
// => GET /arango
// < 404
// << {"error":true,"errorNum":1202,"errorMessage":"document not found","code":404}
// => GET /unknown
// < 500
// << {"error":true,"errorNum":77777,"errorMessage":"own","code":500}
// => GET /plain
// < 500
// << {"error":true,"errorNum":500,"errorMessage":"internal server error","code":500}
// => GET /text
// < 500
// << {"error":true,"errorNum":500,"errorMessage":"internal server error","code":500}
