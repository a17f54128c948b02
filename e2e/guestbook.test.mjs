// The example as `make run` starts it, and the commands of its README as they are printed.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { client } from './lib/foxx.mjs';
import { startServer } from './lib/server.mjs';

const FOLDER = join(dirname(dirname(fileURLToPath(import.meta.url))), 'examples/guestbook');
const shell = promisify(execFile);

let server;
let foxx;

before(async () => {
  server = await startServer({ args: ['--install', `/guestbook=${FOLDER}`] });
  foxx = client(server);
});
after(() => server?.stop());

// The curl commands of the README, with this server's address.
async function printedCommands() {
  const readme = await readFile(join(FOLDER, 'README.md'), 'utf8');
  const commands = readme.replaceAll('\\\n', ' ').split('\n').filter(line => /^curl /.test(line));
  return commands.map(line => line.replace('http://127.0.0.1:8529', server.url));
}

describe('the guestbook', () => {
  it('is there after the first start', async () => {
    assert.match(await foxx.ok('list'), /\/guestbook\s+guestbook@1\.0\.0/);
    assert.deepEqual(await server.getJson('/guestbook/about'), {
      title: 'Guestbook', name: 'guestbook', version: '1.0.0'
    });
  });

  it('answers the commands as they are printed', async () => {
    const answers = [];
    for (const command of await printedCommands()) {
      answers.push(JSON.parse((await shell('sh', ['-c', command])).stdout));
    }
    const [list, posted, read] = answers;
    assert.equal(list.total, 1);
    assert.equal(list.entries[0]._key, 'welcome');
    assert.equal(posted.text, 'Hello from Vulpes');
    assert.equal(read._key, 'welcome');
  });

  it('lists the newest first, by author, page by page', async () => {
    const all = await server.getJson('/guestbook/entries');
    assert.deepEqual(all.entries.map(one => one.author), ['Ada', 'The guestbook']);
    const ada = await server.getJson('/guestbook/entries?author=Ada&limit=1');
    assert.equal(ada.total, 1);
    assert.deepEqual((await server.getJson('/guestbook/entries?offset=2')).entries, []);
  });

  it('refuses what its schemas do not allow', async () => {
    const wrong = await server.getJson('/guestbook/entries?limit=many', 400);
    assert.equal(wrong.errorMessage, 'query parameter "limit" must be a number');
    const response = await server.fetch('/guestbook/entries', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"author": "Ada"}'
    });
    assert.equal(response.status, 400);
    assert.match((await response.json()).errorMessage, /"text" is required/);
    assert.equal((await server.getJson('/guestbook/entries/nobody', 404)).errorNum, 1202);
  });

  it('lets only a moderator delete', async () => {
    const remove = key => server.fetch('/guestbook/entries/welcome', {
      method: 'DELETE', headers: key && { 'x-moderator-key': key }
    });
    assert.equal((await remove('')).status, 403);
    await foxx.ok('config', '/guestbook', 'moderatorKey=secret');
    assert.equal((await remove('wrong')).status, 403);
    assert.equal((await remove('secret')).status, 204);
    await server.getJson('/guestbook/entries/welcome', 404);
  });

  it('has a page', async () => {
    const root = await server.fetch('/guestbook/');
    assert.equal(root.status, 302);
    const page = await server.fetch(new URL(root.headers.get('location'), server.url).pathname);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type'), /^text\/html/);
    assert.match(await page.text(), /<h1 id="title">/);
  });

  it('counts its authors', async () => {
    const { authors } = await foxx.json('run', '/guestbook', 'digest', '{"limit":1}');
    assert.deepEqual(authors, [{ author: 'Ada', entries: 1 }]);
  });

  it('passes its own tests', async () => {
    const said = await foxx.ok('test', '/guestbook');
    assert.match(said, /6 passing/);
  });
});
