// The CommonJS loader: one per service and VM. Built-in modules come from `builtins.js`.
'use strict';

const state = require('./state.js');
const builtins = require('./builtins.js');
const paths = require('./paths.js');
const { ArangoError, makeModuleError } = require('./errors.js');

const ERROR_MODULE_NOT_FOUND = 3100;
const ERROR_MODULE_SYNTAX_ERROR = 3101;
const ERROR_MODULE_FAILURE = 3103;

const KIND_FILE = 1;
const KIND_FOLDER = 2;

const PARAMETERS = 'exports, require, module, __filename, __dirname';

// Errors made here pass through outer modules unchanged, so that the innermost cause is what is
// reported.
const loaderErrors = new WeakSet();

class Module {
  constructor(loader, filename, parent) {
    this.exports = {};
    this.id = filename;
    this.filename = filename;
    this.parent = parent;
    this.children = [];
    this.loaded = false;
    this.paths = loader.searchFolders(paths.dirname(filename));
    this.require = makeRequire(loader, this);
    this.context = loader.context;
  }
}

function makeRequire(loader, module) {
  const folder = paths.dirname(module.filename);
  const require = (id) => loader.requireFrom(folder, id, module);
  require.resolve = (id) => loader.resolve(folder, id);
  require.cache = loader.cache;
  require.extensions = loader.extensions;
  Object.defineProperty(require, 'main', { get: () => loader.main, enumerable: true });
  return require;
}

class Loader {
  constructor(basePath, context) {
    this.basePath = basePath;
    this.context = context;
    this.cache = Object.create(null);
    this.extensions = { '.js': true, '.json': true };
    this.main = undefined;
    this.locals = { context };
    this.resolved = new Map();
  }

  // node_modules folders that bare names are looked for in: from `folder` up to the service's root,
  // never above.
  searchFolders(folder) {
    const found = [];
    let current = folder;
    for (;;) {
      const inside = current === this.basePath || current.startsWith(`${this.basePath}/`);
      if (!inside) return found;
      if (paths.basename(current) !== 'node_modules') found.push(`${current}/node_modules`);
      if (current === this.basePath) return found;
      current = paths.dirname(current);
    }
  }

  requireFrom(folder, id, parent) {
    if (typeof id !== 'string' || id === '') {
      throw new TypeError('require needs the name of a module as a non-empty string');
    }
    const target = this.resolve(folder, id);
    if (target.charCodeAt(0) === 47) return this.loadFile(target, parent).exports;
    if (target === '@arangodb/locals') return this.locals;
    return builtins.requireBuiltin(target);
  }

  // The absolute path of a file, or the name of a built-in module.
  resolve(folder, id) {
    const key = `${folder}\0${id}`;
    const known = this.resolved.get(key);
    if (known !== undefined) return known;
    const target = isPath(id) ? this.resolvePath(folder, id) : this.resolveName(folder, id);
    if (target === undefined) {
      throw remember(makeModuleError(ERROR_MODULE_NOT_FOUND, [`Module: ${id}`, `From: ${folder}`]));
    }
    this.resolved.set(key, target);
    return target;
  }

  resolvePath(folder, id) {
    const path = id.startsWith('/') ? paths.normalize(id) : paths.join(folder, id);
    return findFile(path, id.endsWith('/'));
  }

  resolveName(folder, id) {
    for (const search of this.searchFolders(folder)) {
      if (state.ops.fileKind(search) !== KIND_FOLDER) continue;
      const found = findFile(`${search}/${id}`, false);
      if (found !== undefined) return found;
    }
    return builtins.canonicalName(id);
  }

  loadFile(filename, parent) {
    const cached = this.cache[filename];
    if (cached !== undefined) {
      if (parent !== undefined && !parent.children.includes(cached)) parent.children.push(cached);
      return cached;
    }
    const module = new Module(this, filename, parent);
    if (parent !== undefined) parent.children.push(module);
    else if (this.main === undefined) this.main = module;
    this.cache[filename] = module;
    try {
      this.evaluate(module, '', []);
    } catch (error) {
      delete this.cache[filename];
      if (this.main === module) this.main = undefined;
      throw error;
    }
    return module;
  }

  // Evaluates a file outside of the cache: scripts and tests run afresh each time.
  loadFresh(filename, extraNames, extraValues) {
    const module = new Module(this, filename, undefined);
    const main = this.main;
    this.main = module;
    try {
      this.evaluate(module, extraNames, extraValues);
    } finally {
      this.main = main;
    }
    return module;
  }

  evaluate(module, extraNames, extraValues) {
    const { filename } = module;
    const source = readSource(filename);
    if (filename.endsWith('.json')) module.exports = parseJson(source, filename);
    else {
      const run = compile(source, filename, extraNames);
      try {
        run.call(
          module.exports,
          module.exports,
          module.require,
          module,
          filename,
          paths.dirname(filename),
          ...extraValues,
        );
      } catch (error) {
        throw failure(ERROR_MODULE_FAILURE, filename, error);
      }
    }
    module.loaded = true;
  }

  // A file that the manifest names, relative to a folder of the service.
  resolveEntry(folder, path) {
    const found = findFile(paths.join(folder, path), false);
    if (found === undefined) {
      throw remember(
        makeModuleError(ERROR_MODULE_NOT_FOUND, [`File: ${paths.join(folder, path)}`]),
      );
    }
    return found;
  }
}

function isPath(id) {
  return (
    id.startsWith('/') || id === '.' || id === '..' || id.startsWith('./') || id.startsWith('../')
  );
}

function findFile(path, folderOnly) {
  const { ops } = state;
  const kind = ops.fileKind(path);
  if (!folderOnly) {
    if (kind === KIND_FILE) return ops.filePath(path);
    for (const end of ['.js', '.json']) {
      if (ops.fileKind(path + end) === KIND_FILE) return ops.filePath(path + end);
    }
  }
  return kind === KIND_FOLDER ? findInFolder(path) : undefined;
}

function findInFolder(folder) {
  const { ops } = state;
  const manifest = ops.fileText(`${folder}/package.json`);
  const main = manifest === undefined ? undefined : mainOf(manifest);
  const candidates =
    main === undefined
      ? []
      : [
          paths.join(folder, main),
          paths.join(folder, `${main}.js`),
          paths.join(folder, `${main}.json`),
          paths.join(folder, main, 'index.js'),
          paths.join(folder, main, 'index.json'),
        ];
  candidates.push(`${folder}/index.js`, `${folder}/index.json`);
  const found = candidates.find((file) => ops.fileKind(file) === KIND_FILE);
  return found === undefined ? undefined : ops.filePath(found);
}

function mainOf(text) {
  try {
    const { main } = JSON.parse(text);
    return typeof main === 'string' && main !== '' ? main : undefined;
  } catch {
    // An unreadable package.json counts as none: the folder may still have an index file.
    return undefined;
  }
}

function readSource(filename) {
  const text = state.ops.fileText(filename);
  if (text === undefined) {
    throw remember(makeModuleError(ERROR_MODULE_NOT_FOUND, [`File: ${filename}`]));
  }
  const source = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  return source.startsWith('#!') ? `//${source}` : source;
}

function parseJson(source, filename) {
  try {
    return JSON.parse(source);
  } catch (error) {
    throw failure(ERROR_MODULE_SYNTAX_ERROR, filename, error);
  }
}

function compile(source, filename, extraNames) {
  const names = extraNames === '' ? PARAMETERS : `${PARAMETERS}, ${extraNames}`;
  try {
    return state.ops.evaluate(`(function (${names}) {${source}\n})`, filename);
  } catch (error) {
    throw failure(ERROR_MODULE_SYNTAX_ERROR, filename, error);
  }
}

function failure(errorNum, filename, cause) {
  if (cause instanceof ArangoError && loaderErrors.has(cause)) return cause;
  const place =
    errorNum === ERROR_MODULE_SYNTAX_ERROR && cause && cause.line > 0
      ? `${filename}:${cause.line}`
      : filename;
  return remember(makeModuleError(errorNum, [`File: ${place}`], cause));
}

function remember(error) {
  loaderErrors.add(error);
  return error;
}

module.exports = { Loader, Module, ERROR_MODULE_FAILURE };
