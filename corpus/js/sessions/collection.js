// Sessions in a collection, found again by their cookie.
// why: nothing is saved unless the service saves; the record has uid, created, expires and data
// needs: database
'use strict';
const { db } = require('@arangodb');
const name = module.context.collectionName('sessions');
// The main file runs once in each worker, at the same time.
try {
  db._create(name);
} catch (e) {
  if (e.errorNum !== 1207) throw e;
}
const collection = db._collection(name);
const sessions = require('@arangodb/foxx/sessions');
module.context.use(sessions({ storage: collection, transport: 'header' }));
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/unsaved', (req, res) => res.json([req.session.uid, collection.count()]));
router.get('/fixed', (req, res) => {
  collection.save({
    _key: 'known',
    uid: 'me',
    created: 1,
    expires: Date.now() + 60000,
    data: { a: 1 },
    extra: true,
  });
  collection.save({
    _key: 'old',
    uid: 'me',
    created: 1,
    expires: 1,
    data: null,
  });
  res.send('ok');
});
router.get('/whoami', (req, res) =>
  res.json([req.session.uid, req.session.data, req.session.extra || false]),
);
router.get('/save', (req, res) => {
  req.session.uid = 'changed';
  req.sessionStorage.save(req.session);
  res.json([
    collection.document('known').uid,
    req.sessionStorage.clear({}),
    req.sessionStorage.clear(req.session),
  ]);
});

// => GET /unsaved
// < 200
// < x-session-id:
// << [null,0]
// => GET /fixed
// < 200
// => GET /whoami
// > x-session-id: known
// < 200
// < x-session-id: known
// << ["me",{"a":1},true]
// => GET /whoami
// > x-session-id: old
// < 200
// << [null,null,false]
// => GET /save
// > x-session-id: known
// < 200
// << ["changed",false,true]
// => GET /whoami
// > x-session-id: known
// < 200
// << [null,null,false]
