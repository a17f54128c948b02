// Headers and cookies set before an error survive it; type and body do not.
// why: session middleware sets cookies around next() and expects them to survive
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.use((req, res, next) => {
  try {
    next();
  } finally {
    res.set('x-after', 'yes');
    res.cookie('sid', '1');
  }
});
router.get('/', (req, res) => {
  res.set('content-type', 'text/plain').set('content-encoding', 'br').send('partial');
  res.throw(409, 'late');
});

// => GET /
// < 409
// < x-after: yes
// < content-type: application/json; charset=utf-8
// < content-encoding:
// < set-cookie: sid=1; Path=/
// << {"error":true,"errorNum":409,"errorMessage":"late","code":409}
