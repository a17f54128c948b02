// A script whose exports JSON cannot show.
// why: nothing exported, or a function: null
'use strict';
module.exports = () => 1;

// => SCRIPT
// << null
