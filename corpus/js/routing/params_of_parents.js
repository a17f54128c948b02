// Parameters of a mounting are seen by the routes of the mounted router, and one router may be mounted twice.
// why: mount paths follow the same syntax; endpoint definitions count for one mounting only
'use strict';
const joi = require('joi');
const createRouter = require('@arangodb/foxx/router');
const child = createRouter();
child.get('/:item', (req, res) => res.json(req.pathParams));
module.context.use('/a/:owner', child).pathParam('owner', joi.number());
module.context.use('/b/:owner', child);

// => GET /a/1/x
// < 200
// << {"owner":1,"item":"x"}
// => GET /b/1/x
// < 200
// << {"owner":"1","item":"x"}
// => GET /a/me/x
// < 404
