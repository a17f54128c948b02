// Only routers and functions can be used.
// why: anything else is an error at load time
'use strict';
module.context.use('/x', { not: 'a router' });

// => LOAD
// < 3103
// <~ not a valid middleware, handler or router
