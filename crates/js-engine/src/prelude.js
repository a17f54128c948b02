// Runs first in every VM. Takes away what could escape the limits, and evaluates to the built-in
// objects that the host uses, as they are before any script can change them.
(function () {
  'use strict';
  for (const name of ['SharedArrayBuffer', 'Atomics', 'WebAssembly']) {
    delete globalThis[name];
  }
  return [
    Error, TypeError, RangeError, SyntaxError, Promise, Promise.prototype.then, Function.prototype,
  ];
})();
