// A small service on a collection: errors of the database become answers.
// why: uncaught ArangoErrors set the status by their number; cursors are sent as arrays
// needs: database
'use strict';
const { db, query } = require('@arangodb');
const joi = require('joi');
const name = module.context.collectionName('notes');
if (!db._collection(name)) db._createDocumentCollection(name);
const notes = module.context.collection('notes');
notes.truncate();
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router
  .post('/', (req, res) => {
    const meta = notes.save(req.body);
    res.status('created').send({ ...req.body, _key: meta._key });
  })
  .body(joi.object({ _key: joi.string(), text: joi.string().required() }).required());
router.get('/', (req, res) => res.send(query`FOR n IN ${notes} SORT n._key RETURN n.text`));
router.get('/:key', (req, res) => res.send(notes.document(req.pathParams.key).text));

// => POST /
// >> {"_key":"a","text":"first"}
// < 201
// << {"_key":"a","text":"first"}
// => POST /
// >> {"_key":"a","text":"again"}
// < 409
// <~ "errorNum":1210
// => GET /
// < 200
// << ["first"]
// => GET /a
// < 200
// << first
// => GET /zzz
// < 404
// << {"error":true,"errorNum":1202,"errorMessage":"document not found","code":404}
