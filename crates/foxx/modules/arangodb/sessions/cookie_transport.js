// The session id in a cookie, signed if there is a secret.
'use strict';

function cookieTransport(given) {
  const options = typeof given === 'string' ? { name: given } : { ...given };
  const { name = 'sid', ...cookie } = options;
  const { secret, algorithm } = cookie;

  return {
    get: (req) => req.cookie(name, secret ? { secret, algorithm } : undefined),

    // A session that was never saved has no id yet.
    set(res, sid) {
      if (sid) res.cookie(name, sid, cookie);
    },

    clear(res) {
      res.cookie(name, '', { ...cookie, ttl: -1 });
    },
  };
}

module.exports = cookieTransport;
