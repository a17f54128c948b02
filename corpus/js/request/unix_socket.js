// A unix socket as origin.
// why: unix sockets give <protocol>://unix:<absolute path>:/...
// info: {"socketPath": "/tmp/s.sock", "protocol": "https"}
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/', (req, res) => res.json(req.makeAbsolute('/x')));

// => GET /
// < 200
// << "https://unix:/tmp/s.sock:/_db/d/my-foxx/x"
