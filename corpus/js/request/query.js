// Query parameters as they come: repeated ones, lists, blanks, broken escapes.
// why: repeated names and `a[]` are arrays; + is a blank in the query only; param() takes path before query
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/:id', (req, res) =>
  res.json([req.queryParams, req.param('id'), req.param('q') || null]),
);

// => GET /1?a=1&a=2&b[]=3&c&d=x+y%21&e=%zz&id=9&q=
// < 200
// << [{"a":["1","2"],"b":["3"],"c":"","d":"x y!","e":"%zz","id":"9","q":""},"1",null]
