// Middleware wraps the routes of its level, also those registered before it.
// why: use(fn) after the routes still runs before them; on one path in order of registration; parents first
'use strict';
const createRouter = require('@arangodb/foxx/router');
const mark = (name) => (req, res, next) => {
  req.trace = [...(req.trace || []), name];
  next();
  res.set(`x-${name}`, req.trace.join(','));
};
const child = createRouter();
child.get('/x', mark('inline'), (req, res) => res.json(req.trace));
child.use(mark('child'));
const router = createRouter();
router.use('/c', child);
router.use(mark('first'));
router.use(mark('second'));
module.context.use(router);
const sibling = createRouter();
sibling.get('/s', (req, res) => res.json(req.trace || []));
module.context.use(sibling);
module.context.use(mark('service'));

// => GET /c/x
// < 200
// < x-service: service,first,second,child,inline
// << ["service","first","second","child","inline"]
// => GET /s
// < 200
// < x-first:
// << ["service"]
// => GET /nothing
// < 404
// < x-service:
