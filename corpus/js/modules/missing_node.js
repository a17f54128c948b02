// Node modules that services must not have.
// why: the documented list of modules that fail to resolve, without `constants` and `crypto`,
//   which packages of published services require
'use strict';
const names = [
  'child_process',
  'cluster',
  'dgram',
  'dns',
  'domain',
  'http',
  'https',
  'os',
  'sys',
  'tls',
  'v8',
  'zlib',
  'underscore',
  '@arangodb/pregel',
  '_json-schema',
  '../escape',
];
module.exports = names.filter((name) => {
  try {
    require(name);
    return true;
  } catch (error) {
    return error.errorNum !== 3100 || !error.isArangoError;
  }
});

// => SCRIPT
// << []
