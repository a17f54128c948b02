// Runs the real foxx-cli as its users do: a process with arguments, output and an exit code.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(dirname(fileURLToPath(import.meta.url)));
const CLI = join(HERE, 'node_modules/foxx-cli/bin/foxx');
const LIMIT_MS = 60_000;
const LOCAL = ['bundle'];

export const service = name => join(HERE, 'services', name);

// A command line client of one server.
export function client(server) {
  const run = async (args, { input, expected = 0 } = {}) => {
    const result = await spawnCli(server, args, input);
    const said = `foxx ${args.join(' ')}\n${result.stdout}${result.stderr}`;
    assert.equal(result.code, expected, server.explain(said));
    return result;
  };
  return {
    // Must succeed; the result is what it printed.
    ok: async (...args) => (await run(args)).stdout,
    // Must succeed; the result is the JSON it printed.
    json: async (...args) => JSON.parse((await run(args)).stdout),
    // Must fail with exit code 1 and words that match.
    fails: async (pattern, ...args) => {
      const { stderr } = await run(args, { expected: 1 });
      assert.match(stderr, pattern);
    },
    run
  };
}

function spawnCli(server, args, input) {
  // Commands that only touch local files know no server.
  const target = LOCAL.includes(args[0]) ? [] : ['-H', server.url];
  const child = spawn(process.execPath, [CLI, ...args, ...target], {
    cwd: server.folder,
    timeout: LIMIT_MS,
    env: { ...process.env, FORCE_COLOR: '0', FOXXRC_PATH: join(server.folder, '.foxxrc') }
  });
  child.stdin.end(input);
  const chunks = { stdout: [], stderr: [] };
  child.stdout.on('data', chunk => chunks.stdout.push(chunk));
  child.stderr.on('data', chunk => chunks.stderr.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => {
      const bytes = Buffer.concat(chunks.stdout);
      const stderr = Buffer.concat(chunks.stderr).toString();
      resolve({ code, bytes, stdout: bytes.toString(), stderr });
    });
  });
}

// A copy of a service with some of its manifest and files changed. `undefined` removes a manifest
// entry; a file's text replaces the file.
export async function variant(server, name, copyName, { manifest = {}, files = {} } = {}) {
  const folder = join(server.folder, copyName);
  await cp(service(name), folder, { recursive: true });
  const path = join(folder, 'manifest.json');
  const original = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...original, ...manifest }));
  for (const [file, text] of Object.entries(files)) {
    await writeFile(join(folder, file), text);
  }
  return folder;
}
