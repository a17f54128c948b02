'use strict';
// Does what services do, and must not notice what others do.
const { db, aql } = require('@arangodb');
const router = require('@arangodb/foxx/router')();
module.context.use(router);

router.get('/:number', (req, res) => {
  const number = Number(req.pathParams.number);
  const [sum] = db._query(aql`RETURN SUM(1..${number})`).toArray();
  res.json({ sum });
});
