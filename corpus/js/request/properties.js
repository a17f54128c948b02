// Paths, addresses and identity of a request.
// why: path is relative to the service, url without the database, originalUrl with it
// info: {"user": "jan", "authorized": true}
'use strict';
const createRouter = require('@arangodb/foxx/router');
const child = createRouter();
child.get('/:id', (req, res) =>
  res.json({
    path: req.path,
    url: req.url,
    originalUrl: req.originalUrl,
    baseUrl: req.baseUrl,
    database: req.database,
    method: req.method,
    hostname: req.hostname,
    port: req.port,
    protocol: req.protocol,
    secure: req.secure,
    remote: [req.remoteAddress, req.remoteAddresses, req.remotePort],
    user: req.arangoUser,
    authorized: req.authorized,
    xhr: req.xhr,
    version: req.arangoVersion,
    mount: req.context.mount,
    raw: [req._raw.url, req._raw.requestType, req._raw.cookies],
  }),
);
module.context.use('/items', child);

// => GET /items/7?a=1
// > host: localhost:8530
// > x-requested-with: XMLHttpRequest
// > cookie: a=b
// < 200
// << {"path":"/items/7","url":"/my-foxx/items/7?a=1","originalUrl":"/_db/d/my-foxx/items/7?a=1","baseUrl":"/_db/d","database":"d","method":"GET","hostname":"localhost","port":8530,"protocol":"http","secure":false,"remote":["10.0.0.9",["10.0.0.9"],50000],"user":"jan","authorized":true,"xhr":true,"version":31205,"mount":"/my-foxx","raw":["/my-foxx/items/7?a=1","GET",{"a":"b"}]}
