import { Database } from 'bun:sqlite';
import { COLUMNS, documents } from '../documents.mjs';

const db = new Database(process.env.BENCH_FILE);
db.run('PRAGMA journal_mode = WAL');
// An acknowledged write is on disk.
db.run('PRAGMA synchronous = FULL');
db.run('DROP TABLE IF EXISTS docs');
db.run(`CREATE TABLE docs (${COLUMNS.join(', ')}, PRIMARY KEY (_key))`);
const insert = db.prepare(`INSERT INTO docs VALUES (${COLUMNS.map(() => '?').join(', ')})`);
db.transaction(() => {
  for (const one of documents()) {
    insert.run(...COLUMNS.map(name => one[name]));
  }
})();
const select = db.prepare('SELECT * FROM docs WHERE _key = ?');

db.run('CREATE TABLE IF NOT EXISTS written (key INTEGER PRIMARY KEY, doc TEXT NOT NULL)');
const write = db.prepare('INSERT INTO written (doc) VALUES (?)');
const count = db.prepare('SELECT count(*) AS count FROM written');
const ids = db.prepare("SELECT json_extract(doc, '$.id') AS id FROM written");

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  routes: {
    '/hello': () => Response.json({ hello: 'world' }),
    '/read/:key': request => {
      const row = select.get(request.params.key);
      return row ? Response.json(row) : Response.json({ error: 'not found' }, { status: 404 });
    },
    '/write': {
      POST: async request => {
        const { lastInsertRowid } = write.run(JSON.stringify(await request.json()));
        return Response.json({ key: lastInsertRowid }, { status: 201 });
      }
    },
    '/write/count': () => Response.json(count.get()),
    '/write/ids': () => Response.json(ids.all().map(one => one.id))
  }
});
console.log(`http://127.0.0.1:${server.port}`);
