// HEAD uses its own route, or that of GET.
// why: an explicit HEAD or `all` route first, else GET; the host drops the body
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/g', (req, res) => res.json(req.method));
router.get('/both', (req, res) => res.json('get'));
router.head('/both', (req, res) => res.set('x-own', 'yes').json('head'));
router.post('/p', (req, res) => res.json('post'));

// => HEAD /g
// < 200
// << "HEAD"
// => HEAD /both
// < 200
// < x-own: yes
// => HEAD /p
// < 405
// < allow: POST
