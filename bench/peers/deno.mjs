import { DatabaseSync } from 'node:sqlite';
import process from 'node:process';
import { COLUMNS, documents } from '../documents.mjs';

const db = new DatabaseSync(process.env.BENCH_FILE);
db.exec('PRAGMA journal_mode = WAL');
db.exec(`CREATE TABLE docs (${COLUMNS.join(', ')}, PRIMARY KEY (_key))`);
const insert = db.prepare(`INSERT INTO docs VALUES (${COLUMNS.map(() => '?').join(', ')})`);
db.exec('BEGIN');
for (const one of documents()) {
  insert.run(...COLUMNS.map(name => one[name]));
}
db.exec('COMMIT');
const select = db.prepare('SELECT * FROM docs WHERE _key = ?');

const READ = '/read/';

Deno.serve({ hostname: '127.0.0.1', port: 0 }, request => {
  const path = new URL(request.url).pathname;
  if (path === '/hello') {
    return Response.json({ hello: 'world' });
  }
  const row = path.startsWith(READ) ? select.get(path.slice(READ.length)) : undefined;
  return row ? Response.json(row) : Response.json({ error: 'not found' }, { status: 404 });
});
