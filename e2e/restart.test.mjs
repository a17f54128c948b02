// What was acknowledged is there after a stop and after a crash; local files are only a cache.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { client, service } from './lib/foxx.mjs';
import { startServer } from './lib/server.mjs';

let server;
let foxx;

before(async () => {
  server = await startServer();
  foxx = client(server);
  await foxx.ok('install', '/parrot', service('parrot'), '-c', 'greeting="salut"');
});
after(() => server?.stop());

const write = async (collection, document) => {
  const response = await server.fetch(`/_api/document/${collection}`, {
    method: 'POST', body: JSON.stringify(document)
  });
  assert.ok(response.ok, await response.text());
};

// Each time the log has one more document than the setups that ran.
async function isAsBefore(documents) {
  assert.deepEqual(await server.getJson('/parrot/speak/ada'), { words: 'salut ada' });
  assert.deepEqual(await server.getJson('/parrot/setups'), { setups: documents });
  const [listed] = await foxx.json('list', '--raw');
  assert.equal(listed.mount, '/parrot');
}

describe('a server that starts again', () => {
  it('after a stop has its services and documents', async () => {
    await write('parrot_log', { _key: 'before-stop' });
    await server.restart('SIGTERM');
    await isAsBefore(2);
  });

  it('after a crash has all that was acknowledged', async () => {
    await write('parrot_log', { _key: 'before-crash' });
    await server.restart('SIGKILL');
    await isAsBefore(3);
  });

  it('without its local files unpacks them from the registry', async () => {
    const { path } = await foxx.json('show', '/parrot', '--raw');
    await rm(path, { recursive: true });
    await server.restart('SIGTERM');
    await isAsBefore(3);
  });

  it('forgets what was uninstalled', async () => {
    await foxx.ok('uninstall', '/parrot');
    await server.restart('SIGKILL');
    await server.getJson('/parrot', 404);
    assert.deepEqual(await foxx.json('list', '--raw'), []);
  });
});
