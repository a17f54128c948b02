// The official JavaScript driver: what it asks a server to do and to tell about itself.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Database } from 'arangojs';
import { startServer } from './lib/server.mjs';

let server;
let db;

before(async () => {
  server = await startServer();
  db = new Database({ url: server.url, auth: { username: 'root', password: '' } });
});
after(async () => {
  db?.close();
  await server?.stop();
});

// The driver's error for a call that must fail.
async function failure(promise) {
  const error = await promise.then(() => null, e => e);
  assert.ok(error, 'the call succeeded, it should have failed');
  return error;
}

// A token that speaks for nobody and may do everything.
async function superuserToken() {
  const secret = await readFile(join(server.folder, 'data', 'jwt-secret'), 'utf8');
  const encode = value => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ iss: 'arangodb', server_id: 'test' })}`;
  return `${signed}.${createHmac('sha256', secret.trim()).update(signed).digest('base64url')}`;
}

describe('the driver, of the server', () => {
  it('reads version, engine, time and status', async () => {
    const version = await db.version(true);
    assert.ok(Object.values(version.details).every(text => typeof text === 'string'));
    const engine = await db.engine();
    assert.ok(engine.supports.indexes.includes('persistent'));
    assert.ok(Object.keys(await db.engineStats()).length > 0);
    assert.ok(Math.abs((await db.time()) - Date.now()) < 60_000);
    const status = await db.status();
    assert.equal(status.server, 'arango');
    assert.equal(status.serverInfo.role, 'SINGLE');
    assert.equal(status.serverInfo.readOnly, false);
    assert.equal(status.pid, server.pid);
    assert.equal(await db.availability(), 'default');
    assert.equal((await db.supportInfo()).deployment.type, 'single');
    assert.equal((await db.getLicense()).license, 'none');
    assert.equal((await failure(db.setLicense('x'))).code, 501);
  });

  it('is told that it is no cluster', async () => {
    assert.equal((await failure(db.acquireHostList())).errorNum, 1470);
    assert.equal((await failure(db.getClusterImbalance())).code, 403);
    assert.equal((await failure(db.rebalanceCluster({}))).code, 403);
  });

  it('reads the log and sets its levels', async () => {
    const { total, messages } = await db.getLogEntries({ sort: 'desc', size: 5 });
    assert.ok(total > 0 && messages.length > 0 && messages.length <= 5);
    for (const message of messages) {
      assert.ok(message.topic && message.level && message.message);
      assert.ok(!Number.isNaN(Date.parse(message.date)));
    }
    const levels = await db.getLogLevel();
    assert.equal(levels.general, 'INFO');
    assert.equal((await db.setLogLevel({ aql: 'DEBUG' })).aql, 'DEBUG');
    assert.equal((await db.setLogLevel({ aql: 'DEFAULT' })).aql, levels.aql);
    assert.equal((await failure(db.setLogLevel({ aql: 'loud' }))).code, 400);
  });

  it('makes access tokens that log in', async () => {
    await db.createUser('robot', { passwd: 'secret' });
    await db.setUserAccessLevel('robot', { database: '_system' }, 'ro');
    const token = await db.createAccessToken('robot', { name: 'ci' });
    assert.match(token.token, /^v1\./);
    const [listed] = await db.getAccessTokens('robot');
    assert.equal(listed.fingerprint, token.fingerprint);
    assert.equal(listed.active, true);
    const auth = { username: 'robot', password: token.token };
    const robot = new Database({ url: server.url, auth });
    assert.equal((await robot.version()).server, 'arango');
    assert.equal((await failure(robot.createCollection('c'))).errorNum, 11);
    await db.deleteAccessToken('robot', token.id);
    assert.equal((await failure(robot.version())).code, 401);
    assert.deepEqual(await db.getAccessTokens('robot'), []);
    robot.close();
    await db.removeUser('robot');
  });

  it('is refused writes while the server is read-only', async () => {
    const things = await db.createCollection('things');
    const setMode = mode =>
      server.fetch('/_admin/server/mode', { method: 'PUT', body: JSON.stringify({ mode }) });
    assert.equal((await setMode('readonly')).status, 200);
    const refused = await failure(things.save({}));
    assert.equal(refused.errorNum, 1004);
    assert.equal(refused.code, 403);
    assert.equal((await failure(db.createCollection('more'))).errorNum, 11);
    assert.equal((await things.count()).count, 0);
    assert.equal(await db.availability(), 'readonly');
    assert.equal((await setMode('default')).status, 200);
    const { revision } = await things.revision();
    await things.save({});
    assert.notEqual((await things.revision()).revision, revision);
    assert.match((await things.checksum()).checksum, /^\d+$/);
  });

  it('may compact only as a superuser', async () => {
    assert.equal((await failure(db.compact())).code, 403);
    const superuser = new Database({ url: server.url });
    superuser.useBearerAuth(await superuserToken());
    await superuser.compact();
    superuser.close();
  });

  it('is told what is missing', async () => {
    const calls = [
      () => db.graphs(), () => db.views(), () => db.analyzers(), () => db.createHotBackup()
    ];
    for (const call of calls) {
      const error = await failure(call());
      assert.equal(error.code, 501);
      assert.equal(error.errorNum, 9);
    }
  });

  // The last one.
  it('shuts the server down', async () => {
    const visitor = new Database({ url: server.url, auth: { username: 'root', password: '' } });
    await visitor.shutdown();
    visitor.close();
    const gone = async () => {
      for (;;) {
        const answered = await server.fetch('/_api/version').then(() => true, () => false);
        if (!answered) {
          return;
        }
      }
    };
    await gone();
  });
});
