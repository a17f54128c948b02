'use strict';
const createRouter = require('@arangodb/foxx/router');

const router = createRouter();
module.context.use(router);

router.get('/about', (req, res) => {
  const { manifest, configuration } = module.context;
  res.json({ title: configuration.title, name: manifest.name, version: manifest.version });
})
.summary('What this service is')
.description('The title, name and version of the service.');

module.context.use('/entries', require('./api/entries'), 'entries');
