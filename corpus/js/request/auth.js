// Credentials are parsed whether they are right or not.
// why: null without header; {basic: {}} for empty or garbage; no colon means no password key
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/', (req, res) => res.send({ auth: req.auth }));

// => GET /
// < 200
// << {"auth":null}
// => GET /
// > authorization: Bearer abc.def
// < 200
// << {"auth":{"bearer":"abc.def"}}
// => GET /
// > authorization: Basic
// < 200
// << {"auth":{"basic":{}}}
// => GET /
// > authorization: Basic dXNlcg==
// < 200
// << {"auth":{"basic":{"username":"user"}}}
// => GET /
// > authorization: Basic dXNlcjo=
// < 200
// << {"auth":{"basic":{"username":"user","password":""}}}
// => GET /
// > authorization: Basic dXNlcjpwYTpzcw==
// < 200
// << {"auth":{"basic":{"username":"user","password":"pa:ss"}}}
