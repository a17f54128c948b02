// The official JavaScript driver: import, transactions, users, explain, tracking, functions,
// and errors as types.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Database, aql } from 'arangojs';
import { ArangoError } from 'arangojs/errors';
import { startServer } from './lib/server.mjs';

const WRITERS = 20;

let server;
let system;
let db;
let accounts;

before(async () => {
  server = await startServer();
  // Waiting transactions must not keep the others' steps from being sent.
  const poolSize = 2 * WRITERS;
  system = new Database({ url: server.url, poolSize, auth: { username: 'root', password: '' } });
  db = await system.createDatabase('bank');
  accounts = await db.createCollection('accounts');
});
after(async () => {
  system?.close();
  await server?.stop();
});

// The driver's error of this number.
async function refusal(promise, errorNum) {
  const error = await promise.then(() => null, e => e);
  assert.ok(error instanceof ArangoError, `not refused by the server: ${error}`);
  assert.equal(error.errorNum, errorNum, error.message);
  return error;
}

describe('import', () => {
  it('takes documents, lines and tuples', async () => {
    const done = await accounts.import([{ _key: 'a', n: 1 }, { _key: 'b', n: 2 }]);
    assert.deepEqual(done, {
      error: false, created: 2, errors: 0, empty: 0, updated: 0, ignored: 0
    });
    const lines = await accounts.import('{"_key": "c"}\n\n{"_key": "a"}\n', {
      type: 'documents', details: true
    });
    assert.deepEqual([lines.created, lines.empty, lines.errors], [1, 1, 1]);
    assert.match(lines.details[0], /at position/);
    const tuples = await accounts.import([['_key', 'n'], ['d', 4], ['e', 5]]);
    assert.equal(tuples.created, 2);
    const updated = await accounts.import([{ _key: 'a', m: 1 }], { onDuplicate: 'update' });
    assert.equal(updated.updated, 1);
    assert.equal((await accounts.document('a')).n, 1);
    await refusal(accounts.import([{ _key: 'z' }, { _key: 'a' }], { complete: true }), 1210);
    assert.equal(await accounts.documentExists('z'), false);
  });
});

describe('stream transactions', () => {
  it('commit and abort', async () => {
    const committed = await db.beginTransaction({ write: accounts });
    await committed.step(() => accounts.save({ _key: 'held' }));
    assert.equal(await accounts.documentExists('held'), false);
    const inside = await committed.step(() => db.query(aql`RETURN LENGTH(${accounts})`));
    assert.equal(await inside.next(), 6);
    assert.equal((await committed.get()).status, 'running');
    assert.equal((await committed.commit()).status, 'committed');
    assert.equal(await accounts.documentExists('held'), true);

    const aborted = await db.beginTransaction({ write: accounts });
    await aborted.step(() => accounts.remove('held'));
    assert.equal((await aborted.abort()).status, 'aborted');
    assert.equal(await accounts.documentExists('held'), true);
    await refusal(db.transaction('123456789').get(), 1655);
  });

  it('refuse undeclared writes and end after conflicts', async () => {
    await db.createCollection('others');
    const trx = await db.beginTransaction({ write: accounts });
    await refusal(trx.step(() => db.collection('others').save({})), 1652);
    await trx.abort();
    const [one, two] = [
      await db.beginTransaction({ write: accounts }), await db.beginTransaction({ write: accounts })
    ];
    await one.step(() => accounts.update('a', { n: 10 }));
    const later = async () => {
      await two.step(() => accounts.update('a', { n: 20 }));
      await one.commit();
      await two.commit();
    };
    await refusal(later(), 1200);
    assert.ok([1, 10].includes((await accounts.document('a')).n));
    await two.abort().catch(() => null);
  });

  it('queue for a collection that they want alone', async () => {
    const counter = await db.createCollection('counter');
    await counter.save({ _key: 'sum', n: 0 });
    const add = async () => {
      const trx = await db.beginTransaction({ exclusive: counter });
      const { n } = await trx.step(() => counter.document('sum'));
      await trx.step(() => counter.update('sum', { n: n + 1 }));
      await trx.commit();
    };
    await Promise.all(Array.from({ length: WRITERS }, add));
    assert.equal((await counter.document('sum')).n, WRITERS);
  });

  it('run as JavaScript on the server', async () => {
    const action = String(params => {
      // eslint-disable-next-line no-undef
      const { db: inside } = require('@arangodb');
      inside.accounts.insert({ _key: params.key });
      return params;
    });
    const result = await db.executeTransaction({ write: ['accounts'] }, action, {
      params: { key: 'js' }
    });
    assert.deepEqual(result, { key: 'js' });
    assert.equal(await accounts.documentExists('js'), true);
    const twice = db.executeTransaction({ write: ['accounts'] }, action, {
      params: { key: 'js' }
    });
    await refusal(twice, 1210);
  });
});

describe('conflicts', () => {
  it('of many writers lose nothing where the driver tries again', async () => {
    const counter = db.collection('counter');
    await counter.update('sum', { n: 0 });
    const add = () => db.query(aql`
      LET sum = DOCUMENT(${counter}, "sum")
      UPDATE sum WITH { n: sum.n + 1 } IN ${counter}
    `, { retryOnConflict: 100 });
    await Promise.all(Array.from({ length: WRITERS }, add));
    assert.equal((await counter.document('sum')).n, WRITERS);
  });
});

describe('queries', () => {
  it('are explained, parsed and profiled', async () => {
    await accounts.ensureIndex({ type: 'persistent', fields: ['n'], name: 'by_n' });
    const query = aql`FOR a IN ${accounts} FILTER a.n == ${4} RETURN a._key`;
    const explained = await db.explain(query);
    assert.ok(explained.plan.nodes.some(node => node.type === 'IndexNode'));
    assert.ok(explained.plan.estimatedCost > 0);
    assert.deepEqual(explained.warnings, []);
    const parsed = await db.parse('FOR a IN accounts FILTER a.n == @n RETURN a');
    assert.deepEqual(parsed.collections, ['accounts']);
    assert.deepEqual(parsed.bindVars, ['n']);
    assert.ok(parsed.ast.length > 0);
    const cursor = await db.query(query, { profile: 2, fullCount: true });
    assert.deepEqual(await cursor.all(), ['d']);
    assert.ok(cursor.extra.stats.nodes.length > 0);
    assert.ok(cursor.extra.profile.executing >= 0);
    await refusal(db.explain('FOR x IN nowhere RETURN x'), 1203);
  });

  it('are seen while they run, and killed', async () => {
    const running = refusal(db.query('RETURN SLEEP(30)'), 1500);
    let found;
    while (!found) {
      found = (await db.listRunningQueries()).find(query => query.query.includes('SLEEP'));
    }
    assert.equal(found.modificationQuery, false);
    assert.equal('exitCode' in found, false);
    await db.killQuery(found.id);
    assert.equal((await running).code, 410);
    await refusal(db.killQuery('1'), 1591);
  });

  it('come in the same batch again when an answer was lost', async () => {
    const options = { batchSize: 2, allowRetry: true };
    const cursor = await db.query('FOR i IN 1..5 RETURN i', {}, options);
    const next = () => server.fetch(`/_db/bank/_api/cursor/${cursor.id}/2`, { method: 'POST' });
    const [first, again] = [await (await next()).json(), await (await next()).json()];
    assert.deepEqual(first.result, [3, 4]);
    assert.deepEqual(again.result, first.result);
    await cursor.kill();
  });

  it('call functions written in JavaScript', async () => {
    const code = String(text => text.split('').reverse().join(''));
    assert.equal((await db.createUserFunction('TEXT::REVERSED', code)).isNewlyCreated, true);
    assert.equal(await (await db.query('RETURN TEXT::REVERSED("abc")')).next(), 'cba');
    assert.deepEqual((await db.listUserFunctions()).map(one => one.name), ['TEXT::REVERSED']);
    assert.equal((await db.dropUserFunction('TEXT', true)).deletedCount, 1);
    await refusal(db.query('RETURN TEXT::REVERSED("abc")'), 1582);
    await refusal(db.createUserFunction('X::Y', 'function ('), 1581);
  });

  it('stop at their limits', async () => {
    await refusal(db.query('RETURN 1..1000000', {}, { memoryLimit: 32768 }), 32);
    await refusal(db.query('RETURN SLEEP(30)', {}, { maxRuntime: 0.1 }), 1500);
    await refusal(db.query('RETURN 1 / 0', {}, { failOnWarning: true }), 1562);
  });
});

describe('users', () => {
  it('get what was granted to them', async () => {
    await system.createUser('ann', { passwd: 'one', extra: { team: 'red' } });
    const ann = new Database({
      url: server.url, databaseName: 'bank', auth: { username: 'ann', password: 'one' }
    });
    const read = () => ann.query('FOR a IN accounts LIMIT 1 RETURN 1');
    const write = () => ann.collection('accounts').save({});
    assert.equal((await read().catch(e => e)).code, 401);
    await system.setUserAccessLevel('ann', { database: 'bank' }, 'ro');
    assert.deepEqual(await (await read()).all(), [1]);
    assert.equal((await write().catch(e => e)).code, 403);
    await system.setUserAccessLevel('ann', { database: 'bank' }, 'rw');
    assert.ok((await write())._key);
    const hidden = { database: 'bank', collection: 'accounts' };
    await system.setUserAccessLevel('ann', hidden, 'none');
    assert.equal((await read().catch(e => e)).code, 403);
    const level = await system.getUserAccessLevel('ann', { database: 'bank' });
    assert.equal(level, 'rw');
    ann.close();
    await system.removeUser('ann');
    await refusal(system.getUser('ann'), 1703);
  });
});

describe('collections', () => {
  it('check documents and compute values', async () => {
    const rule = { properties: { n: { type: 'number' } }, required: ['n'] };
    const checked = await db.createCollection('checked', {
      schema: { rule, message: 'n is a number', level: 'strict' },
      computedValues: [{ name: 'twice', expression: 'RETURN @doc.n * 2', overwrite: true }]
    });
    const error = await refusal(checked.save({ n: 'x' }), 1620);
    assert.match(error.message, /n is a number/);
    const saved = await checked.save({ n: 21 }, { returnNew: true });
    assert.equal(saved.new.twice, 42);
    await refusal(db.createCollection('bad', { schema: { rule: { type: 7 } } }), 1621);
    assert.equal((await checked.figures()).count, 1);
    assert.ok((await checked.checksum()).checksum);
    await checked.rename('verified');
    assert.equal(await db.collection('verified').exists(), true);
  });
});
