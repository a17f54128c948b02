// A PostgreSQL instance of the benchmark's own, in a folder of its own, on a Unix socket.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const PACKAGED = '/usr/lib/postgresql';
const START_MS = 60_000;
const POLL_MS = 100;
// For a machine that has the memory; nothing that makes a commit less durable.
const SETTINGS = {
  shared_buffers: '1GB',
  work_mem: '64MB',
  maintenance_work_mem: '256MB',
  effective_cache_size: '4GB',
  max_wal_size: '4GB',
  random_page_cost: '1.1',
  listen_addresses: '',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on'
};

// Where the newest installed version keeps its programs.
async function programs() {
  const versions = await readdir(PACKAGED).catch(() => []);
  const newest = versions.map(Number).filter(Boolean).sort((a, b) => b - a)[0];
  if (!newest) {
    throw new Error('PostgreSQL is not installed: apt-get install postgresql');
  }
  return join(PACKAGED, String(newest), 'bin');
}

// PostgreSQL refuses to run as root: then it runs as the user that its package made.
function asUser(command) {
  return process.getuid() === 0
    ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', ...command]
    : command;
}

export async function startPostgres(parent) {
  const bin = await programs();
  const folder = join(parent, 'postgres');
  const data = join(folder, 'data');
  await mkdir(folder, { recursive: true });
  if (process.getuid() === 0) {
    await chmod(parent, 0o755);
    execFileSync('chown', ['postgres:postgres', folder]);
  }
  const run = command => {
    const [program, ...args] = asUser(command);
    execFileSync(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  run([join(bin, 'initdb'), '--pgdata', data, '--username', 'bench', '--auth', 'trust',
    '--encoding', 'UTF8', '--locale', 'C']);
  const flags = Object.entries({ ...SETTINGS, unix_socket_directories: folder })
    .flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [program, ...args] = asUser([join(bin, 'postgres'), '-D', data, ...flags]);
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', chunk => { log = (log + chunk).slice(-4000); });
  const deadline = Date.now() + START_MS;
  while (!log.includes('ready to accept connections')) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`PostgreSQL does not start:\n${log}`);
    }
    await new Promise(resolve => { setTimeout(resolve, POLL_MS); });
  }
  return {
    pid: child.pid,
    settings: SETTINGS,
    connection: { host: folder, user: 'bench', database: 'postgres' },
    stop: async () => {
      const ended = once(child, 'exit');
      // Fast shutdown: open connections are closed.
      child.kill('SIGINT');
      await ended;
    }
  };
}
