// `@arangodb/foxx/auth`: salted hashes of passwords.
'use strict';

const state = require('../../runtime/state.js');
const { constantEquals } = require('../compare.js');
const crypto = require('../crypto.js');

const HASHES = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];
const SALT_LENGTH_DEFAULT = 16;

// Work per hash grows with the years: about 100,000 rounds in 2026.
const ROUNDS_EPOCH_MS = Date.UTC(2000, 0, 1);
const ROUNDS_MS_PER_ROUND = 8500000;

function createAuth(given) {
  const options = typeof given === 'string' ? { method: given } : { ...given };
  const { method = 'sha256', saltLength = SALT_LENGTH_DEFAULT, workFactor = 1 } = options;
  if (method !== 'pbkdf2' && !HASHES.includes(method))
    throw new Error(`Unknown hash method: ${method}`);

  function create(password) {
    const salt = crypto.genRandomAlphaNumbers(saltLength);
    if (method !== 'pbkdf2') return { method, salt, hash: digest(method, salt, password) };
    const iter = Math.floor(
      (workFactor * (state.ops.now() - ROUNDS_EPOCH_MS)) / ROUNDS_MS_PER_ROUND,
    );
    return { method, salt, iter, hash: crypto.pbkdf2(salt, String(password), iter, saltLength) };
  }

  function verify(record, password) {
    const known = record !== null && typeof record === 'object' ? record : {};
    // A record that is not there takes as long as one that is: nobody learns which users exist.
    const salt = typeof known.salt === 'string' ? known.salt : 'x'.repeat(saltLength);
    const computed = compute(known, salt, password === undefined ? '' : password);
    const usable =
      typeof known.hash === 'string' && password !== undefined && computed !== undefined;
    return usable && constantEquals(computed, known.hash);
  }

  function compute(known, salt, password) {
    const name = known.method === undefined ? method : known.method;
    if (name === 'pbkdf2') {
      const iter = Number.isInteger(known.iter) && known.iter > 0 ? known.iter : 1;
      const bytes =
        typeof known.hash === 'string'
          ? Math.max(1, Math.floor(known.hash.length / 2))
          : saltLength;
      return crypto.pbkdf2(salt, String(password), iter, bytes);
    }
    return HASHES.includes(name) ? digest(name, salt, password) : undefined;
  }

  return { create, verify, hashPassword: create, verifyPassword: verify };
}

function digest(method, salt, password) {
  return crypto[method](salt + String(password));
}

module.exports = createAuth;
