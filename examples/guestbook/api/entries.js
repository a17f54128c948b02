'use strict';
const joi = require('joi');
const createRouter = require('@arangodb/foxx/router');
const { errors } = require('@arangodb');
const entries = require('../lib/entries');
const { draft, entry, page, keySchema } = require('../lib/schemas');

const NOT_FOUND = errors.ERROR_ARANGO_DOCUMENT_NOT_FOUND.code;

const router = createRouter();
module.exports = router;

router.tag('entries');

router.get((req, res) => {
  const { author, offset, limit } = req.queryParams;
  res.send(entries.list({
    author,
    offset,
    limit: limit || module.context.configuration.entriesPerPage
  }));
}, 'list')
.queryParam('author', joi.string().max(80).optional(), 'Only the entries of this author.')
.queryParam('offset', joi.number().integer().min(0).default(0), 'How many entries to skip.')
.queryParam('limit', joi.number().integer().min(1).max(100).optional(), 'How many to return.')
.response(200, page, 'The newest entries first.')
.summary('List entries');

router.post((req, res) => {
  const created = entries.create(req.body);
  res.status(201);
  res.set('location', req.makeAbsolute(req.reverse('read', { key: created._key })));
  res.send(created);
}, 'create')
.body(draft, 'Who writes, and what.')
.response(201, entry, 'The entry as it was stored.')
.error(400, 'The entry is not valid.')
.summary('Leave an entry');

router.get('/:key', (req, res) => {
  res.send(find(req.pathParams.key, res));
}, 'read')
.pathParam('key', keySchema, 'The key of the entry.')
.response(200, entry, 'The entry.')
.error(404, 'There is no such entry.')
.summary('Read one entry');

router.delete('/:key', (req, res) => {
  const { moderatorKey } = module.context.configuration;
  if (!moderatorKey || req.get('x-moderator-key') !== moderatorKey) {
    res.throw(403, 'Only a moderator may delete entries');
  }
  const { key } = req.pathParams;
  find(key, res);
  entries.remove(key);
  res.status(204);
}, 'remove')
.pathParam('key', keySchema, 'The key of the entry.')
.response(204, null, 'The entry is gone.')
.error(403, 'The moderator key is missing, wrong or not configured.')
.error(404, 'There is no such entry.')
.summary('Delete an entry');

// A missing entry is the visitor's 404; any other error is ours and goes on.
function find(key, res) {
  try {
    return entries.read(key);
  } catch (e) {
    if (e.isArangoError && e.errorNum === NOT_FOUND) {
      res.throw(404, `There is no entry "${key}"`, e);
    }
    throw e;
  }
}
