// Vulpes, over HTTP on one connection that is kept open: each query is a POST to /_api/cursor.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'undici';
import { INDEXES, chunks, sizes } from '../data.mjs';
import { readUrl } from '../../lib/servers.mjs';

const CACHE_MIB = 1024;
const LOAD_ROWS = 5000;
// All rows in one answer.
const BATCH_ROWS = 1_000_000;
const SERVICE = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'services/ask');
const AUTHORIZATION = `Basic ${Buffer.from('root:').toString('base64')}`;

export async function open({ folder, memoryLimit }) {
  const child = spawn(process.env.VULPES_BIN, [
    'serve', '--listen', '127.0.0.1:0', '--data', join(folder, 'vulpes'),
    '--store-cache', String(CACHE_MIB), '--javascript.files-allowlist', `^${SERVICE}`
  ], { stdio: ['ignore', 'pipe', 'pipe'] });
  const client = new Client(await readUrl('vulpes', child), {
    pipelining: 1, headersTimeout: 0, bodyTimeout: 0
  });
  const send = (method, path, text, type = 'application/json') => {
    const headers = { authorization: AUTHORIZATION, 'content-type': type };
    return new Promise((resolve, reject) => {
      client.dispatch({ method, path, body: text, headers }, new Answer(resolve, reject));
    });
  };
  const ask = async (query, params, limit = memoryLimit) => {
    const bindVars = toBind(params);
    const { result, extra } = await send('POST', '/_api/cursor', JSON.stringify({
      query: query.aql, bindVars, batchSize: BATCH_ROWS, memoryLimit: limit
    }));
    const { executionTime, peakMemoryUsage, writesExecuted } = extra.stats;
    return {
      rows: query.writes ? [writesExecuted] : result,
      engineMs: executionTime * 1000,
      peakBytes: peakMemoryUsage
    };
  };
  // The same inside of the server, in a service: what it took there, in all.
  const askInside = async (query, list) => {
    const text = JSON.stringify({
      query: query.aql, binds: list.map(toBind), memoryLimit
    });
    const from = performance.now();
    const { ms, counts } = await send('POST', '/ask', text);
    // Of a write only the answer says that it is durable.
    return query.writes ? { ms: performance.now() - from } : { ms, counts };
  };
  const { version } = await send('GET', '/_api/version');
  return {
    version: `Vulpes ${version}`,
    pid: child.pid,
    load: async rows => {
      await send('POST', '/_api/foxx?mount=/ask', JSON.stringify({ source: SERVICE }));
      return load(send, rows);
    },
    ask,
    askInside,
    explain: async (query, params) => {
      const bindVars = toBind(params);
      const { plan } = await send('POST', '/_api/explain',
        JSON.stringify({ query: query.aql, bindVars }));
      return plan;
    },
    close: async () => {
      await client.close();
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
  };
}

// Takes an answer as it comes: one promise and one JSON.parse for each, as `pg` has it. The
// client's `request` would add a stream to each.
class Answer {
  #resolve;
  #reject;
  #status;
  #parts = [];

  constructor(resolve, reject) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart() {}

  onResponseStart(controller, status) {
    this.#status = status;
  }

  onResponseData(controller, part) {
    this.#parts.push(part);
  }

  onResponseEnd() {
    const [first, ...others] = this.#parts;
    const whole = others.length > 0 ? Buffer.concat(this.#parts) : first;
    let answer;
    try {
      answer = JSON.parse(whole.toString());
    } catch (error) {
      return this.#reject(error);
    }
    if (this.#status >= 400) {
      const error = new Error(`${this.#status} ${answer.errorMessage}`);
      return this.#reject(Object.assign(error, { errorNum: answer.errorNum }));
    }
    return this.#resolve(answer);
  }

  onResponseError(controller, error) {
    this.#reject(error);
  }
}

const toBind = params => Object.fromEntries(params.map((value, at) => [`p${at}`, value]));

async function load(send, rows) {
  const times = {};
  let from = performance.now();
  for (const collection of Object.keys(sizes(rows))) {
    await send('POST', '/_api/collection', JSON.stringify({ name: collection }));
    for (const chunk of chunks(collection, rows, LOAD_ROWS)) {
      const lines = chunk.map(({ _id, _rev, ...one }) => `${JSON.stringify(one)}\n`).join('');
      await send('POST', `/_api/import?type=documents&complete=true&collection=${collection}`, lines,
        'text/plain');
    }
  }
  times.load = performance.now() - from;
  from = performance.now();
  for (const { collection, fields, unique } of INDEXES) {
    await send('POST', `/_api/index?collection=${collection}`,
      JSON.stringify({ type: 'persistent', fields, unique }));
  }
  times.index = performance.now() - from;
  return times;
}
