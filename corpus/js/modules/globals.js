// What is global and what is not.
// why: Node's globals that services rely on; timers are stubs; db is no global
'use strict';
let fired = false;
const timer = setTimeout(() => {
  fired = true;
}, 0);
setImmediate(() => {
  fired = true;
});
process.nextTick(() => {
  fired = true;
});
clearTimeout(timer);
module.exports = {
  types: [typeof global, typeof process, typeof console, typeof Buffer, typeof db, typeof window],
  same: [global === globalThis, require('process') === process, require('console') === console],
  buffer: new Buffer('aé', 'utf8').toString('base64'),
  hex: Buffer.concat([Buffer.from([1, 2]), Buffer.alloc(1)]).toString('hex'),
  isBuffer: Buffer.isBuffer(require('buffer').Buffer.from('')),
  timer: timer !== undefined,
  env: Object.keys(process.env).length === 0,
  cwd: typeof process.cwd(),
  path: require('path').join('a', '..', 'b/', 'c.js'),
  url: require('url').parse('http://u:p@h:1/p?q=1').query,
  query: require('querystring').parse('a=1&a=2').a,
  inspect: require('util').inspect({ a: [1, 'x'] }),
  format: require('util').format('%s-%d', 'a', 1),
  ip: [
    require('net').isIP('1.2.3.4'),
    require('net').isIP('::1'),
    require('net').isIP('x'),
    require('net').isIPv6('1::2::3'),
  ],
  hash: require('crypto').createHash('SHA256').update('a').update('b').digest('base64'),
  hmac: require('crypto').createHmac('sha1', 'k').update('a').digest('hex').length,
  constants: [require('constants').RSA_PKCS1_PADDING, require('constants').ENOENT],
  vm: require('vm').runInThisContext('1 + 1'),
  strict: (function () {
    return this === undefined;
  })(),
  fired,
};

// => SCRIPT
// << {"types":["object","object","object","function","undefined","undefined"],"same":[true,true,true],"buffer":"YcOp","hex":"010200","isBuffer":true,"timer":true,"env":true,"cwd":"string","path":"b/c.js","url":"q=1","query":["1","2"],"inspect":"{ a: [ 1, 'x' ] }","format":"a-1","ip":[4,6,0,false],"hash":"+44g/C5MPySMYMOb1lLzwTRymLuXe4tNWQO4UFViBgM=","hmac":40,"constants":[1,2],"vm":2,"strict":true,"fired":false}
