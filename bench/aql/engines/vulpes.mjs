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
  const send = async (method, path, text, type = 'application/json') => {
    const { statusCode, body } = await client.request({
      method, path, body: text, headers: { authorization: AUTHORIZATION, 'content-type': type }
    });
    const answer = await body.json();
    if (statusCode >= 400) {
      const error = new Error(`${method} ${path}: ${statusCode} ${answer.errorMessage}`);
      throw Object.assign(error, { errorNum: answer.errorNum });
    }
    return answer;
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
