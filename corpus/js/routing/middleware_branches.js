// Middleware with a path belongs to a branch of the route tree.
// why: /hello/world and /hello/:x middleware run only with routes found on that very branch
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
const mark = (name) => (req, res, next) => {
  req.trace = [...(req.trace || []), name];
  next();
};
router.get('/hello/world', (req, res) => res.json(req.trace));
router.get('/hello/:name', (req, res) => res.json(req.trace));
router.get('/hello/:name/deep', (req, res) => res.json(req.trace));
router.use('/hello', mark('hello'));
router.use('/hello/world', mark('literal'));
router.use('/hello/:x', mark('param'));

// => GET /hello/world
// < 200
// << ["hello","literal"]
// => GET /hello/there
// < 200
// << ["hello","param"]
// => GET /hello/world/deep
// < 200
// << ["hello","param"]
