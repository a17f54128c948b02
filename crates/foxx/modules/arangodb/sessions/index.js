// `@arangodb/foxx/sessions`: the middleware that finds and hands on sessions.
'use strict';

const { requireFile } = require('../../runtime/builtins.js');
const collectionStorage = require('./collection_storage.js');
const cookieTransport = require('./cookie_transport.js');
const headerTransport = require('./header_transport.js');

function readStorage(given) {
  if (given === undefined || given === null)
    requireFile('assert').fail('No session storage specified');
  if (typeof given === 'string' || given.isArangoCollection === true)
    return collectionStorage(given);
  return given;
}

function readTransports(given) {
  if (given === undefined || given === null)
    requireFile('assert').fail('No session transport specified');
  const list = (Array.isArray(given) ? given : [given]).map((transport) => {
    if (transport === 'cookie') return cookieTransport();
    return transport === 'header' ? headerTransport() : transport;
  });
  if (list.length === 0) requireFile('assert').fail('No session transport specified');
  return list;
}

function findSession(storage, transports, req) {
  for (const transport of transports) {
    const sid = typeof transport.get === 'function' ? transport.get(req) : undefined;
    if (sid) return { sid, session: storage.fromClient(sid) };
  }
  return { sid: undefined, session: undefined };
}

function sessions({ storage: givenStorage, transport: givenTransport, autoCreate = true } = {}) {
  const storage = readStorage(givenStorage);
  const transport = readTransports(givenTransport);

  function handle(req, res, next) {
    const { sid, session } = findSession(storage, transport, req);
    if (session) req.session = session;
    else req.session = autoCreate && typeof storage.new === 'function' ? storage.new() : null;
    req.sessionStorage = storage;
    const had = req.session !== null;
    next();
    if (req.session) {
      const newSid = storage.forClient(req.session);
      for (const item of transport) if (typeof item.set === 'function') item.set(res, newSid);
    } else if (had || sid) {
      for (const item of transport) if (typeof item.clear === 'function') item.clear(res);
    }
  }

  return {
    storage,
    transport,
    register(endpoint) {
      for (const item of transport)
        if (typeof item.register === 'function') item.register(endpoint);
      return handle;
    },
  };
}

module.exports = sessions;
