// Modules that require each other get what is there so far.
// why: Node semantics of cycles
'use strict';
module.exports = require('./a');

// ---- file: a.js
exports.before = true;
const b = require('./b');
exports.seenByB = b.seen;
exports.after = true;

// ---- file: b.js
exports.seen = Object.keys(require('./a'));

// => SCRIPT
// << {"before":true,"seenByB":["before"],"after":true}
