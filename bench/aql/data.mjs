// The documents of the query benchmark: the same bytes on every run and for every engine.

const STATUSES = ['open', 'paid', 'packed', 'sent', 'returned'];
const PRODUCTS = 1000;
const REGIONS = 500;
const CITIES = 200;
const TAGS = 40;
const EPOCH = 1_700_000_000_000;
// Coprime with any number of rows that is a product of 2 and 5: a permutation that scatters.
const SCATTER = 7919;
const TICK_MS = 1000;

// How many documents each collection has when `rows` is asked of `orders`.
export function sizes(rows) {
  return { orders: rows, customers: Math.max(rows / 20, REGIONS), regions: REGIONS };
}

const pad = (letter, at, width) => letter + String(at).padStart(width, '0');
// A small integer hash: neighbours get unrelated values.
const mix = (at, salt) => Math.imul(Math.imul(at + 1, 0x9e3779b1) ^ salt, 0x85ebca6b) >>> 8;
const scattered = (at, rows) => Number((BigInt(at) * BigInt(SCATTER)) % BigInt(rows));

export const created = place => EPOCH + place * TICK_MS;
export const regionName = at => `Region ${pad('', at, 3)}`;
export const regionKey = at => pad('r', at, 3);
export const orderKey = at => pad('o', at, 7);
export { CITIES, PRODUCTS, REGIONS, STATUSES };

// Revisions look like those of the document database, so that each engine keeps as many bytes.
const rev = at => `_${at.toString(36).padStart(9, '0')}-`;

function order(at, rows, customers) {
  const place = scattered(at, rows);
  const tags = [0, 1, 2].map(nth => pad('t', mix(at, nth + 11) % TAGS, 2));
  return {
    _key: orderKey(at),
    _id: `orders/${orderKey(at)}`,
    _rev: rev(at),
    number: place,
    customer: pad('c', mix(at, 1) % customers, 5),
    product: pad('p', mix(at, 2) % PRODUCTS, 4),
    city: `City ${mix(at, 3) % CITIES}`,
    status: STATUSES[mix(at, 4) % STATUSES.length],
    quantity: 1 + mix(at, 5) % 100,
    total: 100 + mix(at, 6) % 100_000,
    visits: 0,
    created: created(scattered(place, rows)),
    tags
  };
}

function customer(at) {
  const _key = pad('c', at, 5);
  return {
    _key,
    _id: `customers/${_key}`,
    _rev: rev(at),
    name: `Customer number ${at}`,
    email: `customer-${at}@example.org`,
    region: regionKey(at % REGIONS)
  };
}

function region(at) {
  const _key = regionKey(at);
  return { _key, _id: `regions/${_key}`, _rev: rev(at), name: regionName(at) };
}

export function* documents(collection, rows) {
  const count = sizes(rows);
  const make = {
    orders: at => order(at, rows, count.customers),
    customers: customer,
    regions: region
  }[collection];
  for (let at = 0; at < count[collection]; at += 1) {
    yield make(at);
  }
}

// Lists of at most `size` documents.
export function* chunks(collection, rows, size) {
  let chunk = [];
  for (const one of documents(collection, rows)) {
    chunk.push(one);
    if (chunk.length === size) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) {
    yield chunk;
  }
}

// The same indexes everywhere: on `fields` of a collection, in this order. The key is unique
// and indexed anyway. `texts` are the fields that hold texts; the others hold whole numbers.
export const INDEXES = [
  { collection: 'orders', fields: ['number'], unique: true },
  { collection: 'orders', fields: ['created'], unique: false },
  { collection: 'orders', fields: ['status', 'created'], unique: false },
  { collection: 'orders', fields: ['customer'], unique: false },
  { collection: 'customers', fields: ['region'], unique: false },
  { collection: 'regions', fields: ['name'], unique: true }
];
export const TEXTS = new Set(['status', 'customer', 'region', 'name']);
