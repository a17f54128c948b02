'use strict';
const createRouter = require('@arangodb/foxx/router');

const router = createRouter();
module.context.use(router);

router.get('/', (req, res) => {
  const { configuration, dependencies } = module.context;
  res.json({
    secretKey: configuration.secretKey,
    solo: dependencies.parrot.speak('one'),
    choir: dependencies.choir.map(parrot => parrot.speak('all'))
  });
});
