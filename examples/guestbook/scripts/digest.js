'use strict';
// Who wrote most: `foxx run /guestbook digest '{"limit": 3}'`.
const { countByAuthor } = require('../lib/entries');

const { limit = 10 } = module.context.argv[0] || {};

module.exports = { authors: countByAuthor(limit) };
