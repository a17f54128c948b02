// Asks twelve queries of Vulpes, PostgreSQL and SQLite and writes results/aql.json.
//
// The three hold the same documents and indexes. Each answers every query once before anything is
// measured, and the answers must be the same. Rounds are interleaved: in each, every query is
// asked of every engine with the same parameters before the next query's turn.
// Options: --rows=1000000 --rounds=5 --only=vulpes,sqlite --queries=point,in --explain=true
import { fork } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { drawText, machine, median } from '../lib/report.mjs';
import { sizes } from './data.mjs';
import { CHECK_UPDATES, QUERIES } from './queries.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const ENGINES = ['vulpes', 'postgres', 'sqlite'];
// Queries that a service asks, inside of the server.
const INSIDE = { name: 'service', of: 'vulpes', way: 'process' };
const WAYS = { vulpes: 'connection', postgres: 'connection', sqlite: 'process' };
// Far from any round that is measured.
const ROUNDS_INSIDE = 0x8000;
const MEMORY_LIMIT = 64 << 20;
// A query that has to keep far more than its limit: all documents, sorted.
const EXCEEDING = {
  aql: 'FOR o IN orders SORT o.total, o.number RETURN o',
  limit: 32 << 20
};
const KIB = 1024;
const ROUND_OF_CHECK = 0xffff;

const options = Object.fromEntries(process.argv.slice(2).map(arg => {
  const [, name, value] = arg.match(/^--(\w+)=(.*)$/) ?? [];
  if (!['rows', 'rounds', 'only', 'queries', 'explain', 'out'].includes(name)) {
    throw new Error(`unknown option ${arg}`);
  }
  return [name, value];
}));
const rows = Number(options.rows ?? 1_000_000);
const rounds = Number(options.rounds ?? 5);
const engines = ENGINES.filter(one => !options.only || options.only.split(',').includes(one));
const columns = engines.flatMap(one => (one === INSIDE.of ? [one, INSIDE.name] : [one]));
const queries = QUERIES.filter(one =>
  !options.queries || options.queries.split(',').includes(one.name));

// A numbered source of parameters: the same for every engine, another for each query and round.
function parametersOf(query, round) {
  let state = (QUERIES.indexOf(query) * 65_537 + round * 257 + 1) >>> 0;
  const draw = below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  return Array.from({ length: query.asks }, () => query.params(rows, draw));
}

async function startAsker(name) {
  const folder = await mkdtemp(join(tmpdir(), `vulpes-bench-aql-${name}-`));
  const child = fork(join(HERE, 'asker.mjs'), [name], {
    execArgv: ['--expose-gc', '--max-old-space-size=4096'], serialization: 'advanced'
  });
  const tell = message => new Promise((resolve, reject) => {
    child.removeAllListeners('message');
    child.removeAllListeners('exit');
    child.once('exit', code => reject(new Error(`${name} ended with code ${code}`)));
    child.once('message', ({ result, error }) => {
      if (error) {
        reject(new Error(`${name}, ${message.op} ${message.query ?? ''}: ${error}`));
      } else {
        resolve(result);
      }
    });
    child.send(message);
  });
  const close = async () => {
    await tell({ op: 'close' }).catch(error => process.stderr.write(`${error.message}\n`));
    child.kill();
    await rm(folder, { recursive: true, force: true });
  };
  const opened = await tell({ op: 'open', settings: { folder, memoryLimit: MEMORY_LIMIT } });
  return { name, ...opened, tell, close };
}

// Resident memory of a server with its child processes, shared pages counted once.
async function residentMiB(pid) {
  let kib = 0;
  for (const one of [pid, ...await childrenOf(pid)]) {
    const text = await readFile(`/proc/${one}/smaps_rollup`, 'utf8').catch(() => '');
    kib += Number(text.match(/^Pss:\s+(\d+)/m)?.[1] ?? 0);
  }
  return Math.round(kib / KIB);
}

async function childrenOf(pid) {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(tasks.map(task =>
    readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')));
  return lists.flatMap(list => list.split(' ').filter(Boolean).map(Number));
}

async function peakMiB(pid) {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(text.match(/^VmHWM:\s+(\d+)/m)[1]) / KIB);
}

// What an answer says, whatever an engine calls things and in whatever order it may come.
function canonical(query, answer) {
  const plain = answer.map(row => {
    const value = query.scalar && row !== null && typeof row === 'object' ? row.value : row;
    return JSON.stringify(value, (key, one) => {
      if (key === '_rev') {
        return undefined;
      }
      return one !== null && typeof one === 'object' && !Array.isArray(one)
        ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
        : one;
    });
  });
  return query.ordered ? plain : plain.sort();
}

// Throws if two engines differ; answers the number of rows of each query.
async function checkAnswers(running, wanted) {
  const counts = {};
  for (const query of wanted) {
    const params = query.params ? parametersOf(query, ROUND_OF_CHECK).slice(0, 3) : [[]];
    let first;
    for (const { name, tell } of running) {
      const { rows: answers } = await tell({ op: 'ask', query: query.name, params, keepRows: true });
      const got = answers.map(one => canonical(query, one));
      first ??= { name, got };
      for (const [at, one] of got.entries()) {
        if (!isDeepStrictEqual(one, first.got[at])) {
          const place = one.findIndex((row, nth) => row !== first.got[at][nth]);
          throw new Error(`${query.name} ${JSON.stringify(params[at]).slice(0, 200)}: `
            + `${first.name} answers ${first.got[at].length} rows, ${name} ${one.length}; `
            + `row ${place}: ${first.got[at][place]} and ${one[place]}`);
        }
      }
      counts[query.name] = Math.round(got.reduce((sum, one) => sum + one.length, 0) / got.length);
    }
  }
  return counts;
}

// Over a connection and inside of a process other documents are asked for, so that the second way
// of Vulpes does not find in its cache what the first has read. All are asked for both.
async function measureRound(running, round, measured) {
  for (const query of queries) {
    const asked = {
      connection: parametersOf(query, round),
      process: parametersOf(query, round + ROUNDS_INSIDE)
    };
    const first = {};
    // Another engine begins in each round.
    const order = running.map((_, at) => running[(at + round) % running.length]);
    for (const { name, tell } of order) {
      for (const [way, params] of Object.entries(asked)) {
        const inside = name === INSIDE.of && way === INSIDE.way;
        const { ms, engineMs, peakBytes, counts } = await tell(
          { op: inside ? 'askInside' : 'ask', query: query.name, params, keepRows: false });
        first[way] ??= counts;
        if (counts && !isDeepStrictEqual(counts, first[way])) {
          throw new Error(`${query.name}, round ${round}: ${name} answers another number of rows`);
        }
        if (inside) {
          measured.push({ query: query.name, engine: INSIDE.name, ms });
        } else if (way === WAYS[name]) {
          measured.push({ query: query.name, engine: name, ms, engineMs, peakBytes });
        }
      }
    }
  }
}

function summarize(measured, counts) {
  return queries.map(({ name, kind }) => {
    const result = { query: name, kind, rows: counts[name] };
    for (const engine of columns) {
      const own = measured.filter(one => one.query === name && one.engine === engine);
      const times = own.map(one => one.ms).sort((a, b) => a - b);
      result[engine] = { ms: round(median(times)), lowest: round(times[0]), highest: round(times.at(-1)) };
      if (engine === 'vulpes') {
        result.vulpes.engineMs = round(median(own.map(one => one.engineMs)));
        result.vulpes.peakMiB = round(Math.max(...own.map(one => one.peakBytes)) / 2 ** 20);
      }
    }
    // Like with like: over a connection beside PostgreSQL, inside of a process beside SQLite.
    if (result.vulpes && result.postgres && result.sqlite) {
      result.ratioToPostgres = round(result.postgres.ms / result.vulpes.ms);
      result.ratioToSqlite = round(result.sqlite.ms / result.service.ms);
      const held = kind === 'scan'
        ? result.ratioToSqlite
        : Math.min(result.ratioToPostgres, result.ratioToSqlite);
      result.holds = held >= 1;
    }
    return result;
  });
}

const round = number => Number(number.toPrecision(3));

function table(results) {
  const head = ['query', 'rows', ...columns.map(one => `${one} ms`), 'spread', 'engine ms', 'peak MiB',
    'to PostgreSQL', 'to SQLite', 'holds'];
  const cells = results.map(one => [
    one.query, one.rows, ...columns.map(name => one[name].ms),
    columns.map(name => `${one[name].lowest}-${one[name].highest}`).join(' '),
    one.vulpes?.engineMs ?? '', one.vulpes?.peakMiB ?? '', one.ratioToPostgres ?? '',
    one.ratioToSqlite ?? '', one.holds ?? ''
  ].map(String));
  return drawText(head, cells, 1);
}

async function measureMemory(running) {
  const memory = {};
  for (const { name, pid, tell } of running) {
    memory[name] = { residentMiB: await residentMiB(pid) };
    if (name === 'vulpes') {
      const before = await peakMiB(pid);
      const outcome = await tell({ op: 'exceed', ...EXCEEDING });
      memory[name].exceeding = {
        ...EXCEEDING, outcome, residentPeakMiBBefore: before, residentPeakMiBAfter: await peakMiB(pid)
      };
    }
  }
  return memory;
}

const note = text => process.stderr.write(`${text}\n`);

const running = [];
try {
  const report = { date: new Date().toISOString(), machine: machine([]), rows, rounds };
  report.settings = { memoryLimitMiB: MEMORY_LIMIT >> 20, sizes: sizes(rows) };
  report.import = {};
  const documents = Object.values(sizes(rows)).reduce((sum, one) => sum + one, 0);
  for (const name of engines) {
    running.push(await startAsker(name));
    const times = await running.at(-1).tell({ op: 'load', rows });
    report.import[name] = {
      rowsPerSecond: Math.round(documents / times.load * 1000),
      indexSeconds: round(times.index / 1000)
    };
    note(`${name}: imports ${report.import[name].rowsPerSecond} documents a second, `
      + `indexes them in ${report.import[name].indexSeconds} s`);
  }
  report.versions = Object.fromEntries(running.map(one => [one.name, one.version]));
  const counts = await checkAnswers(running, queries);
  note('all answers are the same');
  if (options.explain) {
    const vulpes = running.find(one => one.name === 'vulpes');
    for (const query of queries) {
      const [params] = parametersOf(query, 1);
      const plan = await vulpes.tell({ op: 'explain', query: query.name, params });
      note(`${query.name}: ${plan.nodes.map(one => one.type).join(' ')}\n  ${plan.rules?.join(' ')}`);
    }
  }
  const measured = [];
  for (let nth = 1; nth <= rounds; nth += 1) {
    await measureRound(running, nth, measured);
    note(`round ${nth}`);
  }
  const updated = await Promise.all(running.map(async ({ tell }) => {
    const { rows: [[{ n, sum }]] } =
      await tell({ op: 'ask', query: CHECK_UPDATES.name, params: [[]], keepRows: true });
    return [n, sum];
  }));
  if (updated.some(one => !isDeepStrictEqual(one, updated[0]))) {
    throw new Error(`documents updated, and how often: ${JSON.stringify(updated)}`);
  }
  report.memory = await measureMemory(running);
  report.results = summarize(measured, counts);
  console.log(table(report.results));
  console.log(JSON.stringify(report.memory));
  const file = options.out ?? join(dirname(HERE), 'results/aql.json');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
} finally {
  await Promise.all(running.map(one => one.close()));
}
