// In development mode JSON is indented.
// why: objects and arrays become JSON, indented by 2 in development mode
// init: {"development": true}
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/', (req, res) => {
  res.body = { a: 1 };
});

// => GET /
// < 200
// << {
// <<   "a": 1
// << }
