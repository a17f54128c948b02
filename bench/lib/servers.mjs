// The servers under test: how each is started and how it gets its documents.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { documents } from '../documents.mjs';

const HERE = dirname(dirname(fileURLToPath(import.meta.url)));
const BUN = join(HERE, 'node_modules/.bin/bun');
const DENO = join(HERE, 'node_modules/@deno/linux-x64-glibc/deno');
const START_MS = 60_000;
const LOAD_BATCH = 1_000;
const peer = name => join(HERE, 'peers', `${name}.mjs`);

export const SERVERS = [
  {
    name: 'vulpes',
    command: folder => [
      process.env.VULPES_BIN, 'serve', '--listen', '127.0.0.1:0', '--data', join(folder, 'data'),
      '--javascript.files-allowlist', '/bench/services/'
    ],
    version: () => [process.env.VULPES_BIN, '--version'],
    load: loadVulpes,
    writes: true
  },
  {
    name: 'bun',
    command: () => [BUN, peer('bun')],
    version: () => [BUN, '--version'],
    writes: true
  },
  {
    name: 'deno',
    command: () => [DENO, 'run', '--allow-all', '--no-config', peer('deno')],
    version: () => [DENO, '--version']
  },
  {
    name: 'fastify',
    command: () => [process.execPath, peer('fastify')],
    version: () => [process.execPath, '--version'],
    writes: true
  }
];

// Starts a server on `cpus` (all when empty) and waits until it can answer its routes. It goes on
// with what is in `former`, the folder of one that was killed, if there is one.
export async function start(server, cpus, former) {
  const folder = former ?? await mkdtemp(join(tmpdir(), `vulpes-bench-${server.name}-`));
  const command = server.command(folder);
  const [program, ...args] = cpus ? ['taskset', '-c', cpus, ...command] : command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_ENV: 'production', BENCH_FILE: join(folder, 'docs.sqlite') }
  });
  const url = await readUrl(server.name, child);
  if (!former) {
    await server.load?.(url);
  }
  return {
    name: server.name,
    url,
    pid: child.pid,
    folder,
    kill: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    }
  };
}

export function readUrl(name, child) {
  return new Promise((resolve, reject) => {
    let log = '';
    const fail = why => {
      clearTimeout(timer);
      reject(new Error(`${name}: ${why}\n${log.slice(-2000)}`));
    };
    const timer = setTimeout(() => fail('not listening in time'), START_MS);
    const read = chunk => {
      log += chunk;
      const found = log.match(/127\.0\.0\.1:([1-9]\d*)\b/);
      if (found) {
        clearTimeout(timer);
        resolve(`http://127.0.0.1:${found[1]}`);
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('error', error => fail(error.message));
    child.on('exit', code => fail(`ended with code ${code}`));
  });
}

async function loadVulpes(url) {
  const send = async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from('root:').toString('base64')}`,
        'content-type': 'application/json'
      },
      body: JSON.stringify(body)
    });
    if (!response.ok) {
      throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    }
    await response.arrayBuffer();
  };
  for (const name of ['hello', 'read', 'write']) {
    await send('POST', `/_api/foxx?mount=/${name}`, { source: join(HERE, 'services', name) });
  }
  const all = [...documents()].map(({ _id, _rev, ...one }) => one);
  for (let at = 0; at < all.length; at += LOAD_BATCH) {
    await send('POST', '/_api/document/read_docs', all.slice(at, at + LOAD_BATCH));
  }
}
