// Services that take more than their share are stopped; nobody else notices.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { client, service } from './lib/foxx.mjs';
import { startServer } from './lib/server.mjs';

const REQUESTS = Number(process.env.VULPES_SOAK_REQUESTS ?? 10_000);
const BOMB_EVERY = 100;
const AT_ONCE = 16;
const BOMBS = [
  'loop', 'finally', 'allocate', 'strings', 'buffers', 'sort', 'pattern', 'recurse'
];
// What the engine and the allocator may keep of what the bombs took, and how long they may take
// to give the rest back to the system; with what the VMs take that the network threads come to have.
// Four times as many requests end with the same.
const KEPT_BYTES = 72 << 20;
const GIVE_BACK_MS = 60_000;

let server;

before(async () => {
  server = await startServer({ args: ['--request-time', '0.5', '--javascript.v8-max-heap', '64'] });
  const foxx = client(server);
  await foxx.ok('install', '/calm', service('calm'));
  await foxx.ok('install', '/bombs', service('bombs'));
});
after(() => server?.stop());

async function residentBytes() {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  return Number(status.match(/^VmRSS:\s+(\d+) kB/m)[1]) * 1024;
}

async function bomb(name) {
  const response = await server.fetch(`/bombs/${name}`);
  const body = await response.json();
  assert.equal(response.status, 500, `${name} answered ${JSON.stringify(body)}`);
  assert.equal(body.error, true);
  return body;
}

async function calm(number) {
  const response = await server.fetch(`/calm/${number}`);
  const text = await response.text();
  assert.equal(response.status, 200, server.explain(text));
  assert.deepEqual(JSON.parse(text), { sum: (number * (number + 1)) / 2 });
}

describe('a service that takes too much', () => {
  it('is told which limit it met', async () => {
    assert.match((await bomb('loop')).errorMessage, /request_time_max/);
    assert.match((await bomb('allocate')).errorMessage, /heap_bytes_max|request_time_max/);
  });

  it('harms no other in a long run, and its memory comes back', async t => {
    for (const name of BOMBS) {
      await bomb(name);
    }
    await calm(10);
    const before = await residentBytes();
    let next = 0;
    const worker = async () => {
      while (next < REQUESTS) {
        const at = next;
        next += 1;
        if (at % BOMB_EVERY === BOMB_EVERY - 1) {
          await bomb(BOMBS[Math.floor(at / BOMB_EVERY) % BOMBS.length]);
        } else {
          await calm((at % 50) + 1);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const peak = await residentBytes();
    const deadline = Date.now() + GIVE_BACK_MS;
    let after = peak;
    while (after - before > KEPT_BYTES && Date.now() < deadline) {
      await calm(10);
      after = await residentBytes();
    }
    t.diagnostic(
      `${REQUESTS} requests; resident MiB: ${before >> 20} before, ${peak >> 20} at the end, ` +
      `${after >> 20} after a rest`
    );
    assert.ok(after - before <= KEPT_BYTES, `memory grew from ${before} to ${after} bytes`);
  });
});
