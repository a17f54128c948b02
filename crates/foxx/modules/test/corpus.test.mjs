// The cases of corpus/js that need no database.

import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { listCases, readCase, runCase } from './corpus.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, '../../../../corpus/js');

for (const { name, path } of listCases(folder)) {
  const found = readCase(path);
  const skip = found.needs.length > 0 ? `needs ${found.needs.join(', ')}` : false;
  test(`${name}: ${found.title}`, { skip }, () => runCase(found));
}
