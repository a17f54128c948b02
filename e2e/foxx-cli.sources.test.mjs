// foxx-cli: every kind of source a service can come from, and every kind that is refused.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { client, service, variant } from './lib/foxx.mjs';
import { startServer } from './lib/server.mjs';

const SCRIPT = `'use strict';
const router = require('@arangodb/foxx/router')();
module.context.use(router);
router.get((req, res) => res.json({ from: 'one file' }));
`;

let server;
let foxx;
let zip;
let script;

before(async () => {
  // Nothing on the server's side may be installed unless a setting allows its path.
  server = await startServer({
    args: ['--javascript.files-allowlist', '/vulpes-e2e-[^/]+/[^/]+$|/e2e/services/']
  });
  foxx = client(server);
  zip = join(server.folder, 'parrot.zip');
  script = join(server.folder, 'single.js');
  await foxx.run(['bundle', service('parrot'), '-o', zip]);
  await writeFile(script, SCRIPT);
});
after(() => server?.stop());

async function answers(mount, expected) {
  assert.deepEqual(await server.getJson(mount), expected);
}
const parrotAt = mount => ({ version: '1.0.0', mount, isDevelopment: false });

describe('a source on this side', () => {
  it('is a zip', async () => {
    await foxx.ok('install', '/zip', zip);
    await answers('/zip', parrotAt('/zip'));
  });

  it('is a single file', async () => {
    await foxx.ok('install', '/file', script);
    await answers('/file', { from: 'one file' });
    assert.match(await foxx.ok('list'), /^\s*\/file\s*$/m);
  });

  it('is a zip read from standard input', async () => {
    await foxx.run(['install', '/stdin', '@'], { input: await readFile(zip) });
    await answers('/stdin', parrotAt('/stdin'));
  });

  it('is a folder with a link in it', async () => {
    const folder = await variant(server, 'parrot', 'linked');
    await mkdir(join(folder, 'lib'));
    await writeFile(join(folder, 'lib/real.js'), `exports.from = 'behind a link';`);
    await symlink('real.js', join(folder, 'lib/alias.js'));
    await writeFile(join(folder, 'index.js'), `
      const router = require('@arangodb/foxx/router')();
      module.context.use(router);
      router.get((req, res) => res.json(require('./lib/alias')));`);
    await foxx.ok('install', '/linked', folder);
    await answers('/linked', { from: 'behind a link' });
  });

  it('is a zip with one folder around everything', async () => {
    const outer = join(server.folder, 'outer');
    await mkdir(outer);
    await variant(server, 'parrot', 'outer/parrot-main');
    const wrapped = join(server.folder, 'wrapped.zip');
    await foxx.ok('bundle', outer, '-o', wrapped, '--sloppy');
    await foxx.ok('install', '/wrapped', wrapped);
    await answers('/wrapped', parrotAt('/wrapped'));
  });

  it('is a URL that the client fetches', async () => {
    const bytes = await readFile(zip);
    const host = createServer((req, res) => res.end(bytes)).listen(0, '127.0.0.1');
    await once(host, 'listening');
    try {
      const url = `http://127.0.0.1:${host.address().port}/parrot.zip`;
      await foxx.ok('install', '/url', url);
      await answers('/url', parrotAt('/url'));
      // The server itself fetches only from where its settings allow.
      await foxx.fails(/refused authorization/, 'install', '/remote-url', '-R', url);
      await server.getJson('/remote-url', 404);
    } finally {
      host.close();
    }
  });
});

describe('a path on the server', () => {
  it('is a zip, a file or a folder', async () => {
    await foxx.ok('install', '/remote-zip', '-R', zip);
    await answers('/remote-zip', parrotAt('/remote-zip'));
    await foxx.ok('install', '/remote-file', '-R', script);
    await answers('/remote-file', { from: 'one file' });
    await foxx.ok('install', '/remote-folder', '-R', service('parrot'));
    await answers('/remote-folder', parrotAt('/remote-folder'));
  });

  it('must exist', async () => {
    const path = join(server.folder, 'nothing.zip');
    await foxx.fails(/failed to resolve source/, 'install', '/nothing', '-R', path);
    await server.getJson('/nothing', 404);
  });

  it('must be allowed', async () => {
    const outside = service('../lib');
    await foxx.fails(/refused authorization|forbidden/, 'install', '/outside', '-R', outside);
    const around = `${service('parrot')}/../../../examples/guestbook`;
    const alias = join(server.folder, 'alias');
    await symlink(service('../../examples/guestbook'), alias);
    for (const path of [around, alias]) {
      await foxx.fails(/refused authorization|forbidden/, 'install', '/outside', '-R', path);
    }
    await server.getJson('/outside', 404);
    const answer = await server.fetch('/_api/foxx?mount=/outside', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ source: outside })
    });
    const { code, errorNum } = await answer.json();
    assert.deepEqual({ code, errorNum }, { code: 403, errorNum: 11 });
  });
});

describe('a bundle is refused', () => {
  const cases = [
    ['without a manifest', /does not contain a manifest/, null],
    ['with a manifest that is not JSON', /not a well-formed JSON file/, {
      files: { 'manifest.json': '{ "name": ' }
    }],
    ['with a name that is none', /manifest rejected due to errors/, {
      manifest: { name: '1st parrot' }
    }],
    ['with a version that is none', /manifest rejected due to errors/, {
      manifest: { version: 'first' }
    }],
    ['without its main file', /trying to locate a JavaScript file/, {
      manifest: { main: 'missing.js' }
    }],
    ['without one of its scripts', /trying to locate a JavaScript file/, {
      manifest: { scripts: { setup: 'missing.js' } }
    }],
    ['with a syntax error', /trying to parse a JavaScript file/, {
      files: { 'index.js': 'if (' }
    }],
    ['with a main file that throws', /executing a JavaScript file/, {
      files: { 'index.js': 'throw new Error("not today")' }
    }],
    ['with a setup that throws', /executing a JavaScript file/, {
      files: { 'scripts/setup.js': 'throw new Error("not today")' }
    }]
  ];
  for (const [at, [title, pattern, changes]] of cases.entries()) {
    it(`${title}, and nothing stays`, async () => {
      const bundle = join(server.folder, `bad-${at}.zip`);
      if (changes) {
        const folder = await variant(server, 'parrot', `bad-${at}`, changes);
        await foxx.ok('bundle', folder, '-o', bundle);
      } else {
        await foxx.ok('bundle', join(service('parrot'), 'scripts'), '-o', bundle, '--sloppy');
      }
      await foxx.fails(pattern, 'install', '/bad', bundle);
      await server.getJson('/bad', 404);
      const listed = await foxx.json('list', '--raw');
      assert.ok(!listed.some(one => one.mount === '/bad'), 'a failed install is listed');
    });
  }

  it('when it is no zip at all', async () => {
    const path = join(server.folder, 'noise.zip');
    await writeFile(path, Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(500, 7)]));
    await foxx.run(['install', '/noise', path], { expected: 1 });
    await server.getJson('/noise', 404);
  });
});

describe('a client with a wrong password', () => {
  it('is refused and changes nothing', async () => {
    const path = join(server.folder, 'password');
    await writeFile(path, 'wrong');
    await foxx.fails(/Authentication failed|refused authorization/, 'list', '-p', path);
    await foxx.fails(/Authentication failed|refused authorization/,
      'install', '/intruder', zip, '-p', path);
    await server.getJson('/intruder', 404);
  });
});
