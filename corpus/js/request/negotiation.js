// accepts*, is and range.
// why: preferred by the client's order; false if none; is() is false without a content type
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/accepts', (req, res) =>
  res.json([
    req.accepts('json', 'html'),
    req.accepts(['html', 'json']),
    req.accepts('png'),
    req.accepts(),
    req.acceptsEncodings('gzip', 'identity'),
    req.acceptsLanguages('en', 'de'),
    req.acceptsCharsets('utf-8'),
  ]),
);
router.get('/is', (req, res) =>
  res.json([req.is('json'), req.is('html', 'application/*'), req.is('text/*')]),
);
router.get('/range', (req, res) => {
  const range = req.range(100);
  res.json(Array.isArray(range) ? [range.type, [...range]] : [String(range)]);
});

// => GET /accepts
// > accept: text/html;q=0.5, application/json
// > accept-encoding: gzip
// > accept-language: de, en;q=0.3
// < 200
// << ["json","json",false,["application/json","text/html"],"gzip","de","utf-8"]
// => GET /is
// > content-type: application/json; charset=utf-8
// < 200
// << ["json","application/json",false]
// => GET /is
// < 200
// << [false,false,false]
// => GET /range
// < 200
// << ["undefined"]
// => GET /range
// > range: nonsense
// < 200
// << ["-2"]
// => GET /range
// > range: bytes=200-300
// < 200
// << ["-1"]
// => GET /range
// > range: bytes=90-200
// < 200
// << ["bytes",[{"start":90,"end":99}]]
// => GET /range
// > range: bytes=-10
// < 200
// << ["bytes",[{"start":90,"end":99}]]
