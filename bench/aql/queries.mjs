// The twelve queries, as each engine is asked them, with the parameters of each ask.
//
// `params` answers a list of values; the AQL text binds them as @p0, @p1 and so on, PostgreSQL as
// $1, $2, and SQLite as ? in their order in its text (`sqliteParams` if that is another one).
// `kind` says what is to hold: `index` beside the better of the two, `scan` beside SQLite.
import { REGIONS, STATUSES, created, orderKey, regionKey, regionName } from './data.mjs';

const IN_KEYS = 50;
const PAGE = 20;
// Shares of the orders that a range covers.
const window = (rows, share) => Math.max(1, Math.round(rows * share));

// A range of `created` that holds `share` of all orders.
function span(rows, share, draw) {
  const width = window(rows, share);
  const from = draw(rows - width);
  return [created(from), created(from + width)];
}

export const QUERIES = [
  {
    name: 'point',
    kind: 'index',
    asks: 300,
    params: (rows, draw) => [orderKey(draw(rows))],
    aql: 'FOR o IN orders FILTER o._key == @p0 RETURN o',
    sqlite: 'SELECT doc FROM orders WHERE key = ?',
    postgres: 'SELECT doc FROM orders WHERE key = $1'
  },
  {
    name: 'in',
    kind: 'index',
    asks: 100,
    params: (rows, draw) => [Array.from({ length: IN_KEYS }, () => draw(rows))],
    sqliteParams: ([list]) => [JSON.stringify(list)],
    aql: 'FOR o IN orders FILTER o.number IN @p0 RETURN o',
    sqlite: `SELECT doc FROM orders
      WHERE json_extract(doc, '$.number') IN (SELECT value FROM json_each(?))`,
    postgres: "SELECT doc FROM orders WHERE (doc->>'number')::bigint = ANY($1::bigint[])"
  },
  {
    name: 'range',
    kind: 'index',
    asks: 30,
    ordered: true,
    params: (rows, draw) => span(rows, 0.001, draw),
    aql: `FOR o IN orders FILTER o.created >= @p0 AND o.created < @p1 SORT o.created
      RETURN { number: o.number, total: o.total }`,
    sqlite: `SELECT json_extract(doc, '$.number') AS number, json_extract(doc, '$.total') AS total
      FROM orders WHERE json_extract(doc, '$.created') >= ? AND json_extract(doc, '$.created') < ?
      ORDER BY json_extract(doc, '$.created')`,
    postgres: `SELECT (doc->>'number')::bigint AS number, (doc->>'total')::bigint AS total
      FROM orders WHERE (doc->>'created')::bigint >= $1 AND (doc->>'created')::bigint < $2
      ORDER BY (doc->>'created')::bigint`
  },
  {
    name: 'compound-sort-limit',
    kind: 'index',
    asks: 200,
    ordered: true,
    params: (rows, draw) => [STATUSES[draw(STATUSES.length)], created(draw(rows >> 1))],
    aql: `FOR o IN orders FILTER o.status == @p0 AND o.created >= @p1
      SORT o.created DESC LIMIT ${PAGE} RETURN o`,
    sqlite: `SELECT doc FROM orders
      WHERE json_extract(doc, '$.status') = ? AND json_extract(doc, '$.created') >= ?
      ORDER BY json_extract(doc, '$.created') DESC LIMIT ${PAGE}`,
    postgres: `SELECT doc FROM orders
      WHERE doc->>'status' = $1 AND (doc->>'created')::bigint >= $2
      ORDER BY (doc->>'created')::bigint DESC LIMIT ${PAGE}`
  },
  {
    name: 'filter-scan',
    kind: 'scan',
    asks: 1,
    params: (rows, draw) => [1 + draw(100), 50_000],
    aql: 'FOR o IN orders FILTER o.quantity == @p0 AND o.total > @p1 RETURN o.number',
    scalar: true,
    sqlite: `SELECT json_extract(doc, '$.number') AS value FROM orders
      WHERE json_extract(doc, '$.quantity') = ? AND json_extract(doc, '$.total') > ?`,
    postgres: `SELECT (doc->>'number')::bigint AS value FROM orders
      WHERE (doc->>'quantity')::bigint = $1 AND (doc->>'total')::bigint > $2`
  },
  {
    name: 'group',
    kind: 'scan',
    asks: 1,
    ordered: true,
    params: () => [],
    aql: `FOR o IN orders COLLECT city = o.city
      AGGREGATE n = COUNT(1), total = SUM(o.total), most = MAX(o.quantity)
      SORT city RETURN { city, n, total, most }`,
    sqlite: `SELECT json_extract(doc, '$.city') AS city, count(*) AS n,
      sum(json_extract(doc, '$.total')) AS total, max(json_extract(doc, '$.quantity')) AS most
      FROM orders GROUP BY 1 ORDER BY 1`,
    postgres: `SELECT doc->>'city' AS city, count(*) AS n,
      sum((doc->>'total')::bigint)::bigint AS total, max((doc->>'quantity')::bigint) AS most
      FROM orders GROUP BY 1 ORDER BY 1`
  },
  {
    name: 'join-2',
    kind: 'index',
    asks: 30,
    ordered: true,
    params: (rows, draw) => span(rows, 0.0005, draw),
    aql: `FOR o IN orders FILTER o.created >= @p0 AND o.created < @p1
      FOR c IN customers FILTER c._key == o.customer SORT o.created
      RETURN { number: o.number, name: c.name }`,
    sqlite: `SELECT json_extract(o.doc, '$.number') AS number, json_extract(c.doc, '$.name') AS name
      FROM orders o JOIN customers c ON c.key = json_extract(o.doc, '$.customer')
      WHERE json_extract(o.doc, '$.created') >= ? AND json_extract(o.doc, '$.created') < ?
      ORDER BY json_extract(o.doc, '$.created')`,
    postgres: `SELECT (o.doc->>'number')::bigint AS number, c.doc->>'name' AS name
      FROM orders o JOIN customers c ON c.key = o.doc->>'customer'
      WHERE (o.doc->>'created')::bigint >= $1 AND (o.doc->>'created')::bigint < $2
      ORDER BY (o.doc->>'created')::bigint`
  },
  {
    name: 'join-3',
    kind: 'index',
    asks: 15,
    params: (rows, draw) => [regionName(draw(REGIONS))],
    aql: `FOR r IN regions FILTER r.name == @p0
      FOR c IN customers FILTER c.region == r._key
      FOR o IN orders FILTER o.customer == c._key
      RETURN { region: r.name, customer: c.name, number: o.number }`,
    // The plus takes the column's type away, without which an index on an expression is of no use.
    sqlite: `SELECT json_extract(r.doc, '$.name') AS region, json_extract(c.doc, '$.name') AS customer,
      json_extract(o.doc, '$.number') AS number
      FROM regions r JOIN customers c ON json_extract(c.doc, '$.region') = +r.key
      JOIN orders o ON json_extract(o.doc, '$.customer') = +c.key
      WHERE json_extract(r.doc, '$.name') = ?`,
    postgres: `SELECT r.doc->>'name' AS region, c.doc->>'name' AS customer,
      (o.doc->>'number')::bigint AS number
      FROM regions r JOIN customers c ON c.doc->>'region' = r.key
      JOIN orders o ON o.doc->>'customer' = c.key
      WHERE r.doc->>'name' = $1`
  },
  {
    name: 'unnest',
    kind: 'index',
    asks: 15,
    ordered: true,
    params: (rows, draw) => span(rows, 0.005, draw),
    aql: `FOR o IN orders FILTER o.created >= @p0 AND o.created < @p1
      FOR t IN o.tags COLLECT tag = t WITH COUNT INTO n SORT tag RETURN { tag, n }`,
    sqlite: `SELECT t.value AS tag, count(*) AS n
      FROM orders o, json_each(o.doc, '$.tags') t
      WHERE json_extract(o.doc, '$.created') >= ? AND json_extract(o.doc, '$.created') < ?
      GROUP BY 1 ORDER BY 1`,
    postgres: `SELECT t AS tag, count(*) AS n
      FROM orders o, jsonb_array_elements_text(o.doc->'tags') t
      WHERE (o.doc->>'created')::bigint >= $1 AND (o.doc->>'created')::bigint < $2
      GROUP BY 1 ORDER BY 1`
  },
  {
    name: 'update-many',
    kind: 'index',
    asks: 5,
    writes: true,
    params: (rows, draw) => span(rows, 0.001, draw),
    aql: `FOR o IN orders FILTER o.created >= @p0 AND o.created < @p1
      UPDATE o WITH { visits: o.visits + 1 } IN orders`,
    sqlite: `UPDATE orders SET doc = json_set(doc, '$.visits', json_extract(doc, '$.visits') + 1)
      WHERE json_extract(doc, '$.created') >= ? AND json_extract(doc, '$.created') < ?`,
    postgres: `UPDATE orders
      SET doc = jsonb_set(doc, '{visits}', to_jsonb((doc->>'visits')::bigint + 1))
      WHERE (doc->>'created')::bigint >= $1 AND (doc->>'created')::bigint < $2`
  },
  {
    name: 'subquery',
    kind: 'index',
    asks: 15,
    params: (rows, draw) => [regionKey(draw(REGIONS)), 'open'],
    aql: `FOR c IN customers FILTER c.region == @p0
      LET totals = (FOR o IN orders FILTER o.customer == c._key AND o.status == @p1 RETURN o.total)
      RETURN { key: c._key, n: LENGTH(totals), total: SUM(totals) }`,
    sqliteParams: ([region, status]) => [status, region],
    // SQLite has no LATERAL; grouping a left join is the form that its planner runs best.
    sqlite: `SELECT c.key AS key, count(o.key) AS n,
      coalesce(sum(json_extract(o.doc, '$.total')), 0) AS total
      FROM customers c LEFT JOIN orders o
        ON json_extract(o.doc, '$.customer') = +c.key AND json_extract(o.doc, '$.status') = ?
      WHERE json_extract(c.doc, '$.region') = ? GROUP BY c.key`,
    postgres: `SELECT c.key AS key, s.n AS n, s.total AS total FROM customers c
      CROSS JOIN LATERAL (
        SELECT count(*) AS n, coalesce(sum((o.doc->>'total')::bigint), 0)::bigint AS total
        FROM orders o WHERE o.doc->>'customer' = c.key AND o.doc->>'status' = $2) s
      WHERE c.doc->>'region' = $1`
  },
  {
    name: 'distinct',
    kind: 'scan',
    asks: 1,
    scalar: true,
    params: () => [],
    aql: 'FOR o IN orders RETURN DISTINCT o.product',
    sqlite: "SELECT DISTINCT json_extract(doc, '$.product') AS value FROM orders",
    postgres: "SELECT DISTINCT doc->>'product' AS value FROM orders"
  }
];

// After the updates: what all of them together did.
export const CHECK_UPDATES = {
  name: 'check-updates',
  aql: 'FOR o IN orders FILTER o.visits > 0 COLLECT AGGREGATE n = COUNT(1), sum = SUM(o.visits)'
    + ' RETURN { n, sum }',
  sqlite: `SELECT count(*) AS n, sum(json_extract(doc, '$.visits')) AS sum FROM orders
    WHERE json_extract(doc, '$.visits') > 0`,
  postgres: `SELECT count(*) AS n, sum((doc->>'visits')::bigint)::bigint AS sum FROM orders
    WHERE (doc->>'visits')::bigint > 0`
};
