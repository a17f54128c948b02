// Middleware may add and replace what later links see.
// why: the request is an ordinary object that lives through the chain, and JSON of it works
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.use((req, res, next) => {
  req.user = { name: 'x' };
  req.body = 'replaced';
  req.queryParams = { own: 1 };
  req.session = { uid: 1 };
  next();
});
router.get('/', (req, res) => {
  const copy = JSON.parse(JSON.stringify(req));
  delete req.session;
  res.json([
    req.user,
    req.body,
    req.queryParams,
    copy.user,
    copy.session,
    req.session === undefined,
  ]);
});

// => GET /?a=1
// < 200
// << [{"name":"x"},"replaced",{"own":1},{"name":"x"},{"uid":1},true]
