// A module that throws while it is evaluated.
// why: 3103, with the file that threw and the original as cause
'use strict';
require('./lib/bad');

// ---- file: lib/bad.js
throw new TypeError('at load');

// => LOAD
// < 3103
// <~ failed to invoke module
// <~ lib/bad.js
// <~ TypeError: at load
