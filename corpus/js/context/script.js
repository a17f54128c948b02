// Scripts: arguments, results, fresh evaluation.
// why: the body is always element 0; re-running evaluates again; routes have no effect in scripts
'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
let runs = 0;
runs += 1;
module.exports = { argv: module.context.argv, runs };

// => SCRIPT [["yes","please"]]
// << {"argv":[["yes","please"]],"runs":1}
// => SCRIPT
// << {"argv":[],"runs":1}
