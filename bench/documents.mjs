// The documents that every server reads: the same keys and the same bytes for all.

export const COUNT = 10_000;
export const COLUMNS = [
  '_key', '_id', '_rev', 'name', 'email', 'city', 'age', 'score', 'note'
];

const CITIES = ['Lisbon', 'Nagoya', 'Quito', 'Tromso', 'Windhoek'];

export function* documents() {
  for (let at = 0; at < COUNT; at += 1) {
    const _key = `k${String(at).padStart(5, '0')}`;
    yield {
      _key,
      // A document database adds these two; a table holds them to answer as many bytes.
      _id: `read_docs/${_key}`,
      _rev: `_${at.toString(36).padStart(6, '0')}---_`.slice(0, 11).padEnd(11, '-'),
      name: `Visitor number ${at}`,
      email: `visitor-${at}@example.org`,
      city: CITIES[at % CITIES.length],
      age: 20 + (at % 60),
      score: at * 7 % 1000,
      note: 'x'.repeat(32)
    };
  }
}
