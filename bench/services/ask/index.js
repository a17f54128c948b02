'use strict';
const createRouter = require('@arangodb/foxx/router');
const { db } = require('@arangodb');

const router = createRouter();
module.context.use(router);

// Asks a query once for each set of bind values, as any service would, and says what it took.
router.post((req, res) => {
  const { query, binds, memoryLimit } = req.body;
  const from = Date.now();
  const counts = binds.map(bind => db._query(query, bind, { memoryLimit }).toArray().length);
  res.json({ ms: Date.now() - from, counts });
})
.body(['json']);
