// `module.context.createDocumentationRouter` and `apiDocumentation`: a service's OpenAPI document
// and the files of a user interface for it.
'use strict';

const paths = require('../runtime/paths.js');
const state = require('../runtime/state.js');
const { createHttpError } = require('./http_error.js');
const mime = require('./mime.js');
const { createRouter } = require('./router.js');
const { describeApi } = require('./swagger.js');

const KIND_FILE = 1;

function readOptions(given) {
  if (typeof given === 'function') return { before: given };
  if (typeof given === 'string') return { swaggerRoot: given };
  return { ...given };
}

function apiDocumentation(context, given) {
  const base = readOptions(given);
  return function handle(req, res) {
    let options = base;
    if (typeof base.before === 'function') {
      const answer = base.before(req, res);
      if (answer === false) return;
      if (answer !== null && typeof answer === 'object') options = { ...base, ...answer };
    }
    serve(context, options, req, res);
  };
}

function serve(context, { mount, indexFile = 'index.html', swaggerRoot }, req, res) {
  const suffix = req.suffix || '';
  if (suffix === 'swagger.json') {
    const { findService } = require('../runtime/service.js');
    res.json(describeApi(findService(mount || context.mount)));
    return;
  }
  if (swaggerRoot === undefined) throw createHttpError(404);
  if (suffix === '') {
    const own = req.path.replace(/\/+$/, '');
    res.redirect(`${context.baseUrl}${own}/${indexFile}`);
    return;
  }
  const path = decodeURIComponent(suffix);
  const file = paths.join(swaggerRoot, path);
  if (path.split('/').includes('..') || state.ops.fileKind(file) !== KIND_FILE)
    throw createHttpError(404);
  res.type(mime.withCharset(mime.ofFile(file)));
  res.sendFile(file);
}

function createDocumentationRouter(context, options) {
  const router = createRouter();
  const endpoint = router.get('/*', apiDocumentation(context, options));
  endpoint._hidden = true;
  return router;
}

module.exports = { apiDocumentation, createDocumentationRouter };
