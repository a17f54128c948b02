// Files as answers.
// why: Last-Modified unless present; true forces, false suppresses; a missing file throws
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
const file = module.context.fileName('data/a.js');
router.get('/file', (req, res) => {
  res.sendFile(file);
});
router.get('/without', (req, res) => {
  res.sendFile(file, false);
});
router.get('/kept', (req, res) => {
  res.set('last-modified', 'x').sendFile(file);
});
router.get('/download', (req, res) => {
  res.download(file, 'other.txt');
});
router.get('/missing', (req, res) => {
  res.sendFile(module.context.fileName('none'));
});

// ---- file: data/a.js
('content');

// => GET /file
// < 200
// < content-type: application/javascript
// <~ content
// => GET /without
// < 200
// < last-modified:
// => GET /kept
// < 200
// < last-modified: x
// => GET /download
// < 200
// < content-disposition: attachment; filename="other.txt"
// < content-type: text/plain
// => GET /missing
// < 500
// <~ file not found
