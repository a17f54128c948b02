// foxx-cli: a service's life from install to uninstall, and what each step leaves behind.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { client, service, variant } from './lib/foxx.mjs';
import { startServer } from './lib/server.mjs';

let server;
let foxx;

before(async () => {
  server = await startServer();
  foxx = client(server);
});
after(() => server?.stop());

const mountOf = async mount =>
  (await server.getJson(`/_api/foxx?excludeSystem=true`)).find(one => one.mount === mount);
const setupsAt = async mount => (await server.getJson(`${mount}/setups`)).setups;
const collectionStatus = async name => (await server.fetch(`/_api/collection/${name}`)).status;

describe('a service', () => {
  it('is not there before its install', async () => {
    await server.getJson('/parrot', 404);
    assert.deepEqual(await foxx.json('list', '--raw'), []);
    await foxx.fails(/No service found at "\/parrot"/, 'show', '/parrot');
  });

  it('is installed from a folder', async () => {
    const said = await foxx.ok('install', '/parrot', service('parrot'));
    assert.match(said, /Installed service at "\/parrot"/);
    assert.deepEqual(await server.getJson('/parrot'), {
      version: '1.0.0', mount: '/parrot', isDevelopment: false
    });
  });

  it('had its setup run once', async () => {
    assert.equal(await setupsAt('/parrot'), 1);
  });

  it('keeps its mount', async () => {
    const again = ['install', '/parrot', service('parrot')];
    await foxx.fails(/Mount path already in use: "\/parrot"/, ...again);
    assert.equal(await setupsAt('/parrot'), 1);
  });

  it('is listed', async () => {
    const listed = await foxx.ok('list');
    assert.match(listed, /\/parrot\s+parrot@1\.0\.0/);
    assert.doesNotMatch(listed, /\/_/);
    assert.deepEqual(await mountOf('/parrot'), {
      mount: '/parrot', name: 'parrot', version: '1.0.0', provides: {}, development: false,
      legacy: false
    });
  });

  it('is shown', async () => {
    const said = await foxx.ok('info', '/parrot');
    for (const line of [/^Mount: \/parrot$/m, /^Name: parrot$/m, /^Version: 1\.0\.0$/m]) {
      assert.match(said, line);
    }
    const shown = await foxx.json('show', '/parrot', '--raw');
    assert.equal(shown.manifest.main, 'index.js');
    assert.match(shown.checksum, /./);
    assert.deepEqual(shown.options, { configuration: {}, dependencies: {} });
  });

  it('is upgraded: teardown does not run, setup does', async () => {
    const second = await variant(server, 'parrot', 'second', { manifest: { version: '2.0.0' } });
    assert.match(await foxx.ok('upgrade', '/parrot', second), /Upgraded service at "\/parrot"/);
    assert.equal((await server.getJson('/parrot')).version, '2.0.0');
    assert.equal(await setupsAt('/parrot'), 2);
  });

  it('is upgraded with teardown and without setup where that is asked for', async () => {
    const second = join(server.folder, 'second');
    await foxx.ok('upgrade', '/parrot', second, '--teardown', '--no-setup');
    assert.equal(await setupsAt('/parrot'), null);
    await foxx.ok('upgrade', '/parrot', second);
    assert.equal(await setupsAt('/parrot'), 1);
  });

  it('is replaced: teardown and setup run', async () => {
    const before = await foxx.json('show', '/parrot', '--raw');
    const third = await variant(server, 'parrot', 'third', { manifest: { version: '3.0.0' } });
    assert.match(await foxx.ok('replace', '/parrot', third), /Replaced service at "\/parrot"/);
    assert.equal((await server.getJson('/parrot')).version, '3.0.0');
    assert.equal(await setupsAt('/parrot'), 1);
    const shown = await foxx.json('show', '/parrot', '--raw');
    assert.notEqual(shown.checksum, before.checksum);
  });

  it('is replaced without teardown where that is asked for', async () => {
    await foxx.ok('replace', '/parrot', join(server.folder, 'third'), '--no-teardown');
    assert.equal(await setupsAt('/parrot'), 2);
  });

  it('stays as it was when a bad bundle comes', async () => {
    const broken = await variant(server, 'parrot', 'broken', {
      files: { 'index.js': 'const = 1;' }
    });
    for (const command of ['upgrade', 'replace']) {
      await foxx.fails(/trying to parse a JavaScript file/, command, '/parrot', broken);
    }
    assert.equal((await server.getJson('/parrot')).version, '3.0.0');
    assert.equal(await setupsAt('/parrot'), 2);
  });

  it('is uninstalled: teardown runs, the mount is free', async () => {
    assert.equal(await collectionStatus('parrot_log'), 200);
    await foxx.ok('uninstall', '/parrot');
    await server.getJson('/parrot', 404);
    assert.equal(await collectionStatus('parrot_log'), 404);
    assert.deepEqual(await foxx.json('list', '--raw'), []);
  });

  it('may be uninstalled twice', async () => {
    assert.match(await foxx.ok('uninstall', '/parrot', '--verbose'), /not found/);
  });

  it('leaves its collections where teardown is not wanted', async () => {
    await foxx.ok('install', '/kept', service('parrot'));
    await foxx.ok('uninstall', '/kept', '--no-teardown');
    assert.equal(await collectionStatus('kept_log'), 200);
  });

  it('skips setup where that is asked for', async () => {
    await foxx.ok('install', '/quiet', service('parrot'), '--no-setup');
    assert.equal(await setupsAt('/quiet'), null);
  });
});

describe('an unknown mount', () => {
  it('is an error of each command', async () => {
    const missing = /No service found at "\/nowhere"/;
    await foxx.fails(missing, 'upgrade', '/nowhere', service('parrot'));
    await foxx.fails(missing, 'replace', '/nowhere', service('parrot'));
    for (const command of ['config', 'deps', 'scripts', 'download', 'set-dev', 'set-prod']) {
      await foxx.fails(missing, command, '/nowhere');
    }
    await foxx.fails(missing, 'run', '/nowhere', 'echo-args');
    await server.getJson('/nowhere', 404);
  });

  it('is installed by force', async () => {
    await foxx.ok('replace', '/forced', service('parrot'), '--force');
    assert.equal((await server.getJson('/forced')).mount, '/forced');
    await foxx.ok('upgrade', '/forced/too', service('parrot'), '--force');
    assert.equal((await server.getJson('/forced/too')).mount, '/forced/too');
  });

  it('must be a mount path', async () => {
    for (const mount of ['/_system', '/app', '/x/app/y', '/1st']) {
      await foxx.fails(/Not a valid mount path/, 'install', mount, service('parrot'));
    }
  });
});

describe('development mode', () => {
  it('is switched on and off', async () => {
    await foxx.ok('install', '/dev', service('parrot'));
    await foxx.ok('set-dev', '/dev');
    assert.match(await foxx.ok('list'), /\/dev\s+parrot@1\.0\.0 \[DEV\]/);
    assert.equal((await server.getJson('/dev')).isDevelopment, true);
    await foxx.ok('set-prod', '/dev');
    assert.equal((await server.getJson('/dev')).isDevelopment, false);
  });

  it('is asked for at each install, upgrade and replace', async () => {
    await foxx.ok('install', '/workshop', service('parrot'), '--development');
    assert.equal((await foxx.json('show', '/workshop', '--raw')).development, true);
    await foxx.ok('upgrade', '/workshop', service('parrot'), '--development');
    assert.equal((await foxx.json('show', '/workshop', '--raw')).development, true);
    await foxx.ok('replace', '/workshop', service('parrot'));
    assert.equal((await foxx.json('show', '/workshop', '--raw')).development, false);
  });
});

describe('a download', () => {
  it('is the bundle as it was uploaded', async () => {
    const zip = join(server.folder, 'up.zip');
    const down = join(server.folder, 'down.zip');
    await foxx.ok('bundle', service('parrot'), '-o', zip);
    await foxx.ok('install', '/zipped', zip);
    await foxx.ok('download', '/zipped', '-o', down);
    const [sent, received] = await Promise.all([readFile(zip), readFile(down)]);
    assert.ok(sent.equals(received), 'the downloaded bytes differ from the uploaded ones');
  });

  it('unpacks to the files of the service', async () => {
    const folder = join(server.folder, 'unpacked');
    await foxx.ok('download', '/zipped', '--extract', '-o', folder);
    const original = await readFile(join(service('parrot'), 'index.js'), 'utf8');
    assert.equal(await readFile(join(folder, 'index.js'), 'utf8'), original);
  });
});
