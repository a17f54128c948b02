// A host for tests outside of the real engine: files in memory or on disk, no database, recorded
// answers. Works under Node; the ops are those of OPS.md that the pure parts need.

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { ERRORS } from './error_table.mjs';

const modules = dirname(dirname(fileURLToPath(import.meta.url)));
const runtime = new vm.Script(readFileSync(join(modules, 'dist/runtime.js'), 'utf8'), {
  filename: 'runtime.js',
});

const BASE = '/service';

// Files of a service as an object path -> text; folders follow from the paths.
function fileOps(files) {
  const all = new Map(Object.entries(files).map(([path, text]) => [`${BASE}/${path}`, text]));
  const isFolder = (path) => [...all.keys()].some((file) => file.startsWith(`${path}/`));
  const kind = (path) => (all.has(path) ? 1 : isFolder(path) ? 2 : 0);
  return {
    fileKind: kind,
    filePath: (path) => (kind(path) === 0 ? undefined : path),
    fileText: (path) => all.get(path),
    fileBytes: (path) => (all.has(path) ? new Uint8Array(Buffer.from(all.get(path))) : undefined),
    fileStat: (path) =>
      kind(path) === 0 ? undefined : [kind(path), (all.get(path) || '').length, 0, false],
    fileList: (path) =>
      [
        ...new Set(
          [...all.keys()]
            .filter((file) => file.startsWith(`${path}/`))
            .map((file) => file.slice(path.length + 1).split('/')[0]),
        ),
      ].sort(),
  };
}

function systemOps(log) {
  return {
    builtinSource(name) {
      const file = join(modules, 'dist/builtin', `${name}.js`);
      return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    },
    errorTable: () => ERRORS,
    log: (level, text) => log.push(`${level}: ${text}`),
    now: () => Date.now(),
    sleep() {},
    randomBytes: (count) => new Uint8Array(randomBytes(count)),
    hash: (algorithm, data) => createHash(algorithm).update(data).digest('hex'),
    hmac: (algorithm, key, data) => createHmac(algorithm, key).update(data).digest('hex'),
    pbkdf2: (algorithm, password, salt, rounds, bytes) =>
      pbkdf2Sync(password, salt, rounds, bytes, algorithm).toString('hex'),
    utf8Encode: (text) => new Uint8Array(Buffer.from(text)),
    utf8Decode: (bytes) => Buffer.from(bytes).toString('utf8'),
    httpRequest: () => ({ status: 0, message: 'Could not connect', headers: '', body: undefined }),
  };
}

const INIT = {
  database: 'd',
  mount: '/my-foxx',
  basePath: BASE,
  configuration: {},
  dependencies: {},
  development: false,
  version: '3.12.5',
  env: {},
  cwd: '/',
  tempPath: '/tmp',
  authenticationEnabled: false,
};

// Boots a service in a fresh global scope. `extra` overrides ops; `init` overrides the description.
export function bootService(files, { init = {}, ops: extra = {} } = {}) {
  const log = [];
  const answers = [];
  const request = { headers: '', body: undefined, info: {} };
  const scope = vm.createContext({});
  const ops = {
    ...fileOps(files),
    ...systemOps(log),
    evaluate: (source, file) => vm.runInContext(source, scope, { filename: file }),
    respond: (status, headers, body) => answers.push({ status, headers, body }),
    requestHeaders: () => request.headers,
    requestBody: () =>
      request.body === undefined ? undefined : new Uint8Array(Buffer.from(request.body)),
    requestText: () =>
      request.body === undefined ? undefined : Buffer.from(request.body).toString('utf8'),
    requestInfo: () => ({
      protocol: 'http',
      remoteAddress: '10.0.0.9',
      remotePort: 50000,
      serverAddress: '127.0.0.1',
      serverPort: 8529,
      user: null,
      authorized: false,
      trustProxy: false,
      ...request.info,
    }),
    ...extra,
  };
  const manifest = { main: 'index.js', lib: '.', files: {}, scripts: {}, ...init.manifest };
  const description = { ...INIT, ...init, manifest };
  const host = runtime.runInContext(scope)(ops, description);

  // Sends `GET /path?query` with headers (object) and body; answers {status, headers, cookies,
  // body}.
  async function send(line, { headers = {}, body, info = {} } = {}) {
    const [method, url] = line.split(' ');
    const mark = url.indexOf('?');
    request.headers = Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\n`)
      .join('');
    request.body = body;
    request.info = info;
    answers.length = 0;
    const path = mark === -1 ? url : url.slice(0, mark);
    if (host.dispatch(method, path, mark === -1 ? '' : url.slice(mark + 1)) === 1) {
      await new Promise((resolve) => setImmediate(resolve));
      host.finish();
    }
    if (answers.length !== 1) throw new Error(`${line} was answered ${answers.length} times`);
    return readAnswer(answers[0]);
  }

  return { host, log, ops, scope, send };
}

function readAnswer({ status, headers: block, body }) {
  const headers = {};
  const cookies = [];
  for (const line of block.split('\n').filter((text) => text !== '')) {
    const colon = line.indexOf(': ');
    const name = line.slice(0, colon);
    if (name === 'set-cookie') cookies.push(line.slice(colon + 2));
    else headers[name] = line.slice(colon + 2);
  }
  const text =
    body === undefined || typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
  return { status, headers, cookies, body: text };
}
