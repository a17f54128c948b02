// Models, other validators, middleware with definitions of its own.
// why: fromClient runs after validation; an auth middleware wins over route-level validation; definitions merge
'use strict';
const joi = require('joi');
const router = require('@arangodb/foxx/router')();
module.context.use(router);
class Point {
  constructor(x) {
    this.x = x;
  }
}
const model = {
  schema: joi.object({ x: joi.number().required() }),
  fromClient: (data) => new Point(data.x),
};
router.post('/model', (req, res) => res.json([req.body instanceof Point, req.body.x])).body(model);
router
  .post('/models', (req, res) => res.json(req.body.map((p) => p instanceof Point)))
  .body([model]);
const foreign = {
  validate: (value) =>
    value === 'good' ? { value: 'better' } : { error: new Error('"value" is bad') },
};
router.get('/foreign', (req, res) => res.json(req.queryParams.x)).queryParam('x', foreign);
router
  .get('/schema', (req, res) => res.json(req.queryParams.n))
  .queryParam('n', { type: 'integer', minimum: 2 });
router
  .use('/guarded', (req, res, next) => {
    if (!req.queryParams.token) res.throw(401);
    try {
      next();
    } catch (error) {
      res.status(error.statusCode).json([error.message, error.cause.isJoi]);
    }
  })
  .queryParam('token', joi.string().optional());
router.get('/guarded/x', (req, res) => res.json('in')).queryParam('n', joi.number().required());

// => POST /model
// >> {"x":"3"}
// < 200
// << [true,3]
// => POST /models
// >> [{"x":1},{"x":2}]
// < 200
// << [true,true]
// => GET /foreign?x=good
// < 200
// << "better"
// => GET /foreign?x=no
// < 400
// <~ query parameter \"x\" is bad
// => GET /schema?n=3
// < 200
// << 3
// => GET /schema?n=1
// < 400
// => GET /guarded/x
// < 401
// << {"error":true,"errorNum":401,"errorMessage":"Unauthorized","code":401}
// => GET /guarded/x?token=t
// < 400
// << ["query parameter \"n\" is required",true]
// => GET /guarded/x?token=t&n=1
// < 200
// << "in"
