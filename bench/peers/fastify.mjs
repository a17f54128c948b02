import Database from 'better-sqlite3';
import Fastify from 'fastify';
import { COLUMNS, documents } from '../documents.mjs';

const db = new Database(process.env.BENCH_FILE);
db.pragma('journal_mode = WAL');
// An acknowledged write is on disk.
db.pragma('synchronous = FULL');
db.exec('DROP TABLE IF EXISTS docs');
db.exec(`CREATE TABLE docs (${COLUMNS.join(', ')}, PRIMARY KEY (_key))`);
const insert = db.prepare(`INSERT INTO docs VALUES (${COLUMNS.map(() => '?').join(', ')})`);
db.transaction(() => {
  for (const one of documents()) {
    insert.run(...COLUMNS.map(name => one[name]));
  }
})();
const select = db.prepare('SELECT * FROM docs WHERE _key = ?');

db.exec('CREATE TABLE IF NOT EXISTS written (key INTEGER PRIMARY KEY, doc TEXT NOT NULL)');
const write = db.prepare('INSERT INTO written (doc) VALUES (?)');
const count = db.prepare('SELECT count(*) AS count FROM written');
const ids = db.prepare("SELECT json_extract(doc, '$.id') FROM written").pluck();

const app = Fastify();
app.get('/hello', () => ({ hello: 'world' }));
app.get('/read/:key', (request, reply) => {
  const row = select.get(request.params.key);
  return row ?? reply.code(404).send({ error: 'not found' });
});
app.post('/write', (request, reply) => {
  const { lastInsertRowid } = write.run(JSON.stringify(request.body));
  return reply.code(201).send({ key: lastInsertRowid });
});
app.get('/write/count', () => count.get());
app.get('/write/ids', () => ids.all());
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
