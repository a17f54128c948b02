// next() runs the rest once, hands errors out, and may be left out.
// why: a middleware can wrap next in try/catch; a second call is ignored; handlers get only (req, res)
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
let runs = 0;
router.get(
  '/twice',
  (req, res, next) => {
    next();
    next();
  },
  (req, res) => {
    runs += 1;
    res.json({ runs });
  },
);
router.get(
  '/caught',
  (req, res, next) => {
    try {
      next();
    } catch (error) {
      res.status(418).json(error.message);
    }
  },
  () => {
    throw new Error('inner');
  },
);
router.get(
  '/given',
  (req, res, next) => next(Object.assign(new Error('mine'), { statusCode: 409 })),
  () => {},
);
router.get(
  '/stop',
  (req, res) => {
    res.json('stopped');
  },
  (req, res) => res.json('never'),
);
router.get('/arity', (req, res, next) => res.json(typeof next));
router.all('*', (req, res) => res.json('catch-all'));

// => GET /twice
// < 200
// << {"runs":1}
// => GET /caught
// < 418
// << "inner"
// => GET /given
// < 409
// << {"error":true,"errorNum":409,"errorMessage":"mine","code":409}
// => GET /stop
// < 200
// << "stopped"
// => GET /arity
// < 200
// << "undefined"
// => PUT /some/where
// < 200
// << "catch-all"
