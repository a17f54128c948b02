// Files of the manifest come after the service's routes and never leave their folder.
// why: a missing file falls through to other routes; `..`, also encoded, is 404
// manifest: {"files": {"/": "public", "one.js": {"path": "public/app.js", "type": "text/plain"}}}
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/index.js', (req, res) => res.json('route'));
router.get('/api', (req, res) => res.json('api'));

// ---- file: public/app.js
('an asset');

// ---- file: public/index.js
('hidden by a route');

// => GET /app.js
// < 200
// < content-type: application/javascript
// <~ an asset
// => GET /one.js
// < 200
// < content-type: text/plain
// <~ an asset
// => GET /index.js
// < 200
// << "route"
// => GET /api
// < 200
// << "api"
// => GET /missing.js
// < 404
// => GET /../index.js
// < 404
// => GET /%2E%2E/index.js
// < 404
