'use strict';
const createRouter = require('@arangodb/foxx/router');
const joi = require('joi');

const router = createRouter();
module.context.use(router);

exports.speak = name => {
  const { greeting, times, loudVoice } = module.context.configuration;
  const words = Array(times).fill(`${greeting} ${name}`).join(', ');
  return loudVoice ? words.toUpperCase() : words;
};

router.get('/', (req, res) => {
  const { manifest, mount, isDevelopment } = module.context;
  res.json({ version: manifest.version, mount, isDevelopment });
});

router.get('/speak/:name', (req, res) => {
  res.json({ words: exports.speak(req.pathParams.name) });
})
.pathParam('name', joi.string().min(2).required());

router.get('/setups', (req, res) => {
  const collection = module.context.collection('log');
  res.json({ setups: collection ? collection.count() : null });
});
