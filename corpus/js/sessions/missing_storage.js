// A session middleware without storage.
// why: "No session storage specified" at load, as it happens when a collection is not there
'use strict';
module.context.use(require('@arangodb/foxx/sessions')({ storage: null, transport: 'cookie' }));

// => LOAD
// < 3103
// <~ No session storage specified
