// Handlers that return promises or leave work to promise jobs.
// why: promise jobs run before the answer is made up; nothing else is waited for
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/plain', async (req, res) => res.json('at once'));
router.get('/awaits', async (req, res) => {
  await null;
  await Promise.all([1, 2]);
  res.json('after jobs');
});
router.get('/left', (req, res) => {
  Promise.resolve('from a job').then((text) => res.json(text));
});
router.get('/never', async (req, res) => {
  await new Promise(() => {});
  res.json('not reached');
});
router.get('/late', async (req, res) => {
  res.json('kept');
  await null;
  throw new Error('after the answer was set');
});

// => GET /plain
// < 200
// << "at once"
// => GET /awaits
// < 200
// << "after jobs"
// => GET /left
// < 200
// << "from a job"
// => GET /never
// < 204
// => GET /late
// < 200
// << "kept"
