'use strict';
const createRouter = require('@arangodb/foxx/router');

const docs = module.context.collection('docs');
const router = createRouter();
module.context.use(router);

router.post((req, res) => {
  const { _key } = docs.save(req.body);
  res.status(201).json({ key: _key });
})
.body(['json']);

router.get('/count', (req, res) => {
  res.json({ count: docs.count() });
});

router.get('/ids', (req, res) => {
  res.json(docs.toArray().map(one => one.id));
});
