// `crypto`: digests, message authentication and random bytes in the forms of Node. The documentation
// does not list it, but packages that published services ship require it when they are loaded.
'use strict';

const state = require('../runtime/state.js');
const { constantEquals } = require('../arangodb/compare.js');

const HASHES = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];

function toBytes(data, encoding) {
  return typeof data === 'string' ? Buffer.from(data, encoding) : Buffer.from(data);
}

function checkHash(algorithm) {
  const name = String(algorithm).toLowerCase().replace('-', '');
  if (!HASHES.includes(name)) throw new Error(`Digest method not supported: ${algorithm}`);
  return name;
}

// Collects what it is given and computes the digest at the end.
class Digest {
  constructor(compute) {
    this._compute = compute;
    this._parts = [];
  }

  update(data, encoding) {
    this._parts.push(toBytes(data, encoding));
    return this;
  }

  digest(encoding) {
    const bytes = Buffer.from(this._compute(Buffer.concat(this._parts)), 'hex');
    return encoding === undefined ? bytes : bytes.toString(encoding);
  }
}

function createHash(algorithm) {
  const name = checkHash(algorithm);
  return new Digest((data) => state.ops.hash(name, data));
}

function createHmac(algorithm, key) {
  const name = checkHash(algorithm);
  const bytes = toBytes(key);
  return new Digest((data) => state.ops.hmac(name, bytes, data));
}

function randomBytes(size, callback) {
  const random = state.ops.randomBytes(size);
  const bytes = Buffer.from(random.buffer, random.byteOffset, random.byteLength);
  if (typeof callback === 'function') callback(null, bytes);
  return bytes;
}

function pbkdf2Sync(password, salt, iterations, keyLength, algorithm = 'sha1') {
  const name = checkHash(algorithm);
  const hex = state.ops.pbkdf2(name, toBytes(password), toBytes(salt), iterations, keyLength);
  return Buffer.from(hex, 'hex');
}

function timingSafeEqual(a, b) {
  if (a.length !== b.length) throw new RangeError('Input buffers must have the same byte length');
  return constantEquals(toBytes(a).toString('hex'), toBytes(b).toString('hex'));
}

module.exports = {
  createHash,
  createHmac,
  getHashes: () => [...HASHES],
  pbkdf2Sync,
  pseudoRandomBytes: randomBytes,
  randomBytes,
  randomUUID: () => require('../arangodb/crypto.js').uuidv4(),
  timingSafeEqual,
};
