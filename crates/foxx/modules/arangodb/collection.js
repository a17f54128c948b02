// Collection objects: documents, properties, indexes. They stay valid over requests and name their
// collection, so that one which was dropped and created again is found again.
'use strict';

const state = require('../runtime/state.js');
const { ArangoError, convertThrown } = require('../runtime/errors.js');
const { readSelector } = require('./selector.js');

const ERROR_NOT_IMPLEMENTED = 9;
const ERROR_NOT_FOUND = 1202;
const ERROR_BAD_KEY = 1221;
const KEY = /^[a-zA-Z0-9_\-:.@()+,=;$!*'%]{1,254}$/;

// What `properties` answers, in this order.
const PROPERTIES = [
  'globallyUniqueId',
  'isSystem',
  'waitForSync',
  'keyOptions',
  'writeConcern',
  'cacheEnabled',
  'computedValues',
  'syncByRevision',
  'schema',
];

const TYPE_DOCUMENT = 2;
const TYPE_EDGE = 3;
const STATUS_LOADED = 3;

class ArangoCollection {
  constructor(info) {
    this._id = info.id;
    this._name = info.name;
    this._type = info.type;
  }

  name() {
    return this._name;
  }

  type() {
    return this._type;
  }

  status() {
    return STATUS_LOADED;
  }

  count() {
    return state.ops.collectionCount(this._name);
  }

  properties(changes) {
    const properties = state.ops.collectionProperties(
      this._name,
      changes === undefined ? undefined : JSON.stringify(changes),
    );
    return Object.fromEntries(PROPERTIES.map((name) => [name, properties[name]]));
  }

  figures(details = false) {
    return state.ops.collectionFigures(this._name, Boolean(details));
  }

  revision() {
    return state.ops.collectionRevision(this._name);
  }

  checksum(withRevisions = false, withData = false) {
    return state.ops.collectionChecksum(this._name, Boolean(withRevisions), Boolean(withData));
  }

  rename(newName) {
    state.ops.collectionRename(this._name, String(newName));
    this._name = String(newName);
  }

  truncate() {
    state.ops.collectionTruncate(this._name);
  }

  drop(options) {
    state.ops.collectionDrop(this._name, Boolean(options && options.isSystem));
  }

  load() {}

  unload() {}

  compact() {}

  loadIndexesIntoMemory() {}

  recalculateCount() {}

  shards() {
    throw clusterOnly('shards');
  }

  getResponsibleShard() {
    throw clusterOnly('getResponsibleShard');
  }

  path() {
    return 'none';
  }

  document(selector) {
    if (Array.isArray(selector)) return this._findMany(selector, (found) => found);
    const found = this._find(state.ops.documentRead, selector);
    if (found === undefined) throw new ArangoError({ errorNum: ERROR_NOT_FOUND });
    return found;
  }

  exists(selector) {
    if (Array.isArray(selector)) {
      return this._findMany(selector, ({ _id, _key, _rev }) => ({ _id, _key, _rev })).map(
        (found) => (found.errorNum === ERROR_NOT_FOUND && found.error === true ? false : found),
      );
    }
    const found = this._find(state.ops.documentMeta, selector);
    return found === undefined ? false : found;
  }

  _find(op, selector) {
    const { key, rev } = readSelector(this, selector);
    const found = op(this._name, key);
    if (found !== undefined) checkRevision(found, rev);
    return found;
  }

  // An answer for each selector, in their order; what fails is described by an object.
  _findMany(selectors, answer) {
    const items = selectors.map((selector) => attempt(() => readSelector(this, selector)));
    const keys = items.map(({ key }) => (key === undefined ? '' : key));
    const found = state.ops.documentReadMany(this._name, JSON.stringify(keys));
    return items.map((item, at) => {
      if (item.error === true) return item;
      if (found[at] === null) {
        return describe(
          new ArangoError({ errorNum: KEY.test(item.key) ? ERROR_NOT_FOUND : ERROR_BAD_KEY }),
        );
      }
      return attempt(() => answer(checkRevision(found[at], item.rev)));
    });
  }

  documents(keys) {
    const list = keys.map((item) => readSelector(this, item).key);
    const found = state.ops.documentReadMany(this._name, JSON.stringify(list));
    return { documents: found.filter((document) => document !== null) };
  }

  lookupByKeys(keys) {
    return this.documents(keys);
  }

  documentId(key) {
    if (typeof key !== 'string' || !KEY.test(key)) {
      throw new ArangoError({ errorNum: ERROR_BAD_KEY });
    }
    return `${this._name}/${key}`;
  }

  // (data, options?) or for edges (from, to, data, options?).
  insert(...args) {
    const isEdgeForm = args.length >= 3 && this._type === TYPE_EDGE;
    const [data, given] = isEdgeForm
      ? [{ ...args[2], _from: vertexId(args[0]), _to: vertexId(args[1]) }, args[3]]
      : args;
    const options = readOptions(given);
    if (Array.isArray(data)) return silence(options, this._writeMany('insert', data, options));
    return silence(
      options,
      state.ops.documentInsert(this._name, toDocument(data), optionsJson(options)),
    );
  }

  save(...args) {
    return this.insert(...args);
  }

  update(selector, data, given, waitForSync) {
    return this._change('update', state.ops.documentUpdate, selector, data, given, waitForSync);
  }

  replace(selector, data, given, waitForSync) {
    return this._change('replace', state.ops.documentReplace, selector, data, given, waitForSync);
  }

  _change(kind, op, selector, data, given, waitForSync) {
    if (Array.isArray(selector)) return this._changeMany(kind, selector, data, given);
    const options = readChangeOptions(kind, given, waitForSync);
    const { key, rev } = readSelector(this, selector);
    return silence(options, op(this._name, key, toDocument(data), optionsJson(options, rev)));
  }

  // ([selectors], [data], options?) or ([documents], options?).
  _changeMany(kind, selectors, data, given) {
    const paired = Array.isArray(data);
    if (paired && data.length !== selectors.length) {
      throw new ArangoError({
        errorNum: 10,
        errorMessage: 'selectors and documents must have the same length',
      });
    }
    const options = readOptions(paired ? given : data);
    const items = selectors.map((selector, at) =>
      attempt(() => ({
        ...readSelector(this, selector),
        document: paired ? data[at] : selector,
      })),
    );
    return silence(options, this._writeItems(kind, items, options));
  }

  remove(selector, given, waitForSync) {
    const options =
      typeof given === 'boolean' ? { overwrite: given, waitForSync } : readOptions(given);
    if (Array.isArray(selector)) {
      const items = selector.map((item) => attempt(() => readSelector(this, item)));
      return silence(options, this._writeItems('remove', items, options));
    }
    const { key, rev } = readSelector(this, selector);
    return silence(options, state.ops.documentRemove(this._name, key, optionsJson(options, rev)));
  }

  // Writes the items whose selectors could be read; the others are their own answers.
  _writeItems(kind, items, options) {
    const good = items.filter((item) => item.error !== true);
    const written = this._writeMany(kind, ignoreRevisions(good, options), options);
    if (good.length === items.length) return written;
    let at = -1;
    return items.map((item) => {
      if (item.error === true) return item;
      at += 1;
      return written[at];
    });
  }

  _writeMany(kind, items, options) {
    return state.ops.documentWriteMany(
      kind,
      this._name,
      JSON.stringify(items),
      optionsJson(options),
    );
  }

  ensureIndex(definition) {
    if (definition === null || typeof definition !== 'object') {
      throw new ArangoError({ errorNum: 10, errorMessage: 'index definition must be an object' });
    }
    const index = state.ops.indexEnsure(this._name, JSON.stringify(definition));
    index.code = index.isNewlyCreated ? 201 : 200;
    return index;
  }

  getIndexes() {
    return state.ops.indexList(this._name);
  }

  indexes() {
    return state.ops.indexList(this._name);
  }

  index(given) {
    const name = indexName(given);
    const found = this.getIndexes().find(
      (index) => index.id === name || index.name === name || index.id === `${this._name}/${name}`,
    );
    return found === undefined ? null : found;
  }

  dropIndex(given) {
    return state.ops.indexDrop(this._name, indexName(given));
  }

  toString() {
    const type = this._type === TYPE_EDGE ? 'edge' : 'document';
    return `[ArangoCollection ${this._id}, "${this._name}" (type ${type}, status loaded)]`;
  }

  toJSON() {
    return this.toString();
  }
}

Object.assign(ArangoCollection, { TYPE_DOCUMENT, TYPE_EDGE, STATUS_LOADED });
Object.defineProperty(ArangoCollection.prototype, 'isArangoCollection', { value: true });

function vertexId(vertex) {
  return vertex !== null && typeof vertex === 'object' ? vertex._id : vertex;
}

function clusterOnly(method) {
  return new ArangoError({
    errorNum: ERROR_NOT_IMPLEMENTED,
    errorMessage: `${method} is for clusters only`,
  });
}

function checkRevision(found, rev) {
  if (rev !== undefined && found._rev !== rev) {
    throw new ArangoError({ errorNum: 1200, errorMessage: 'conflict, _rev values do not match' });
  }
  return found;
}

function indexName(given) {
  const name = given !== null && typeof given === 'object' ? given.id || given.name : given;
  if (typeof name === 'string' || typeof name === 'number') return String(name);
  throw new ArangoError({ errorNum: 1214 });
}

function toDocument(data) {
  if (data === null || typeof data !== 'object' || Array.isArray(data)) {
    throw new ArangoError({ errorNum: 1227 });
  }
  return JSON.stringify(data);
}

function readOptions(given) {
  if (given === undefined || given === null) return undefined;
  return typeof given === 'boolean' ? { waitForSync: given } : given;
}

// update(selector, data, keepNull, waitForSync), replace(selector, data, overwrite, waitForSync) or
// options.
function readChangeOptions(kind, given, waitForSync) {
  if (typeof given !== 'boolean' && waitForSync === undefined) return readOptions(given);
  return kind === 'update' ? { keepNull: given, waitForSync } : { overwrite: given, waitForSync };
}

// `overwrite` on a change means that the revision of the selector does not matter.
function optionsJson(options, rev) {
  if (options === undefined) return rev === undefined ? undefined : JSON.stringify({ ifRev: rev });
  if (rev === undefined || options.overwrite || options.ignoreRevs) return JSON.stringify(options);
  return JSON.stringify({ ...options, ifRev: rev });
}

function ignoreRevisions(items, options) {
  if (!options || !(options.overwrite || options.ignoreRevs)) return items;
  return items.map((item) => ({ ...item, rev: undefined }));
}

function silence(options, result) {
  return options !== undefined && options.silent ? undefined : result;
}

function attempt(read) {
  try {
    return read();
  } catch (thrown) {
    const error = convertThrown(thrown);
    if (!(error instanceof ArangoError)) throw error;
    return describe(error);
  }
}

function describe({ errorNum, errorMessage }) {
  return { error: true, errorNum, errorMessage };
}

module.exports = { ArangoCollection, TYPE_DOCUMENT, TYPE_EDGE };
