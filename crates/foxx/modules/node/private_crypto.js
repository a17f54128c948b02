// The little of Node's `crypto` that bundled packages touch; not resolvable for services.
'use strict';

const state = require('../runtime/state.js');

function randomBytes(size) {
  return Buffer.from(state.ops.randomBytes(size));
}

function createHash(algorithm) {
  const parts = [];
  return {
    update(data) {
      parts.push(Buffer.from(data));
      return this;
    },
    digest(encoding) {
      const hex = state.ops.hash(algorithm, Buffer.concat(parts));
      return encoding === 'hex' ? hex : Buffer.from(hex, 'hex');
    },
  };
}

module.exports = { createHash, randomBytes };
