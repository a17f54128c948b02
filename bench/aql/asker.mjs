// One engine in a process of its own, so that none pays for another's garbage.
//
// The parent sends { op, ... } and gets { result } or { error } for each, in order.
import { CHECK_UPDATES, QUERIES } from './queries.mjs';

const [, , name] = process.argv;
let engine;

const OPERATIONS = {
  open: async ({ settings }) => {
    const { open } = await import(`./engines/${name}.mjs`);
    engine = await open(settings);
    return { version: engine.version, pid: engine.pid };
  },
  load: ({ rows }) => engine.load(rows),
  // Asks a query once for each list of parameters and says what it took.
  ask: async ({ query: wanted, params, keepRows }) => {
    const query = find(wanted);
    const counts = [];
    const kept = [];
    let engineMs = 0;
    let peakBytes = 0;
    globalThis.gc?.();
    const from = performance.now();
    for (const one of params) {
      const answer = await engine.ask(query, one);
      counts.push(query.writes ? answer.rows[0] : answer.rows.length);
      engineMs += answer.engineMs ?? 0;
      peakBytes = Math.max(peakBytes, answer.peakBytes ?? 0);
      if (keepRows) {
        kept.push(answer.rows);
      }
    }
    const ms = (performance.now() - from) / params.length;
    return { ms, engineMs: engineMs / params.length, peakBytes, counts, rows: kept };
  },
  // Only for engines that have them.
  askInside: async ({ query: wanted, params }) => {
    const query = find(wanted);
    let total = 0;
    let all;
    // Of writes each waits for its answer; reads are asked in one go.
    for (const list of query.writes ? params.map(one => [one]) : [params]) {
      const { ms, counts } = await engine.askInside(query, list);
      total += ms;
      all = counts;
    }
    return { ms: total / params.length, counts: all };
  },
  explain: ({ query, params }) => engine.explain(find(query), params),
  // What a query under a memory limit does that it cannot keep.
  exceed: async ({ aql, limit }) => {
    try {
      const { rows, peakBytes } = await engine.ask({ aql }, [], limit);
      return { rows: rows.length, peakBytes };
    } catch (error) {
      return { errorNum: error.errorNum, message: error.message };
    }
  },
  close: () => engine.close()
};

function find(name) {
  return [...QUERIES, CHECK_UPDATES].find(one => one.name === name);
}

// The parent is gone: nothing that this one started must stay.
process.on('disconnect', () => engine?.close().finally(() => process.exit()));

process.on('message', async message => {
  try {
    process.send({ result: await OPERATIONS[message.op](message) ?? null });
  } catch (error) {
    process.send({ error: error.stack ?? String(error) });
  }
  if (message.op === 'close') {
    process.exit();
  }
});
