// Starts the built server on a free port with an empty data folder.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_MS = 60_000;
const STOP_MS = 20_000;

// `args` are added to the command line.
export async function startServer({ args = [] } = {}) {
  const binary = process.env.VULPES_BIN;
  assert.ok(binary, 'VULPES_BIN names the server to test');
  const folder = await mkdtemp(join(tmpdir(), 'vulpes-e2e-'));
  const server = new Server(binary, folder, args);
  await server.start();
  return server;
}

class Server {
  #args;
  #binary;
  #child;
  #lines = [];

  constructor(binary, folder, args) {
    this.#binary = binary;
    this.#args = args;
    // The data and whatever the tests write beside it.
    this.folder = folder;
  }

  async start() {
    const data = join(this.folder, 'data');
    const args = ['serve', '--listen', '127.0.0.1:0', '--data', data, ...this.#args];
    this.#child = spawn(this.#binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.url = `http://127.0.0.1:${await this.#readPort()}`;
    await this.fetch('/_api/version');
  }

  // The port it picked, from what it prints at its start.
  #readPort() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => finish('no port was printed'), START_MS);
      const finish = (problem, port) => {
        clearTimeout(timer);
        if (problem) {
          reject(new Error(this.explain(problem)));
        } else {
          resolve(port);
        }
      };
      const read = chunk => {
        this.#lines.push(...String(chunk).split('\n').filter(Boolean));
        const found = String(chunk).match(/127\.0\.0\.1:([1-9]\d*)/);
        if (found) {
          finish(null, Number(found[1]));
        }
      };
      this.#child.stdout.on('data', read);
      this.#child.stderr.on('data', read);
      this.#child.on('error', error => finish(error.message));
      this.#child.on('exit', code => finish(`ended with exit code ${code}`));
    });
  }

  get pid() {
    return this.#child.pid;
  }

  // What the server said last, for the message of a failed assertion.
  explain(what) {
    return `${what}\nserver log:\n${this.#lines.slice(-20).join('\n')}`;
  }

  // A request as user root, whose password is empty in a fresh data folder.
  fetch(path, options = {}) {
    const authorization = `Basic ${Buffer.from('root:').toString('base64')}`;
    return fetch(this.url + path, {
      redirect: 'manual',
      ...options,
      headers: { authorization, ...options.headers }
    });
  }

  async getJson(path, status = 200) {
    const response = await this.fetch(path);
    const text = await response.text();
    assert.equal(response.status, status, this.explain(`GET ${path} answered ${text}`));
    return JSON.parse(text);
  }

  // Asks it to stop and waits; a clean stop is part of every run.
  async stop() {
    await this.#end('SIGTERM');
    await rm(this.folder, { recursive: true, force: true });
    const { exitCode, signalCode } = this.#child;
    assert.equal(exitCode, 0, this.explain(`stopped with ${exitCode ?? signalCode}`));
  }

  // Starts it again on the same data, after a request to stop or after a crash.
  async restart(signal) {
    await this.#end(signal);
    await this.start();
  }

  async #end(signal) {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const ended = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }
}
