// Measures the hello route and the read route on all servers and writes results/latest.json.
//
// Rounds are interleaved, so a slow minute of the machine hits every server. Two layouts: `split`
// gives the server all cores but the last and the generator the last; `shared` pins nothing.
// Options: --only=bun,deno  --rounds=3  --seconds=4  --layouts=split,shared
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { documents } from './documents.mjs';
import { measure } from './lib/load.mjs';
import { machine, summarize, table } from './lib/report.mjs';
import { SERVERS, start } from './lib/servers.mjs';

const CONNECTIONS = 32;
const WARM_UP_SECONDS = 3;
const ROUTES = ['/hello', '/read'];
const last = cpus().length - 1;
const LAYOUTS = {
  split: { server: last > 0 ? `0-${last - 1}` : '0', generator: String(last) },
  shared: { server: '', generator: '' }
};

const options = Object.fromEntries(process.argv.slice(2).map(arg => {
  const [, name, value] = arg.match(/^--(\w+)=(.*)$/) ?? [];
  if (!['only', 'rounds', 'seconds', 'layouts'].includes(name)) {
    throw new Error(`unknown option ${arg}`);
  }
  return [name, value];
}));
const rounds = Number(options.rounds ?? 3);
const seconds = Number(options.seconds ?? 4);
const layouts = (options.layouts ?? 'split,shared').split(',');
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
      for (const route of ROUTES) {
        for (const { name, url } of running) {
          const warmUp = round === 0;
          const figures = await measure(url, route, {
            connections: CONNECTIONS,
            seconds: warmUp ? WARM_UP_SECONDS : seconds,
            cpus: generator
          });
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

const results = [];
const sizes = {};
for (const layout of layouts) {
  await measureLayout(layout, results, sizes);
}
const rows = summarize(results);
const report = {
  date: new Date().toISOString(),
  machine: machine(servers),
  settings: { connections: CONNECTIONS, rounds, seconds, warmUpSeconds: WARM_UP_SECONDS },
  readAnswerBytes: sizes,
  results: rows
};
console.log(table(rows));
const file = join(dirname(fileURLToPath(import.meta.url)), 'results/latest.json');
await mkdir(dirname(file), { recursive: true });
await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
