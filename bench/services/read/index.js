'use strict';
const createRouter = require('@arangodb/foxx/router');
const { errors } = require('@arangodb');

const docs = module.context.collection('docs');
const router = createRouter();
module.context.use(router);

router.get('/:key', (req, res) => {
  try {
    res.json(docs.document(req.pathParams.key));
  } catch (e) {
    if (e.errorNum === errors.ERROR_ARANGO_DOCUMENT_NOT_FOUND.code) {
      res.throw(404, 'not found', e);
    }
    throw e;
  }
});
