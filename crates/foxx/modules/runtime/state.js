// What every built-in module shares: the native functions and the service's description.
// `boot` fills it once per VM, before any other module of the runtime does anything.
'use strict';

const state = {
  ops: undefined,
  init: undefined,
  // The context of the service that owns this VM; set by the host object.
  context: undefined,
  // True while a request is running: `module.context.use` is then an error.
  serving: false,
  // Name of the current database where a service has switched it, else undefined.
  database: undefined,
};

module.exports = state;
