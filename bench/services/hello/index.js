'use strict';
const createRouter = require('@arangodb/foxx/router');

const router = createRouter();
module.context.use(router);

router.get((req, res) => {
  res.json({ hello: 'world' });
});
