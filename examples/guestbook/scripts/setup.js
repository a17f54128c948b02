'use strict';
const { db } = require('@arangodb');

// Runs at install and at every upgrade, so it only adds what is missing.
const name = module.context.collectionName('entries');
const collection = db._collection(name) || db._createDocumentCollection(name);

collection.ensureIndex({ type: 'persistent', fields: ['createdAt'] });
collection.ensureIndex({ type: 'persistent', fields: ['author', 'createdAt'] });

if (!collection.exists('welcome')) {
  collection.save({
    _key: 'welcome',
    author: 'The guestbook',
    text: 'Welcome! Leave a line for those who come after you.',
    createdAt: new Date().toISOString()
  });
}
