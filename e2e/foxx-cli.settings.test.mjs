// foxx-cli: configuration, dependencies and scripts of a service.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { client, service, variant } from './lib/foxx.mjs';
import { startServer } from './lib/server.mjs';

let server;
let foxx;

before(async () => {
  server = await startServer();
  foxx = client(server);
  await foxx.ok('install', '/parrot', service('parrot'));
});
after(() => server?.stop());

const wordsAt = async mount => (await server.getJson(`${mount}/speak/ada`)).words;
const minimal = (kind, mount) =>
  server.getJson(`/_api/foxx/${kind}?mount=${encodeURIComponent(mount)}&minimal=true`);

describe('configuration', () => {
  it('starts with the defaults', async () => {
    assert.equal(await wordsAt('/parrot'), 'hello ada');
    const shown = await foxx.json('config', '/parrot', '--raw');
    assert.equal(shown.greeting.current, 'hello');
    assert.equal(shown.loudVoice.title, 'Loud Voice');
    assert.equal(shown.loudVoice.required, false);
    assert.ok(!('current' in shown.loudVoice), 'an unset option has a current value');
  });

  it('is shown to people', async () => {
    const said = await foxx.ok('config', '/parrot');
    assert.match(said, /Greeting\nKey: greeting\nType: string/);
    assert.match(said, /Loud Voice\nKey: loudVoice\nType: boolean \(optional\)\nValue: N\/A/);
  });

  it('takes effect at once and is converted to its type', async () => {
    const set = ['greeting=ahoy', 'times=2', 'loudVoice=true'];
    const shown = await foxx.json('config', '/parrot', ...set, '--raw');
    assert.deepEqual(
      [shown.greeting.current, shown.times.current, shown.loudVoice.current],
      ['ahoy', 2, true]
    );
    assert.equal(await wordsAt('/parrot'), 'AHOY ADA, AHOY ADA');
  });

  it('is changed value by value', async () => {
    await foxx.ok('config', '/parrot', 'times=1');
    assert.equal(await wordsAt('/parrot'), 'AHOY ADA');
  });

  it('keeps a value when the new one is wrong, and says so', async () => {
    const shown = await foxx.json('config', '/parrot', 'times=often', '--raw');
    assert.match(shown.times.warning, /must be a number/);
    assert.equal(await wordsAt('/parrot'), 'AHOY ADA');
    assert.deepEqual(await minimal('configuration', '/parrot'), {
      greeting: 'ahoy', times: 1, loudVoice: true
    });
  });

  it('goes back to the default when a value is emptied', async () => {
    await foxx.ok('config', '/parrot', 'greeting=', 'loudVoice=');
    assert.equal(await wordsAt('/parrot'), 'hello ada');
  });

  it('is replaced as a whole by force', async () => {
    await foxx.ok('config', '/parrot', 'greeting=hey', 'times=3');
    await foxx.ok('config', '/parrot', '--force', 'times=2');
    assert.equal(await wordsAt('/parrot'), 'hello ada, hello ada');
    await foxx.ok('config', '/parrot', '--force');
    assert.equal(await wordsAt('/parrot'), 'hello ada');
  });

  it('is given at install, kept by an upgrade, dropped by a replace', async () => {
    const source = service('parrot');
    await foxx.ok('install', '/given', source, '-c', 'greeting="salut"', '-c', 'times=2');
    assert.equal(await wordsAt('/given'), 'salut ada, salut ada');
    await foxx.ok('upgrade', '/given', source, '-c', 'times=1');
    assert.equal(await wordsAt('/given'), 'salut ada');
    await foxx.ok('replace', '/given', source, '-c', 'loudVoice=true');
    assert.equal(await wordsAt('/given'), 'HELLO ADA');
  });

  it('of a service without options is empty', async () => {
    const bare = await variant(server, 'parrot', 'bare', {
      manifest: { configuration: undefined }
    });
    await foxx.ok('install', '/bare', bare, '--no-setup');
    assert.deepEqual(await foxx.json('config', '/bare', '--raw'), {});
    assert.deepEqual(await foxx.json('deps', '/bare', '--raw'), {});
  });
});

describe('a service that needs configuration', () => {
  it('installs, but answers 503', async () => {
    await foxx.ok('install', '/needy', service('needy'));
    assert.equal((await server.getJson('/needy', 503)).errorNum, 3010);
    const shown = await foxx.json('config', '/needy', '--raw');
    assert.equal(shown.secretKey.required, true);
  });

  it('warns of what is missing', async () => {
    const shown = await foxx.json('config', '/needy', '--force', '--raw');
    assert.equal(shown.secretKey.warning, 'is required');
    const deps = await foxx.json('deps', '/needy', '--force', '--raw');
    assert.equal(deps.parrot.warning, 'is required');
    assert.ok(!('warning' in deps.choir), 'an optional dependency is warned of');
  });

  it('works as soon as all is set', async () => {
    await foxx.ok('config', '/needy', 'secretKey=s3cret');
    assert.equal((await server.getJson('/needy', 503)).errorNum, 3010);
    await foxx.ok('deps', '/needy', 'parrot=/parrot');
    assert.deepEqual(await server.getJson('/needy'), {
      secretKey: 's3cret', solo: 'hello one', choir: []
    });
  });

  it('is stopped again when a value is taken away', async () => {
    await foxx.ok('config', '/needy', 'secretKey=');
    assert.equal((await server.getJson('/needy', 503)).errorNum, 3010);
    await foxx.ok('config', '/needy', 'secretKey=s3cret');
    await server.getJson('/needy');
  });
});

describe('dependencies', () => {
  it('are shown to people', async () => {
    const said = await foxx.ok('deps', '/needy');
    assert.match(said, /Parrot\nKey: parrot\nDepends: parrot@\^1\.0\.0\nMount: \/parrot/);
    assert.match(said, /Depends: parrot@\^1\.0\.0 \(optional\) \(multi\)/);
  });

  it('are given at install, several for one name', async () => {
    await foxx.ok('install', '/given-needy', service('needy'), '-c', 'secretKey="x"',
      '-d', 'parrot=/parrot', '-d', 'choir=/parrot', '-d', 'choir=/given');
    assert.deepEqual(await minimal('dependencies', '/given-needy'), {
      parrot: '/parrot', choir: ['/parrot', '/given']
    });
    assert.deepEqual(await server.getJson('/given-needy'), {
      secretKey: 'x', solo: 'hello one', choir: ['hello all', 'HELLO ALL']
    });
  });

  it('see the new configuration of what they point to', async () => {
    await foxx.ok('config', '/parrot', 'greeting=ciao');
    assert.equal((await server.getJson('/given-needy')).solo, 'ciao one');
    await foxx.ok('config', '/parrot', '--force');
  });
});

describe('scripts', () => {
  it('are listed with their titles', async () => {
    assert.deepEqual(await foxx.json('scripts', '/parrot', '--raw'), {
      setup: 'Setup', teardown: 'Teardown', 'echo-args': 'Echo Args', silent: 'Silent',
      fail: 'Fail'
    });
    assert.match(await foxx.ok('scripts', '/parrot'), /echo-args\s+Echo Args/);
  });

  it('get their one argument as it was given', async () => {
    const echo = (...args) => foxx.json('run', '/parrot', 'echo-args', ...args);
    assert.deepEqual(await echo(), { argv: [], mount: '/parrot' });
    assert.deepEqual((await echo('{"a":[1,null]}')).argv, [{ a: [1, null] }]);
    assert.deepEqual((await echo('["a","b"]')).argv, [['a', 'b']]);
    assert.deepEqual((await echo('5')).argv, [5]);
  });

  it('answer their exports, untouched ones too', async () => {
    assert.deepEqual(await foxx.json('run', '/parrot', 'silent'), {});
  });

  it('can be setup', async () => {
    const { setups } = await server.getJson('/parrot/setups');
    await foxx.ok('run', '/parrot', 'setup');
    assert.equal((await server.getJson('/parrot/setups')).setups, setups + 1);
  });

  it('report what they throw, with its status', async () => {
    await foxx.fails(/executing a JavaScript file:\n\n.*the parrot is asleep/s,
      'run', '/parrot', 'fail');
    const response = await server.fetch('/_api/foxx/scripts/fail?mount=%2Fparrot', {
      method: 'POST'
    });
    assert.equal(response.status, 418);
    assert.equal((await response.json()).errorNum, 3103);
  });

  it('must be named in the manifest', async () => {
    await foxx.fails(/does not have a script called "dance"/, 'run', '/parrot', 'dance');
    const response = await server.fetch('/_api/foxx/scripts/dance?mount=%2Fparrot', {
      method: 'POST'
    });
    assert.equal(response.status, 400);
    assert.equal((await response.json()).errorNum, 3016);
  });

  it('need a configured service', async () => {
    const scripted = await variant(server, 'needy', 'scripted', {
      manifest: { scripts: { greet: 'index.js' } }
    });
    await foxx.ok('install', '/scripted', scripted);
    await foxx.fails(/is missing configuration or dependencies/, 'run', '/scripted', 'greet');
  });
});
