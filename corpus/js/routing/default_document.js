// The default document wins over the service's own root route.
// why: it is declared before the service's routes; a redirect that is not permanent
// manifest: {"defaultDocument": "index.html"}
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/', (req, res) => res.json('root'));
router.get('/index.html', (req, res) => res.send('<p>'));

// => GET /
// < 302
// < location: /_db/d/my-foxx/index.html
// => GET /index.html
// < 200
// < content-type: text/html; charset=utf-8
// << <p>
