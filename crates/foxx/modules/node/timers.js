// Timers are stubs: services run synchronously, so a callback would have no moment to fire at.
'use strict';

function start() {
  const timer = { ref: () => timer, unref: () => timer, hasRef: () => false };
  return timer;
}

function clear() {}

module.exports = {
  setTimeout: function setTimeout() {
    return start();
  },
  setInterval: function setInterval() {
    return start();
  },
  setImmediate: function setImmediate() {
    return start();
  },
  clearTimeout: clear,
  clearInterval: clear,
  clearImmediate: clear,
  ref: clear,
};
