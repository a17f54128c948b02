// The manifest's `files` and `defaultDocument` as routes.
'use strict';

const paths = require('../runtime/paths.js');
const state = require('../runtime/state.js');
const mime = require('./mime.js');
const { createHttpError } = require('./http_error.js');

const KIND_FILE = 1;
const KIND_FOLDER = 2;

function addDefaultDocument(router, path) {
  router.all('/', (req, res) => res.redirect(`${req.context.baseUrl}/${path.replace(/^\/+/, '')}`));
}

function addStaticFiles(router, context, files) {
  for (const key of Object.keys(files)) {
    const given = typeof files[key] === 'string' ? { path: files[key] } : files[key];
    const target = context.fileName(given.path);
    const prefix = `/${key}`.replace(/\/+/g, '/').replace(/\/$/, '');
    if (state.ops.fileKind(target) === KIND_FOLDER) {
      const endpoint = router.get(`${prefix}/*`, (req, res) => {
        sendStatic(res, findInside(target, req.suffix), given);
      });
      // A file that is not there leaves the path to other routes.
      endpoint._accepts = (suffix) => state.ops.fileKind(findInside(target, suffix)) === KIND_FILE;
    } else router.get(prefix === '' ? '/' : prefix, (req, res) => sendStatic(res, target, given));
  }
}

// The path of a file below a folder, or '' if the suffix is malformed or would leave the folder.
function findInside(folder, suffix) {
  let text;
  try {
    text = decodeURIComponent(suffix);
  } catch {
    return '';
  }
  if (text === '' || text.includes('\0') || text.split('/').includes('..')) return '';
  return paths.join(folder, text);
}

function sendStatic(res, file, { type }) {
  if (file === '' || state.ops.fileKind(file) !== KIND_FILE) throw createHttpError(404);
  res.type(type || mime.withCharset(mime.ofFile(file)));
  res.sendFile(file);
}

module.exports = { addDefaultDocument, addStaticFiles };
