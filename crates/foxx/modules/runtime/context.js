// `module.context`: one service as its own files see it.
'use strict';

const state = require('./state.js');
const paths = require('./paths.js');
const { ArangoError, hide } = require('./errors.js');

// How far `use` may be called: only while the main file is evaluated.
const PHASE_LOADING = 'loading';
const PHASE_LOADED = 'loaded';

class ServiceContext {
  constructor(init, resolveDependency) {
    this.argv = [];
    this.trustProxy = false;
    hide(this, '_init', init);
    hide(this, '_root', undefined);
    hide(this, '_phase', PHASE_LOADED);
    hide(this, '_types', new Map());
    hide(this, '_dependencies', lazyDependencies(init.dependencies || {}, resolveDependency));
    hide(this, '_baseUrl', `/_db/${encodeURIComponent(init.database)}${init.mount}`);
    hide(this, '_prefix', init.mount.replace(/^\/+/, '').replace(/[^A-Za-z0-9_]/g, '_'));
  }

  use(...args) {
    if (this._phase === PHASE_LOADING) return this._root.use(...args);
    if (state.serving)
      throw new Error('module.context.use cannot be called while a request is handled');
    // Scripts and tests may load files that are shared with the main file: their routes have no
    // effect.
    const { createRouter } = require('../framework/router.js');
    return createRouter().use(...args);
  }

  collectionName(name) {
    const text = name === undefined || name === null ? '' : String(name);
    if (text === '') throw new Error('Expected the name of a collection');
    return `${this._prefix}_${text}`;
  }

  collection(name) {
    return require('../arangodb/database.js').db._collection(this.collectionName(name));
  }

  fileName(name) {
    return paths.join(this.basePath, paths.normalize(`/${name === undefined ? '' : name}`));
  }

  file(name, encoding) {
    const path = this.fileName(name);
    const bytes = state.ops.fileBytes(path);
    if (bytes === undefined) {
      throw new ArangoError({ errorNum: 14, errorMessage: `file not found: ${path}` });
    }
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return encoding ? buffer.toString(encoding) : buffer;
  }

  registerType(type, definition) {
    const mime = require('../framework/mime.js');
    this._types.set(mime.essence(mime.expand(type)), definition);
  }

  findType(type) {
    if (this._types.size === 0) return undefined;
    return this._types.get(require('../framework/mime.js').essence(type));
  }

  createDocumentationRouter(options) {
    return require('../framework/documentation.js').createDocumentationRouter(this, options);
  }

  apiDocumentation(options) {
    return require('../framework/documentation.js').apiDocumentation(this, options);
  }

  toString() {
    return `[FoxxContext "${this.mount}"]`;
  }

  toJSON() {
    return { mount: this.mount, basePath: this.basePath, baseUrl: this.baseUrl };
  }
}

// Read by everyone, not to be changed: assignments have no effect, also in strict mode.
const READ_ONLY = {
  basePath: (context) => context._init.basePath,
  baseUrl: (context) => context._baseUrl,
  collectionPrefix: (context) => context._prefix,
  configuration: (context) => context._init.configuration,
  dependencies: (context) => context._dependencies,
  isDevelopment: (context) => context._init.development,
  isProduction: (context) => !context._init.development,
  manifest: (context) => context._init.manifest,
  mount: (context) => context._init.mount,
  service: (context) => describeService(context),
};

for (const [name, get] of Object.entries(READ_ONLY)) {
  Object.defineProperty(ServiceContext.prototype, name, {
    get() {
      return get(this);
    },
    set() {},
    enumerable: true,
    configurable: true,
  });
}

function describeService(context) {
  const { mount, basePath, manifest, isDevelopment, configuration } = context;
  const { name, version } = manifest;
  return { mount, basePath, manifest, isDevelopment, name, version, configuration };
}

// Providers are loaded when their alias is first read, so that services may name each other.
function lazyDependencies(assigned, resolve) {
  const dependencies = {};
  for (const alias of Object.keys(assigned)) {
    const mounts = assigned[alias];
    Object.defineProperty(dependencies, alias, {
      get() {
        if (mounts === null || mounts === undefined) return null;
        return Array.isArray(mounts) ? mounts.map(resolve) : resolve(mounts);
      },
      enumerable: true,
    });
  }
  return dependencies;
}

module.exports = { PHASE_LOADED, PHASE_LOADING, ServiceContext };
