// Headers, types, redirects, attachments.
// why: names are lower-cased, content-type is kept apart; redirect is 302 unless a status is set
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/set', (req, res) => {
  res.set('X-One', 1).set({ 'X-Two': '2', 'Content-Type': 'text/x' }).set();
  res.removeHeader('x-two');
  res.json([res.headers, res.getHeader('Content-Type')]);
});
router.get('/type', (req, res) =>
  res.send([res.type('json'), res.type('.html'), res.type(), res.type('text/css')]),
);
router.get('/vary', (req, res) => {
  res.vary('Accept', 'accept').vary(['Origin']).send('x');
});
router.get('/vary-all', (req, res) => {
  res.vary('Accept').vary('*').send('x');
});
router.get('/to', (req, res) => {
  res.redirect('/there');
});
router.get('/perm', (req, res) => {
  res.redirect('permanent', 'there');
});
router.get('/kept', (req, res) => {
  res.status(303).redirect('there');
});
router.get('/file', (req, res) => {
  res.attachment('dir/a"b.js').send('x');
});
router.get('/odd', (req, res) => {
  res.attachment('naïve\u0001.zzz').send('x');
});
router.get('/status', (req, res) => {
  res.sendStatus(404);
});
router.get('/999', (req, res) => {
  res.sendStatus(999);
});
router.get('/split', (req, res) => {
  res.set('x-a', 'b\r\nx-evil: 1').send('x');
});

// => GET /set
// < 200
// < x-one: 1
// < x-two:
// < content-type: text/x
// << [{"x-one":1},"text/x"]
// => GET /type
// < 200
// < content-type: text/css
// => GET /vary
// < 200
// < vary: Accept, Origin
// => GET /vary-all
// < 200
// < vary: *
// => GET /to
// < 302
// < location: /there
// => GET /perm
// < 301
// < location: there
// => GET /kept
// < 303
// => GET /file
// < 200
// < content-disposition: attachment; filename="a\"b.js"
// < content-type: application/javascript
// => GET /odd
// < 200
// < content-disposition: attachment; filename="naïve?.zzz"; filename*=UTF-8''na%C3%AFve%01.zzz
// < content-type: application/octet-stream
// => GET /status
// < 404
// < content-type: text/plain; charset=utf-8
// << Not Found
// => GET /999
// < 999
// << 999
// => GET /split
// < 200
// < x-a: b x-evil: 1
// < x-evil:
