// A literal segment wins over a parameter, whatever the order of registration.
// why: along the path, a literal segment comes before a parameter segment
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/a/:x', (req, res) => res.json({ param: req.pathParams.x }));
router.get('/a/b', (req, res) => res.json('literal'));
router.get('/:first/c', (req, res) => res.json({ first: req.pathParams.first }));

// => GET /a/b
// < 200
// << "literal"
// => GET /a/other
// < 200
// << {"param":"other"}
// => GET /a/c
// < 200
// << {"param":"c"}
// => GET /z/c
// < 200
// << {"first":"z"}
// => GET /a/b/
// < 200
// << "literal"
// => GET /a
// < 404
// << {"error":true,"errorNum":404,"errorMessage":"unknown path '/my-foxx/a'","code":404}
