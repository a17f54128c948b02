// `fs`: the synchronous file functions of the documentation, and the Node names that are cheap to
// add.
'use strict';

const paths = require('../runtime/paths.js');
const state = require('../runtime/state.js');
const { ArangoError } = require('../runtime/errors.js');
const { genRandomAlphaNumbers } = require('../arangodb/crypto.js');

const KIND_FILE = 1;
const KIND_FOLDER = 2;

function absolute(path) {
  const text = String(path);
  return text.startsWith('/') ? paths.normalize(text) : paths.join(state.init.cwd, text);
}

function notFound(path) {
  return new ArangoError({ errorNum: 14, errorMessage: `file not found: ${path}` });
}

function kind(path) {
  return state.ops.fileKind(absolute(path));
}

function stat(path) {
  const found = state.ops.fileStat(absolute(path));
  if (found === undefined) throw notFound(path);
  return found;
}

function readBuffer(path) {
  const bytes = state.ops.fileBytes(absolute(path));
  if (bytes === undefined) throw notFound(path);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function read(path) {
  const text = state.ops.fileText(absolute(path));
  if (text === undefined) throw notFound(path);
  return text;
}

function readFileSync(path, options) {
  const encoding = options !== null && typeof options === 'object' ? options.encoding : options;
  const buffer = readBuffer(path);
  if (!encoding) return buffer;
  return encoding === 'utf16be'
    ? Buffer.from(buffer).swap16().toString('utf16le')
    : buffer.toString(encoding);
}

function store(path, data, append) {
  const isBytes = data instanceof Uint8Array;
  const text = isBytes || typeof data === 'string' ? data : String(data);
  state.ops.fileWrite(absolute(path), text, append);
  return true;
}

function getTempFile(folder, create) {
  const base =
    folder === undefined ? state.init.tempPath : paths.join(state.init.tempPath, String(folder));
  if (state.ops.fileKind(base) !== KIND_FOLDER) throw notFound(base);
  const path = `${base}/tmp-${genRandomAlphaNumbers(16)}`;
  if (create) store(path, '', false);
  return path;
}

function makeStats([type, size, mtimeMs]) {
  return {
    size,
    mtimeMs,
    mtime: new Date(mtimeMs),
    isFile: () => type === KIND_FILE,
    isDirectory: () => type === KIND_FOLDER,
  };
}

function refusePassword(password) {
  if (password === undefined || password === null || password === '') return;
  throw new ArangoError({
    errorNum: 9,
    errorMessage: 'archives with password are not implemented',
  });
}

// Files are named as they are below the folder.
function zipFile(zip, folder, files, password) {
  refusePassword(password);
  const base = absolute(folder);
  const names = files.map((file) => {
    const text = String(file);
    if (!text.startsWith('/')) return paths.normalize(text);
    const path = paths.normalize(text);
    return path.startsWith(`${base}/`) ? path.slice(base.length + 1) : path.slice(1);
  });
  return state.ops.fileZip(absolute(zip), base, JSON.stringify(names));
}

const { ops } = state;

module.exports = {
  exists: (path) => kind(path) !== 0,
  isFile: (path) => kind(path) === KIND_FILE,
  isDirectory: (path) => kind(path) === KIND_FOLDER,
  size: (path) => stat(path)[1],
  mtime: (path) => Math.floor(stat(path)[2] / 1000),
  pathSeparator: '/',
  join: (...parts) => paths.join(...parts.map(String)),
  normalize: (path) => paths.normalize(String(path)),
  makeAbsolute: absolute,
  getTempPath: () => state.init.tempPath,
  getTempFile,
  chmod(path, mode) {
    ops.fileMode(absolute(path), typeof mode === 'number' ? mode : parseInt(mode, 8));
    return true;
  },
  list: (path) => ops.fileList(absolute(path)),
  listTree: (path) => ops.fileListTree(absolute(path)),
  makeDirectory: (path) => ops.fileMakeFolder(absolute(path), false),
  makeDirectoryRecursive: (path) => ops.fileMakeFolder(absolute(path), true),
  remove: (path) => ops.fileRemove(absolute(path)),
  removeDirectory: (path) => ops.fileRemoveFolder(absolute(path), false),
  removeDirectoryRecursive: (path) => ops.fileRemoveFolder(absolute(path), true),
  read,
  read64: (path) => readBuffer(path).toString('base64'),
  readBuffer,
  readFileSync,
  write: (path, data) => store(path, data, false),
  writeFileSync: (path, data) => void store(path, data, false),
  append: (path, data) => store(path, data, true),
  appendFileSync: (path, data) => void store(path, data, true),
  copyFile(from, to) {
    const target = absolute(to);
    const file =
      ops.fileKind(target) === KIND_FOLDER ? `${target}/${paths.basename(absolute(from))}` : target;
    ops.fileCopy(absolute(from), file, false);
  },
  copyRecursive: (from, to) => ops.fileCopy(absolute(from), absolute(to), true),
  linkFile: (target, path) => ops.fileLink(String(target), absolute(path)),
  move: (from, to) => ops.fileMove(absolute(from), absolute(to)),
  zipFile,
  unzipFile(zip, folder, skipPaths, overwrite, password) {
    refusePassword(password);
    return ops.fileUnzip(absolute(zip), absolute(folder), Boolean(skipPaths), Boolean(overwrite));
  },
  existsSync: (path) => kind(path) !== 0,
  readdirSync: (path) => ops.fileList(absolute(path)),
  statSync: (path) => makeStats(stat(path)),
  lstatSync: (path) => makeStats(stat(path)),
  realpathSync(path) {
    const real = ops.filePath(absolute(path));
    if (real === undefined) throw notFound(path);
    return real;
  },
  mkdirSync: (path, options) =>
    ops.fileMakeFolder(absolute(path), Boolean(options && options.recursive)),
  unlinkSync: (path) => ops.fileRemove(absolute(path)),
  rmdirSync: (path) => ops.fileRemoveFolder(absolute(path), false),
  renameSync: (from, to) => ops.fileMove(absolute(from), absolute(to)),
};
