'use strict';
const { db } = require('@arangodb');

// One document for each time the script ran.
const name = module.context.collectionName('log');
const collection = db._collection(name) || db._createDocumentCollection(name);
collection.save({ argv: module.context.argv });
