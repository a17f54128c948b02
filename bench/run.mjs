// Measures the hello, read and write routes on the servers and writes results/latest.json.
//
// Rounds are interleaved, so a slow minute of the machine hits every server. Two layouts: `split`
// gives the server all cores but the last and the generator the last; `shared` pins nothing.
// Before the write route is measured, each server is killed under writes and started again: every
// write that it acknowledged must be there.
// Options: --only=bun,deno --routes=hello,write --rounds=3 --seconds=4 --layouts=split,shared
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { documents } from './documents.mjs';
import { measure } from './lib/load.mjs';
import { machine, summarize, table } from './lib/report.mjs';
import { checkKill } from './lib/kill.mjs';
import { SERVERS, start } from './lib/servers.mjs';

const WARM_UP_SECONDS = 3;
const WRITE = '/write';
const ROUTES = [
  { route: '/hello', connections: 32 },
  { route: '/read', connections: 32, script: 'read.lua' },
  { route: WRITE, connections: 64, script: 'write.lua' }
];
const last = cpus().length - 1;
const LAYOUTS = {
  split: { server: last > 0 ? `0-${last - 1}` : '0', generator: String(last) },
  shared: { server: '', generator: '' }
};

const options = Object.fromEntries(process.argv.slice(2).map(arg => {
  const [, name, value] = arg.match(/^--(\w+)=(.*)$/) ?? [];
  if (!['only', 'routes', 'rounds', 'seconds', 'layouts', 'out'].includes(name)) {
    throw new Error(`unknown option ${arg}`);
  }
  return [name, value];
}));
const rounds = Number(options.rounds ?? 3);
const seconds = Number(options.seconds ?? 4);
const layouts = (options.layouts ?? 'split,shared').split(',');
const routes = ROUTES.filter(({ route }) =>
  !options.routes || options.routes.split(',').includes(route.slice(1)));
const servers = SERVERS.filter(({ name }) => !options.only || options.only.split(',').includes(name));

// Each must answer the right thing before its speed means something.
async function checkAnswers({ name, url }) {
  const [expected] = documents();
  const read = await fetch(`${url}/read/${expected._key}`);
  const text = await read.text();
  const got = JSON.parse(text);
  for (const key of Object.keys(expected).filter(one => one !== '_rev')) {
    if (got[key] !== expected[key]) {
      throw new Error(`${name} answers ${text}`);
    }
  }
  const hello = await (await fetch(`${url}/hello`)).text();
  if (hello !== '{"hello":"world"}') {
    throw new Error(`${name} answers ${hello}`);
  }
  const missing = await fetch(`${url}/read/nothing`);
  if (missing.status !== 404) {
    throw new Error(`${name} answers ${missing.status} for a missing key`);
  }
  return text.length;
}

async function measureLayout(layout, results, sizes) {
  const { server: serverCpus, generator } = LAYOUTS[layout];
  const running = [];
  let writes = 0;
  try {
    for (const server of servers) {
      const one = await start(server, serverCpus);
      running.push(one);
      sizes[one.name] = await checkAnswers(one);
    }
    if (new Set(Object.values(sizes)).size > 1) {
      throw new Error(`answers of different length: ${JSON.stringify(sizes)}`);
    }
    for (let round = 0; round <= rounds; round += 1) {
      for (const { route, ...load } of routes) {
        for (const { name, url } of running.filter(one => answers(one, route))) {
          const warmUp = round === 0;
          const before = route === WRITE ? await countWritten(url) : 0;
          const figures = await measure(url, {
            route,
            ...load,
            args: route === WRITE ? [writes += 1] : [],
            seconds: warmUp ? WARM_UP_SECONDS : seconds,
            cpus: generator
          });
          if (route === WRITE) {
            checkWritten(name, await countWritten(url) - before, figures.answered, load.connections);
          }
          if (!warmUp) {
            results.push({ layout, route, server: name, round, ...figures });
          }
        }
      }
      process.stderr.write(round === 0 ? `${layout}: warm\n` : `${layout}: round ${round}\n`);
    }
  } finally {
    await Promise.all(running.map(one => one.stop()));
  }
}

function answers({ name }, route) {
  return route !== WRITE || SERVERS.find(one => one.name === name).writes;
}

async function countWritten(url) {
  return (await (await fetch(`${url}${WRITE}/count`)).json()).count;
}

// The generator hangs up on what is on its way when its time is over.
function checkWritten(name, written, answered, connections) {
  if (written < answered || written > answered + connections) {
    throw new Error(`${name} acknowledged ${answered} writes and holds ${written}`);
  }
}

const results = [];
const sizes = {};
const killed = {};
if (routes.some(({ route }) => route === WRITE)) {
  for (const server of servers.filter(one => one.writes)) {
    killed[server.name] = await checkKill(server);
    process.stderr.write(`${server.name}: killed, ${killed[server.name]} writes are there\n`);
  }
}
for (const layout of layouts) {
  await measureLayout(layout, results, sizes);
}
const rows = summarize(results);
const report = {
  date: new Date().toISOString(),
  machine: machine(servers),
  settings: { routes, rounds, seconds, warmUpSeconds: WARM_UP_SECONDS },
  readAnswerBytes: sizes,
  writesFoundAfterKill: killed,
  results: rows
};
console.log(table(rows));
const file = options.out
  ?? join(dirname(fileURLToPath(import.meta.url)), 'results/latest.json');
await mkdir(dirname(file), { recursive: true });
await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
