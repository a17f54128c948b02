// A service inside a VM: its context, its loader, its main file and its route tree.
'use strict';

const paths = require('./paths.js');
const state = require('./state.js');
const { Loader } = require('./loader.js');
const { PHASE_LOADED, PHASE_LOADING, ServiceContext } = require('./context.js');
const { makeError } = require('./errors.js');
const { createRouter } = require('../framework/router.js');
const { addDefaultDocument, addStaticFiles } = require('../framework/static.js');
const { compileRoot } = require('../framework/tree.js');

// The services of this VM by mount: its own and the providers that dependencies named.
const services = new Map();

class Service {
  constructor(init) {
    this.init = init;
    this.context = new ServiceContext(init, (mount) => provide(mount));
    this.loader = new Loader(init.basePath, this.context);
    this.router = createRouter();
    this.root = undefined;
    this.loaded = false;
    this.mainModule = undefined;
    services.set(init.mount, this);
  }

  get libPath() {
    return paths.join(this.init.basePath, this.init.manifest.lib || '.');
  }

  // Evaluates the main file. A provider in a cycle of dependencies answers its exports as far as
  // they are.
  load() {
    if (this.loaded) return;
    this.loaded = true;
    const { context, init, router } = this;
    context._root = router;
    context._phase = PHASE_LOADING;
    try {
      if (init.manifest.defaultDocument) addDefaultDocument(router, init.manifest.defaultDocument);
      if (init.manifest.main) {
        const file = this.loader.resolveEntry(this.libPath, init.manifest.main);
        this.mainModule = this.loader.loadFile(file, undefined);
      }
      addStaticFiles(router, context, init.manifest.files || {});
    } catch (error) {
      this.loaded = false;
      throw error;
    } finally {
      context._phase = PHASE_LOADED;
    }
    this.root = compileRoot(router);
  }

  get exports() {
    if (this.mainModule !== undefined) return this.mainModule.exports;
    const { main } = this.loader;
    return main === undefined ? {} : main.exports;
  }
}

// The exports of the service that is mounted at `mount`.
function provide(mount) {
  let service = services.get(mount);
  if (service === undefined) {
    const init = state.ops.serviceInit(mount);
    if (init === undefined) throw makeError(3009, `service not found\nMount: ${mount}`);
    service = new Service(init);
  }
  service.load();
  return service.exports;
}

// The service at `mount`, loaded; for its documentation.
function findService(mount) {
  provide(mount);
  return services.get(mount);
}

module.exports = { Service, findService };
