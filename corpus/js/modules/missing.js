// A module that is not there.
// why: 3100 with a text that begins with "cannot locate module"
'use strict';
require('./nowhere');

// => LOAD
// < 3100
// <~ cannot locate module
// <~ ./nowhere
