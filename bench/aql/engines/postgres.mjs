// PostgreSQL with jsonb, over its own protocol on a Unix socket, with prepared statements.
import { once } from 'node:events';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { INDEXES, TEXTS, chunks, sizes } from '../data.mjs';
import { startPostgres } from '../../lib/postgres.mjs';

const LOAD_ROWS = 1000;
const INT8 = 20;
// Every whole number here is exact as a double.
pg.types.setTypeParser(INT8, Number);

export async function open({ folder }) {
  const server = await startPostgres(folder);
  const client = new pg.Client(server.connection);
  await client.connect();
  const { rows: [{ version }] } = await client.query("SELECT current_setting('server_version') AS version");
  return {
    version: `PostgreSQL ${version}`,
    pid: server.pid,
    load: rows => load(client, rows),
    ask: async (query, params) => {
      const { rows, rowCount } = await client.query({
        name: query.name, text: query.postgres, values: params
      });
      if (query.writes) {
        return { rows: [rowCount] };
      }
      return { rows: rows.length > 0 && 'doc' in rows[0] ? rows.map(one => one.doc) : rows };
    },
    close: async () => {
      await client.end();
      await server.stop();
    }
  };
}

async function load(client, rows) {
  const times = {};
  let from = performance.now();
  for (const collection of Object.keys(sizes(rows))) {
    await client.query(`CREATE TABLE ${collection} (key text PRIMARY KEY, doc jsonb NOT NULL)`);
    const stream = client.query(copyFrom(`COPY ${collection} FROM STDIN`));
    for (const chunk of chunks(collection, rows, LOAD_ROWS)) {
      // Nothing in these documents needs escaping in COPY's text format.
      const text = chunk.map(one => `${one._key}\t${JSON.stringify(one)}\n`).join('');
      if (!stream.write(text)) {
        await once(stream, 'drain');
      }
    }
    stream.end();
    await once(stream, 'finish');
  }
  times.load = performance.now() - from;
  from = performance.now();
  for (const { collection, fields, unique } of INDEXES) {
    const parts = fields.map(field =>
      TEXTS.has(field) ? `(doc->>'${field}')` : `((doc->>'${field}')::bigint)`);
    await client.query(
      `CREATE ${unique ? 'UNIQUE' : ''} INDEX ON ${collection} (${parts.join(', ')})`);
  }
  await client.query('VACUUM ANALYZE');
  await client.query('CHECKPOINT');
  times.index = performance.now() - from;
  return times;
}
