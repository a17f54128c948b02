// send chooses the type: declared, else by the kind of value.
// why: a declared type wins, otherwise buffer is octet-stream, object JSON, else html; String([]) is empty
'use strict';
const joi = require('joi');
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get('/text', (req, res) => res.send('x')).response(['text/plain']);
router.get('/list', (req, res) => res.send([])).response(['text/plain']);
router.get('/html', (req, res) => res.send('x'));
router.get('/object', (req, res) => res.send({ a: new Date(0) }));
router.get('/null', (req, res) => res.send(null));
router.get('/buffer', (req, res) => res.send(Buffer.from('x')));
router.get('/explicit', (req, res) => res.send({ a: 1 }, 'text/x-own'));
router.get('/cursor', (req, res) => res.send({ toArray: () => [1, 2] }));
const model = {
  schema: joi.object(),
  forClient: (value) => ({ shown: value.id }),
};
router.get('/model', (req, res) => res.send({ id: 1 })).response(model);
router.get('/models', (req, res) => res.send([{ id: 1 }, { id: 2 }])).response([model]);
router
  .get('/status', (req, res) => res.status(201).send({ id: 1 }))
  .response(201, model)
  .response(200, joi.any());
router.get('/write', (req, res) => {
  res.write('a');
  res.write(null);
  res.write({ b: 1 });
  res.write(2);
});
router
  .get('/write-declared', (req, res) => {
    res.write('a');
  })
  .response(['text/plain']);
router.get('/mixed', (req, res) => {
  res.write('é');
  res.write(Buffer.from([33]));
});

// => GET /text
// < 200
// < content-type: text/plain; charset=utf-8
// << x
// => GET /list
// < 204
// <<
// => GET /html
// < 200
// < content-type: text/html; charset=utf-8
// => GET /object
// < 200
// < content-type: application/json; charset=utf-8
// << {"a":"1970-01-01T00:00:00.000Z"}
// => GET /null
// < 200
// << null
// => GET /buffer
// < 200
// < content-type: application/octet-stream
// => GET /explicit
// < 200
// < content-type: text/x-own; charset=utf-8
// << [object Object]
// => GET /cursor
// < 200
// << [1,2]
// => GET /model
// < 200
// << {"shown":1}
// => GET /models
// < 200
// << [{"shown":1},{"shown":2}]
// => GET /status
// < 201
// << {"shown":1}
// => GET /write
// < 200
// < content-type: application/json
// << a{"b":1}2
// => GET /write-declared
// < 200
// < content-type: text/plain; charset=utf-8
// => GET /mixed
// < 200
// << é!
