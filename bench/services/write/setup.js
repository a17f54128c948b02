'use strict';
const { db } = require('@arangodb');

const name = module.context.collectionName('docs');
if (!db._collection(name)) {
  db._createDocumentCollection(name);
}
