import { Database } from 'bun:sqlite';
import { COLUMNS, documents } from '../documents.mjs';

const db = new Database(process.env.BENCH_FILE);
db.run('PRAGMA journal_mode = WAL');
db.run(`CREATE TABLE docs (${COLUMNS.join(', ')}, PRIMARY KEY (_key))`);
const insert = db.prepare(`INSERT INTO docs VALUES (${COLUMNS.map(() => '?').join(', ')})`);
db.transaction(() => {
  for (const one of documents()) {
    insert.run(...COLUMNS.map(name => one[name]));
  }
})();
const select = db.prepare('SELECT * FROM docs WHERE _key = ?');

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  routes: {
    '/hello': () => Response.json({ hello: 'world' }),
    '/read/:key': request => {
      const row = select.get(request.params.key);
      return row ? Response.json(row) : Response.json({ error: 'not found' }, { status: 404 });
    }
  }
});
console.log(`http://127.0.0.1:${server.port}`);
