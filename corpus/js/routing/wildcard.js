// The suffix of a wildcard route is raw; exact routes come first; the suffix may be empty.
// why: the suffix is not decoded and dots in it are not resolved; exact end-of-path routes before wildcard routes
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/docs/*', (req, res) => res.json({ suffix: req.suffix }));
router.get('/docs', (req, res) => res.json('exact'));
router.all('/any/:x/*', (req, res) => res.json([req.method, req.pathParams.x, req.suffix]));

// => GET /docs
// < 200
// << "exact"
// => GET /docs/a%2Fb/../c
// < 200
// << {"suffix":"a%2Fb/../c"}
// => DELETE /any/1
// < 200
// << ["DELETE","1",""]
// => PATCH /any/%31/x+y
// < 200
// << ["PATCH","1","x+y"]
