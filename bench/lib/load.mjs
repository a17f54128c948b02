// The load generator: wrk, one thread, keep-alive connections.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(dirname(fileURLToPath(import.meta.url)));

// Runs one round of a route. An answer that is no 2xx spoils the run. `script` is a Lua file
// beside run.mjs, which gets `args`.
export async function measure(url, { route, connections, script, args = [], seconds, cpus }) {
  const command = [
    ...(cpus ? ['taskset', '-c', cpus] : []),
    'wrk', '--threads', '1', '--connections', String(connections),
    '--duration', `${seconds}s`, '--timeout', '10s', '--latency',
    ...(script ? ['--script', join(HERE, script)] : []), url + route, '--', ...args.map(String)
  ];
  const { stdout, stderr } = await runTimed(command);
  const broken = stdout.match(/Non-2xx or 3xx responses: \d+|Socket errors: .*/);
  if (broken) {
    throw new Error(`${url}${route}: ${broken[0]}`);
  }
  const number = pattern => {
    const found = stdout.match(pattern);
    if (!found) {
      throw new Error(`wrk said something else:\n${stdout}${stderr}`);
    }
    return found;
  };
  const [, requests] = number(/Requests\/sec:\s+([\d.]+)/);
  const [, answered] = number(/(\d+) requests in /);
  const [user, system, real] = stderr.trim().split('\n').pop().split(' ').map(Number);
  return {
    requestsPerSecond: Number(requests),
    answered: Number(answered),
    p50Us: toMicroseconds(number(/50%\s+([\d.]+)(us|ms|s)/)),
    p99Us: toMicroseconds(number(/99%\s+([\d.]+)(us|ms|s)/)),
    // Near 1 the generator is the bottleneck and the round says little.
    generatorBusy: (user + system) / real
  };
}

function toMicroseconds([, value, unit]) {
  return Math.round(Number(value) * { us: 1, ms: 1e3, s: 1e6 }[unit]);
}

function runTimed(command) {
  const script = 'TIMEFORMAT="%U %S %R"; time "$@"';
  const child = spawn('bash', ['-c', script, 'bash', ...command]);
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', chunk => { out.stdout += chunk; });
  child.stderr.on('data', chunk => { out.stderr += chunk; });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => {
      if (code === 0) {
        resolve(out);
      } else {
        reject(new Error(`${command.join(' ')}: code ${code}\n${out.stderr}`));
      }
    });
  });
}
