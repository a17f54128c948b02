// In development mode errors show what happened.
// why: exception and stacktrace are added in development mode only
// init: {"development": true}
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/', () => {
  throw new TypeError('details');
});

// => GET /
// < 500
// <~ "errorMessage": "internal server error"
// <~ "exception": "TypeError: details"
// <~ "TypeError: details",
// <~ "stacktrace": [
