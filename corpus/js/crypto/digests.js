// @arangodb/crypto and @arangodb/foxx/auth.
// why: hex digests of UTF-8, JSON web tokens, records of salted hashes with the salt first
'use strict';
const crypto = require('@arangodb/crypto');
const createAuth = require('@arangodb/foxx/auth');
const auth = createAuth();
const record = auth.create('secret');
const slow = createAuth({ method: 'pbkdf2', workFactor: 0.0001 }).create('secret');
const token = crypto.jwtEncode('key', { a: 1 }, 'hs256');
const throws = (fn) => {
  try {
    fn();
    return false;
  } catch {
    return true;
  }
};
module.exports = {
  md5: crypto.md5('é'),
  sha1: crypto.sha1(Buffer.from('a')),
  hmac: crypto.hmac('key', 'message', 'SHA256'),
  pbkdf2: crypto.pbkdf2('salt', 'password', 2, 20),
  lengths: [
    crypto.genRandomAlphaNumbers(10).length,
    crypto.genRandomBytes(5).length,
    crypto.uuidv4().length,
  ],
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(
    crypto.uuidv4(),
  ),
  equal: [crypto.constantEquals('a', 'a'), crypto.constantEquals('a', 'b')],
  token,
  decoded: crypto.jwtDecode('key', token),
  decodedText: crypto.jwtDecode('key', crypto.jwtEncode('key', '{"a":1}', 'HS512')),
  forged: [
    throws(() => crypto.jwtDecode('other', token)),
    throws(() => crypto.jwtDecode('key', 'a.b')),
    throws(() => crypto.jwtDecode('key', crypto.jwtEncode(null, { a: 1 }, 'none'))),
  ],
  unverified: crypto.jwtDecode('other', token, true),
  nonce: ((nonce) => [crypto.checkAndMarkNonce(nonce), crypto.checkAndMarkNonce(nonce)])(
    crypto.createNonce(),
  ),
  auth: [record.method, record.salt.length, record.hash === crypto.sha256(`${record.salt}secret`)],
  verify: [
    auth.verify(record, 'secret'),
    auth.verify(record, 'wrong'),
    auth.verify({}, 'x'),
    auth.verify(null, 'x'),
  ],
  slow: [slow.method, slow.iter > 0, auth.verify(slow, 'secret'), auth.verify(slow, 'wrong')],
};

// => SCRIPT
// << {"md5":"66ddcd97cfdeabb2f6fb8a999b4bc76f","sha1":"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8","hmac":"6e9ef29b75fffc5b7abae527d58fdadb2fe42e7219011976917343065f58ed4a","pbkdf2":"ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957","lengths":[10,5,36],"uuid":true,"equal":[true,false],"token":"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.7G3zNPzOu-Lmc3do_j9MqATZwG2Ff8hUMFhXlUXsWi4","decoded":{"a":1},"decodedText":"{\"a\":1}","forged":[true,true,true],"unverified":{"a":1},"nonce":[true,false],"auth":["sha256",16,true],"verify":[true,false,false,false],"slow":["pbkdf2",true,true,false]}
