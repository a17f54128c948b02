import Database from 'better-sqlite3';
import Fastify from 'fastify';
import { COLUMNS, documents } from '../documents.mjs';

const db = new Database(process.env.BENCH_FILE);
db.pragma('journal_mode = WAL');
db.exec(`CREATE TABLE docs (${COLUMNS.join(', ')}, PRIMARY KEY (_key))`);
const insert = db.prepare(`INSERT INTO docs VALUES (${COLUMNS.map(() => '?').join(', ')})`);
db.transaction(() => {
  for (const one of documents()) {
    insert.run(...COLUMNS.map(name => one[name]));
  }
})();
const select = db.prepare('SELECT * FROM docs WHERE _key = ?');

const app = Fastify();
app.get('/hello', () => ({ hello: 'world' }));
app.get('/read/:key', (request, reply) => {
  const row = select.get(request.params.key);
  return row ?? reply.code(404).send({ error: 'not found' });
});
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
