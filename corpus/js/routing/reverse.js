// req.reverse looks from the innermost router outwards; left-over parameters become the query.
// why: dotted names walk into named child routers; missing parameters throw
'use strict';
const createRouter = require('@arangodb/foxx/router');
const child = createRouter();
child.get(
  '/here/:id',
  (req, res) =>
    res.json([
      req.reverse('here', { id: 'a b', q: 'x&y' }),
      req.reverse('top'),
      req.reverse('kids.here', { id: 2 }),
      req.makeAbsolute(req.reverse('top')),
    ]),
  'here',
);
child.get('/missing', (req, res) => res.json(req.reverse('here')));
child.get('/unknown', (req, res) => res.json(req.reverse('nobody')));
const router = createRouter();
router.get('/top', () => {}, 'top');
router.use('/kids', child, 'kids');
module.context.use(router);

// => GET /kids/here/1
// > host: example.org
// < 200
// << ["/_db/d/my-foxx/kids/here/a%20b?q=x%26y","/_db/d/my-foxx/top","/_db/d/my-foxx/kids/here/2","http://example.org/_db/d/my-foxx/top"]
// => GET /kids/missing
// < 500
// => GET /kids/unknown
// < 500
