// `@arangodb/crypto`: digests, random text, nonces, JSON web tokens.
'use strict';

const state = require('../runtime/state.js');
const { constantEquals } = require('./compare.js');

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const DIGITS = '0123456789';
// Printable ASCII without blank.
const PRINTABLE = Array.from({ length: 94 }, (_, at) => String.fromCharCode(33 + at)).join('');

const NONCE_BYTES = 12;
const NONCE_LIFETIME_S = 3600;

const HASHES = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];
const usedNonces = new Map();

function toData(value) {
  return value instanceof Uint8Array ? value : String(value);
}

function hmac(key, message, algorithm = 'sha256') {
  return state.ops.hmac(checkHash(algorithm), toData(key), toData(message));
}

function checkHash(algorithm) {
  const name = String(algorithm).toLowerCase();
  if (!HASHES.includes(name)) throw new Error(`Unknown hash algorithm: ${algorithm}`);
  return name;
}

function pbkdf2(salt, password, iterations, keyLength) {
  return state.ops.pbkdf2('sha1', toData(password), toData(salt), iterations, keyLength);
}

function genRandomBytes(count) {
  const bytes = state.ops.randomBytes(count);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// Characters drawn evenly: bytes beyond the last whole multiple of the alphabet are thrown away.
function randomText(alphabet, length) {
  const limit = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    for (const byte of state.ops.randomBytes(length - text.length)) {
      if (byte < limit) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}

function uuidv4() {
  const bytes = genRandomBytes(16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}

function createNonce() {
  const nonce = Buffer.concat([Buffer.alloc(4), genRandomBytes(NONCE_BYTES - 4)]);
  nonce.writeUInt32BE(Math.floor(state.ops.now() / 1000), 0);
  return nonce.toString('base64');
}

// True once for each nonce within its lifetime.
function checkAndMarkNonce(text) {
  const bytes = Buffer.from(String(text).replaceAll('-', '+').replaceAll('_', '/'), 'base64');
  if (bytes.length !== NONCE_BYTES) return false;
  const now = Math.floor(state.ops.now() / 1000);
  const made = bytes.readUInt32BE(0);
  if (made > now + NONCE_LIFETIME_S || made < now - NONCE_LIFETIME_S) return false;
  for (const [nonce, time] of usedNonces)
    if (time < now - NONCE_LIFETIME_S) usedNonces.delete(nonce);
  const key = bytes.toString('hex');
  if (usedNonces.has(key)) return false;
  usedNonces.set(key, made);
  return true;
}

function base64url(buffer) {
  return buffer.toString('base64').replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_');
}

function fromBase64url(text) {
  return Buffer.from(text.replaceAll('-', '+').replaceAll('_', '/'), 'base64');
}

function hmacAlgorithm(hash) {
  const sign = (key, segment) => base64url(Buffer.from(hmac(key, segment, hash), 'hex'));
  return {
    sign,
    verify: (key, segment, signature) => constantEquals(sign(key, segment), signature),
  };
}

const jwtAlgorithms = {
  HS256: hmacAlgorithm('sha256'),
  HS384: hmacAlgorithm('sha384'),
  HS512: hmacAlgorithm('sha512'),
  none: {
    sign() {
      return '';
    },
    verify: (key, segment, signature) => !signature,
  },
};

function jwtCanonicalAlgorithmName(name) {
  const wanted = String(name).toLowerCase();
  const found = Object.keys(jwtAlgorithms).find((known) => known.toLowerCase() === wanted);
  if (found === undefined)
    throw new Error(`Unknown algorithm "${name}"! Only ${Object.keys(jwtAlgorithms).join(', ')}`);
  return found;
}

function jwtEncode(key, message, algorithm) {
  if (algorithm === undefined) throw new Error('Missing algorithm');
  const name = jwtCanonicalAlgorithmName(algorithm);
  if (name === 'none' && key)
    throw new Error('Can not sign message with key using algorithm "none"!');
  if (name !== 'none' && !key) throw new Error(`Key is required for algorithm "${name}"`);
  // A text is a payload like any other: services that encode JSON text get text back to parse.
  const segments = [{ typ: 'JWT', alg: name }, message].map((part) =>
    base64url(Buffer.from(JSON.stringify(part))),
  );
  segments.push(jwtAlgorithms[name].sign(key, segments.join('.')));
  return segments.join('.');
}

function jwtDecode(key, token, noVerify = false) {
  if (!token) return null;
  const segments = String(token).split('.');
  if (segments.length !== 3) throw new Error('Wrong number of JWT segments!');
  const [header, payload] = segments
    .slice(0, 2)
    .map((part) => JSON.parse(fromBase64url(part).toString('utf8')));
  if (!noVerify) {
    const name = jwtCanonicalAlgorithmName(header.alg);
    // With a key an unsigned token must never pass, whatever its header says.
    const fits = (name === 'none') === !key;
    const signed = segments.slice(0, 2).join('.');
    if (!fits || !jwtAlgorithms[name].verify(key, signed, segments[2])) {
      throw new Error('Signature verification failed!');
    }
  }
  return payload;
}

const digests = {};
for (const name of HASHES) digests[name] = (message) => state.ops.hash(name, toData(message));

module.exports = {
  ...digests,
  checkAndMarkNonce,
  constantEquals,
  createNonce,
  genRandomAlphaNumbers: (length) => randomText(ALPHANUMERIC, length),
  genRandomBytes,
  genRandomNumbers: (length) => randomText(DIGITS, length),
  genRandomSalt: (length) => randomText(PRINTABLE, length),
  hmac,
  jwtAlgorithms,
  jwtCanonicalAlgorithmName,
  jwtDecode,
  jwtEncode,
  pbkdf2,
  rand: () => genRandomBytes(4).readInt32BE(0),
  uuidv4,
};
