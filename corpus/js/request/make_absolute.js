// makeAbsolute resolves against the mount.
// why: "/x" and "x" are both relative to the mount, "../x" leaves it; default ports are left out
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/', (req, res) =>
  res.json([
    req.makeAbsolute('/x'),
    req.makeAbsolute('x'),
    req.makeAbsolute('../x'),
    req.makeAbsolute('x', 'a=1'),
    req.makeAbsolute('x?b=2', { a: ['1', 'ö'] }),
    req.makeAbsolute('http://e.org/'),
  ]),
);

// => GET /
// > host: h:80
// < 200
// << ["http://h/_db/d/my-foxx/x","http://h/_db/d/my-foxx/x","http://h/_db/d/x","http://h/_db/d/my-foxx/x?a=1","http://h/_db/d/my-foxx/x?b=2&a=1&a=%C3%B6","http://e.org/"]
