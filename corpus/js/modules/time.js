// Time in fractions of a second.
// why: services measure how long they take with it: it must not go back from one call to the next
// needs: database
'use strict';
const { time } = require('@arangodb');
let last = time();
let backwards = 0;
for (let at = 0; at < 20000; at += 1) {
  const now = time();
  if (now < last) backwards += 1;
  last = now;
}
module.exports = {
  backwards,
  seconds: Math.abs(last - Date.now() / 1000) < 60,
  internal: Math.abs(require('internal').time() - last) < 60,
};

// => SCRIPT
// << {"backwards":0,"seconds":true,"internal":true}
