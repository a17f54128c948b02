// Sessions as signed tokens: nothing is kept on the server.
'use strict';

const state = require('../../runtime/state.js');
const crypto = require('../crypto.js');

const TTL_DEFAULT_S = 3600;

function jwtStorage(given) {
  const options = typeof given === 'string' ? { secret: given } : { ...given };
  const { secret, ttl = TTL_DEFAULT_S, verify = true, maxExp = Infinity } = options;
  const algorithm = crypto.jwtCanonicalAlgorithmName(options.algorithm || 'HS512');
  if (algorithm === 'none' && secret)
    throw new Error('Must not specify a secret when using algorithm "none"');
  if (algorithm !== 'none' && !secret)
    throw new Error(`Must specify a secret for algorithm "${algorithm}"`);

  return {
    new() {
      return { uid: null, created: Math.floor(state.ops.now()), data: null };
    },

    fromClient(token) {
      const payload = decode(secret, token, algorithm, verify);
      if (payload === undefined) return null;
      const { uid = null, iat, payload: data = null, exp } = payload;
      if (typeof exp !== 'number' || exp * 1000 < state.ops.now() || exp > maxExp) return null;
      return { uid, created: iat * 1000, data };
    },

    forClient(session) {
      const iat = Math.floor(session.created / 1000);
      const exp = Math.floor(state.ops.now() / 1000) + ttl;
      return crypto.jwtEncode(
        secret,
        { uid: session.uid, iat, payload: session.data, exp },
        algorithm,
      );
    },
  };
}

// The payload of a token, or `undefined` for one that is malformed, forged or made with another
// algorithm.
function decode(secret, token, algorithm, verify) {
  try {
    const payload = crypto.jwtDecode(secret, token, !verify);
    const header = JSON.parse(Buffer.from(String(token).split('.')[0], 'base64').toString('utf8'));
    if (verify && header.alg !== algorithm) return undefined;
    return payload !== null && typeof payload === 'object' ? payload : undefined;
  } catch {
    return undefined;
  }
}

module.exports = jwtStorage;
