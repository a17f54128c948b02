// Forwarded headers count only if the service trusts its proxy.
// why: X-Forwarded-* honoured only with trustProxy and only if non-empty; lists are split, the first is remoteAddress
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
const show = (req, res) =>
  res.json([
    req.protocol,
    req.secure,
    req.hostname,
    req.port,
    req.remoteAddress,
    req.remoteAddresses,
    req.trustProxy,
  ]);
router.get('/on', (req, res) => {
  module.context.trustProxy = true;
  show(req, res);
  module.context.trustProxy = false;
});
router.get('/off', show);

// => GET /off
// > host: inner:8529
// > x-forwarded-proto: https
// > x-forwarded-host: outer.example
// > x-forwarded-for: 1.2.3.4, 5.6.7.8
// < 200
// << ["http",false,"inner",8529,"10.0.0.9",["10.0.0.9"],false]
// => GET /on
// > host: inner:8529
// > x-forwarded-proto: https
// > x-forwarded-host: outer.example
// > x-forwarded-for: 1.2.3.4, 5.6.7.8
// < 200
// << ["https",true,"outer.example",443,"1.2.3.4",["1.2.3.4","5.6.7.8"],true]
// => GET /on
// > host: inner
// > x-forwarded-proto:
// > x-forwarded-host:
// > x-forwarded-for:
// < 200
// << ["http",false,"inner",80,"10.0.0.9",["10.0.0.9"],true]
