// Signed cookies are read only with the right signature.
// why: <name>.sig is the hex HMAC of the value, sha256 by default; wrong, missing or other algorithm: undefined
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/', (req, res) =>
  res.json(
    [
      req.cookie('a'),
      req.cookie('a', 'secret'),
      req.cookie('a', { secret: 'secret', algorithm: 'sha1' }),
      req.cookie('none'),
      req.cookie('none', 'secret'),
    ].map((value) => (value === undefined ? 'undefined' : value)),
  ),
);
router.get('/set', (req, res) =>
  res.cookie('plain', 'a b', 0).cookie('a', 'v', {
    secret: 'secret',
    path: '/p',
    secure: true,
    httpOnly: true,
  }),
);

// => GET /
// > cookie: a=v; a.sig=a2e6e0e3c2a0f9e7; b=2
// < 200
// << ["v","undefined","undefined","undefined","undefined"]
// => GET /
// > cookie: a=%76; a.sig=38ff772159e49b67fc04d7f1727ceaca870ae13a29242fcd1f841adff0c782be
// < 200
// << ["v","v","undefined","undefined","undefined"]
// => GET /set
// < 204
// < set-cookie: plain=a%20b; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/
// < set-cookie: a=v; Path=/p; Secure; HttpOnly
// < set-cookie: a.sig=38ff772159e49b67fc04d7f1727ceaca870ae13a29242fcd1f841adff0c782be; Path=/p; Secure; HttpOnly
