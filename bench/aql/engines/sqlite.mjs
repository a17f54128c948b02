// SQLite with its JSON functions, in this process: documents as JSON text in one column.
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { INDEXES, chunks, sizes } from '../data.mjs';

// What the documentation recommends for a durable WAL database on a machine with memory to spare.
const CACHE_KIB = 1 << 20;
const LOAD_ROWS = 1000;

export async function open({ folder }) {
  const db = new Database(join(folder, 'orders.sqlite'));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma(`cache_size = -${CACHE_KIB}`);
  const prepared = new Map();
  const { version } = db.prepare('SELECT sqlite_version() AS version').get();
  return {
    version: `SQLite ${version}`,
    pid: process.pid,
    load: async rows => load(db, rows),
    ask: async (query, params) => {
      const values = query.sqliteParams ? query.sqliteParams(params) : params;
      let statement = prepared.get(query.name);
      if (!statement) {
        statement = db.prepare(query.sqlite);
        prepared.set(query.name, statement);
      }
      if (query.writes) {
        return { rows: [statement.run(...values).changes] };
      }
      const rows = statement.all(...values);
      return { rows: rows.length > 0 && 'doc' in rows[0] ? rows.map(one => JSON.parse(one.doc)) : rows };
    },
    close: async () => db.close()
  };
}

function load(db, rows) {
  const times = {};
  let from = performance.now();
  for (const collection of Object.keys(sizes(rows))) {
    db.exec(`CREATE TABLE ${collection} (key TEXT PRIMARY KEY, doc TEXT NOT NULL)`);
    const insert = db.prepare(`INSERT INTO ${collection} VALUES (?, ?)`);
    const insertAll = db.transaction(chunk => {
      for (const one of chunk) {
        insert.run(one._key, JSON.stringify(one));
      }
    });
    for (const chunk of chunks(collection, rows, LOAD_ROWS)) {
      insertAll(chunk);
    }
  }
  times.load = performance.now() - from;
  from = performance.now();
  for (const [at, { collection, fields, unique }] of INDEXES.entries()) {
    const parts = fields.map(field => `json_extract(doc, '$.${field}')`).join(', ');
    db.exec(`CREATE ${unique ? 'UNIQUE' : ''} INDEX i${at} ON ${collection} (${parts})`);
  }
  db.exec('ANALYZE');
  db.pragma('wal_checkpoint(TRUNCATE)');
  times.index = performance.now() - from;
  return times;
}
