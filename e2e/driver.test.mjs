// The official JavaScript driver: collections, documents and cursors.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Database, aql } from 'arangojs';
import { startServer } from './lib/server.mjs';

const COUNT = 250;

let server;
let db;
let plants;

before(async () => {
  server = await startServer();
  db = new Database({ url: server.url, auth: { username: 'root', password: '' } });
  plants = db.collection('plants');
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

describe('the driver', () => {
  it('connects', async () => {
    const version = await db.version();
    assert.equal(version.server, 'arango');
    assert.match(version.version, /^3\.\d+\.\d+/);
    assert.ok((await db.listDatabases()).includes('_system'));
    assert.equal(await db.exists(), true);
  });

  it('is refused with a wrong password', async () => {
    const stranger = new Database({ url: server.url, auth: { username: 'root', password: 'x' } });
    assert.equal((await failure(stranger.version())).code, 401);
    stranger.close();
  });

  it('logs in for a token and works with it', async () => {
    const visitor = new Database({ url: server.url });
    const token = await visitor.login('root', '');
    assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.equal((await visitor.version()).server, 'arango');
    assert.equal((await failure(visitor.login('root', 'wrong'))).code, 401);
    visitor.useBearerAuth(`${token.slice(0, -2)}xx`);
    assert.equal((await failure(visitor.version())).code, 401);
    visitor.close();
  });

  it('creates a collection', async () => {
    assert.equal(await plants.exists(), false);
    await plants.create();
    assert.equal(await plants.exists(), true);
    const names = (await db.listCollections()).map(one => one.name);
    assert.deepEqual(names, ['plants']);
    assert.equal((await failure(plants.create())).errorNum, 1207);
  });

  it('stores documents', async () => {
    const saved = await plants.save({ _key: 'fern', height: 40 }, { returnNew: true });
    assert.equal(saved._id, 'plants/fern');
    assert.equal(saved.new.height, 40);
    assert.equal(saved.new._rev, saved._rev);
    assert.equal((await failure(plants.save({ _key: 'fern' }))).errorNum, 1210);
  });

  it('reads them', async () => {
    const fern = await plants.document('fern');
    assert.equal(fern.height, 40);
    assert.equal((await failure(plants.document('moss'))).errorNum, 1202);
    assert.equal(await plants.documentExists('moss'), false);
  });

  it('updates and replaces them, guarding revisions', async () => {
    const first = await plants.document('fern');
    const updated = await plants.update('fern', { color: 'green' }, { returnNew: true });
    assert.equal(updated.new.height, 40);
    assert.equal(updated._oldRev, first._rev);
    const stale = plants.replace({ _key: 'fern', _rev: first._rev }, { height: 1 }, {
      ifMatch: first._rev
    });
    assert.equal((await failure(stale)).errorNum, 1200);
    await plants.replace('fern', { height: 41 });
    assert.equal((await plants.document('fern')).color, undefined);
  });

  it('stores many at once', async () => {
    const documents = Array.from({ length: COUNT }, (_, at) => ({
      _key: `p${at}`, height: at, kind: at % 2 ? 'tree' : 'herb'
    }));
    const saved = await plants.saveAll(documents);
    assert.equal(saved.filter(one => one._key).length, COUNT);
    assert.equal((await plants.count()).count, COUNT + 1);
  });

  it('creates an index', async () => {
    const made = await plants.ensureIndex({ type: 'persistent', fields: ['kind', 'height'] });
    assert.equal(made.isNewlyCreated, true);
    const again = await plants.ensureIndex({ type: 'persistent', fields: ['kind', 'height'] });
    assert.equal(again.id, made.id);
    assert.deepEqual((await plants.indexes()).map(one => one.type), ['primary', 'persistent']);
  });

  it('reads a result batch by batch', async () => {
    const cursor = await db.query(aql`
      FOR plant IN ${plants}
        FILTER plant.kind == ${'tree'}
        SORT plant.height
        RETURN plant.height
    `, { batchSize: 20, count: true });
    assert.equal(cursor.count, COUNT / 2);
    assert.equal(cursor.batches.hasMore, true);
    const heights = await cursor.all();
    assert.deepEqual(heights, Array.from({ length: COUNT / 2 }, (_, at) => 2 * at + 1));
  });

  it('closes a cursor that it does not read to the end', async () => {
    const cursor = await db.query('FOR i IN 1..1000 RETURN i', {}, { batchSize: 10 });
    assert.equal(await cursor.next(), 1);
    const path = `/_api/cursor/${cursor.id}`;
    await cursor.kill();
    assert.equal((await server.fetch(path, { method: 'POST' })).status, 404);
  });

  it('writes with a query', async () => {
    const cursor = await db.query(aql`
      FOR plant IN ${plants}
        FILTER plant.height >= 240
        UPDATE plant WITH { tall: true } IN ${plants}
        RETURN NEW._key
    `);
    assert.equal((await cursor.all()).length, 10);
    assert.equal((await plants.document('p245')).tall, true);
  });

  it('is told where a query is wrong', async () => {
    const syntax = await failure(db.query('FOR plant IN plants RETRN plant'));
    assert.equal(syntax.errorNum, 1501);
    assert.equal(syntax.code, 400);
    assert.match(syntax.message, /1:\d+|line 1|position/);
    assert.equal((await failure(db.query('FOR x IN nowhere RETURN x'))).errorNum, 1203);
    assert.equal((await failure(db.query('RETURN @missing'))).errorNum, 1551);
  });

  it('removes documents and collections', async () => {
    const removed = await plants.remove('fern', { returnOld: true });
    assert.equal(removed.old.height, 41);
    assert.equal(await plants.documentExists('fern'), false);
    await plants.truncate();
    assert.equal((await plants.count()).count, 0);
    await plants.drop();
    assert.equal(await plants.exists(), false);
    assert.equal((await failure(plants.count())).errorNum, 1203);
  });

  it('works in a database of its own', async () => {
    const garden = await db.createDatabase('garden');
    await garden.collection('beds').create();
    await garden.collection('beds').save({ _key: 'north' });
    const cursor = await garden.query('FOR bed IN beds RETURN bed._key');
    assert.deepEqual(await cursor.all(), ['north']);
    assert.equal(await db.collection('beds').exists(), false);
    await db.dropDatabase('garden');
    assert.ok(!(await db.listDatabases()).includes('garden'));
  });
});
