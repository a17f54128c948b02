// The session id in a header.
'use strict';

const { requireFile } = require('../../runtime/builtins.js');

function headerTransport(given) {
  const { name = 'X-Session-Id' } = typeof given === 'string' ? { name: given } : { ...given };

  return {
    get: (req) => req.get(name),

    set(res, sid) {
      if (sid) res.set(name, sid);
    },

    clear() {},

    register(endpoint) {
      endpoint.header(name, requireFile('joi').string().optional(), 'Session ID');
    },
  };
}

module.exports = headerTransport;
