// Builds `dist/`: `runtime.js`, one file for each module of `bundled/packages.mjs`, and their
// licences. With --check it builds elsewhere and fails if the committed files differ.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import {
  BUNDLED_PACKAGES,
  NODE_PACKAGES,
  PRIVATE_PACKAGES,
  PROVIDED_NAMES,
} from './bundled/packages.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const packagesFolder = join(here, 'node_modules');

const COMMON = {
  absWorkingDir: here,
  bundle: true,
  charset: 'utf8',
  format: 'cjs',
  legalComments: 'none',
  logLevel: 'warning',
  mainFields: ['browser', 'main'],
  // Packages look at it to use parts of Node that do not exist here.
  define: { 'process.versions.node': 'undefined' },
  metafile: true,
  minifySyntax: true,
  minifyWhitespace: true,
  platform: 'browser',
  target: 'es2023',
  write: false,
};

async function buildRuntime() {
  const result = await esbuild.build({
    ...COMMON,
    entryPoints: ['runtime/boot.js'],
    banner: { js: '(function(){var module={exports:{}};' },
    footer: { js: 'return module.exports})();' },
  });
  return result.outputFiles[0].text;
}

// Leaves to `require` what is a module of its own, so that packages share one copy; nested copies
// of another version are bundled.
function sharing(own) {
  return {
    name: 'sharing',
    setup(build) {
      build.onResolve({ filter: /^[a-z@]/ }, async (args) => {
        if (args.kind === 'entry-point' || args.pluginData === 'resolved') return undefined;
        const id = args.path.replace(/^node:/, '').replace(/\/$/, '');
        if (PROVIDED_NAMES.includes(id)) return { path: id, external: true };
        const packageName = NODE_PACKAGES[id] || id;
        const shared = Object.hasOwn(NODE_PACKAGES, id) || BUNDLED_PACKAGES.includes(id);
        if (!shared || packageName === own) return undefined;
        const found = await build.resolve(args.path === id ? packageName : args.path, {
          kind: args.kind,
          importer: args.importer,
          resolveDir: args.resolveDir,
          pluginData: 'resolved',
        });
        if (found.errors.length > 0) return { path: id, external: true };
        const top = join(packagesFolder, packageName);
        return found.path.startsWith(`${top}/`) ? { path: id, external: true } : found;
      });
      // Its Node version reads call sites, which only one engine offers; the browser version is
      // inert.
      build.onResolve({ filter: /^depd$/ }, () => ({
        path: join(packagesFolder, 'depd/lib/browser/index.js'),
      }));
      // It hands `require` on as a parameter, where no bundler can see it.
      build.onLoad({ filter: /node_modules\/sinon\/lib\/.*\.js$/ }, ({ path }) => ({
        contents: readFileSync(path, 'utf8').replace(
          /function loadDependencies\(require\b/,
          'function loadDependencies(given',
        ),
      }));
    },
  };
}

async function buildPackage(packageName, inputs) {
  const result = await esbuild.build({
    ...COMMON,
    plugins: [sharing(packageName)],
    stdin: {
      contents: `module.exports = require(${JSON.stringify(packageName)});`,
      resolveDir: here,
    },
  });
  for (const path of Object.keys(result.metafile.inputs)) {
    if (!path.startsWith('(disabled)')) inputs.add(path);
  }
  return result.outputFiles[0].text;
}

// Packages whose files were bundled: folder -> package.json.
function usedPackages(inputs) {
  const packages = new Map();
  for (const path of inputs) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (match !== null && !packages.has(match[1])) {
      packages.set(
        match[1],
        JSON.parse(readFileSync(join(here, match[1], 'package.json'), 'utf8')),
      );
    }
  }
  return [...packages].sort(([a], [b]) => (a < b ? -1 : 1));
}

// Packages whose package.json tells no licence, or not by its usual name; of two we choose the one
// named here.
const LICENCES_READ = {
  'expect.js': 'MIT',
  formatio: 'BSD-3-Clause',
  'highlight.js': 'BSD-3-Clause',
  'joi-to-json-schema': 'Apache-2.0',
  samsam: 'BSD-3-Clause',
  xmldom: 'MIT',
};

function licenceOf(manifest) {
  if (Object.hasOwn(LICENCES_READ, manifest.name)) return LICENCES_READ[manifest.name];
  const listed = (manifest.licenses || []).map((item) => item.type).join(' OR ');
  const { license } = manifest;
  const name = typeof license === 'object' && license !== null ? license.type : license || listed;
  if (!name) throw new Error(`The licence of ${manifest.name} is not known`);
  return name.replace(/^APACHE/, 'Apache');
}

// The licence file, else what the readme says under that heading.
function licenceText(folder) {
  const names = readdirSync(join(here, folder)).sort();
  const read = (name) =>
    readFileSync(join(here, folder, name), 'utf8')
      .replace(/\r\n/g, '\n')
      .trim();
  const file = names.find((name) => /^(licen[cs]e|copying)/i.test(name));
  if (file !== undefined) return read(file);
  const readme = names.find((name) => /^readme/i.test(name));
  const section = readme === undefined ? null : /^#+ .*licen[cs]e[\s\S]*/im.exec(read(readme));
  return section === null ? 'The package holds no text beyond this name.' : section[0];
}

function licences(inputs) {
  const packages = usedPackages(inputs);
  const rows = packages.map(
    ([folder, manifest]) => `| ${manifest.name} | ${manifest.version} | ${licenceOf(manifest)} |`,
  );
  const table = [
    '# Licences of the bundled packages',
    '',
    'Generated by `npm run build`. The full texts are in `dist/LICENSES.txt`.',
    '',
    '| package | version | licence |',
    '|---|---|---|',
    ...new Set(rows),
    '',
  ].join('\n');
  const texts = packages.map(
    ([folder, manifest]) =>
      `${manifest.name} ${manifest.version} (${licenceOf(manifest)})\n\n${licenceText(folder)}\n`,
  );
  return { table, text: [...new Set(texts)].join(`\n${'-'.repeat(80)}\n\n`) };
}

async function buildAll() {
  const files = new Map([['dist/runtime.js', await buildRuntime()]]);
  const inputs = new Set();
  const entries = [
    ...Object.entries(NODE_PACKAGES),
    ...BUNDLED_PACKAGES.map((name) => [name, name]),
    ...Object.entries(PRIVATE_PACKAGES),
  ];
  for (const [name, packageName] of entries) {
    const file = `dist/builtin/${name.replaceAll('/', '__')}.js`;
    files.set(file, await buildPackage(packageName, inputs));
  }
  const { table, text } = licences(inputs);
  files.set('LICENSES.md', table);
  files.set('dist/LICENSES.txt', text);
  return files;
}

function writeAll(files, folder) {
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function check(files) {
  const folder = mkdtempSync(join(tmpdir(), 'modules-'));
  writeAll(files, folder);
  const differing = [...files.keys()].filter((path) => {
    const committed = join(here, path);
    return (
      !existsSync(committed) || !readFileSync(committed).equals(readFileSync(join(folder, path)))
    );
  });
  const known = new Set(files.keys());
  for (const name of readdirSync(join(here, 'dist'), { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const path = relative(here, join(name.parentPath, name.name));
    if (!known.has(path)) differing.push(path);
  }
  rmSync(folder, { recursive: true });
  if (differing.length === 0) return;
  console.error(`These files are not what \`npm run build\` makes:\n${differing.join('\n')}`);
  process.exitCode = 1;
}

const files = await buildAll();
if (process.argv.includes('--check')) check(files);
else writeAll(files, here);
