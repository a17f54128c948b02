// What the case files cannot hold: files that are no JavaScript, providers, documents about services.

import assert from 'node:assert/strict';
import test from 'node:test';
import { bootService } from './mock_host.mjs';

const runScript = (files, options) =>
  JSON.parse(bootService(files, options).host.runScript('index.js', '[]'));

test('JSON modules, package.json main, byte order mark, interpreter line', () => {
  const result = runScript({
    'index.js':
      '#!/usr/bin/env node\nmodule.exports = [require("./data"), require("pkg"), require("./bom")]',
    'data.json': '{"a": [1]}',
    'node_modules/pkg/package.json': '{"main": "./src/start"}',
    'node_modules/pkg/src/start.js': 'module.exports = "started"',
    'bom.js': '\ufeffmodule.exports = 1',
  });
  assert.deepEqual(result, [{ a: [1] }, 'started', 1]);
});

test('syntax errors are 3101, also in JSON and below the main file', () => {
  for (const files of [
    { 'index.js': 'let = ;' },
    { 'index.js': 'require("./x")', 'x.json': '{' },
    { 'index.js': 'require("./x")', 'x.js': 'function (' },
  ]) {
    const { host } = bootService(files);
    assert.throws(() => host.load(), {
      errorNum: 3101,
      message: /^syntax error in module\nFile: /,
    });
  }
});

test('a main file below lib, without its suffix', async () => {
  const { host, send } = bootService(
    {
      'src/start.js': 'module.context.use(require("./routes"))',
      'src/routes.js': `
      const router = require('@arangodb/foxx/router')();
      router.get('/', (req, res) => res.json(1));
      module.exports = router;`,
    },
    { init: { manifest: { lib: 'src', main: 'start' } } },
  );
  host.load();
  assert.equal((await send('GET /')).body, '1');
});

test('providers are evaluated in the same VM with their own context', () => {
  const init = {
    database: 'd',
    mount: '/provider',
    basePath: '/service/provider',
    configuration: { secret: 7 },
    dependencies: {},
    development: false,
    manifest: { main: 'main.js', lib: '.' },
  };
  const result = runScript(
    {
      'index.js': `
        const { one, many, none } = module.context.dependencies;
        module.exports = [one, many.length, many[0] === one, none, module.context.mount]`,
      'provider/main.js': 'module.exports = [module.context.mount, module.context.configuration]',
    },
    {
      init: { dependencies: { one: '/provider', many: ['/provider'], none: null } },
      ops: { serviceInit: (mount) => (mount === '/provider' ? init : undefined) },
    },
  );
  assert.deepEqual(result, [['/provider', { secret: 7 }], 1, true, null, '/my-foxx']);
});

test('a provider that is not there', () => {
  const service = bootService(
    { 'index.js': 'module.context.dependencies.one' },
    { init: { dependencies: { one: '/nowhere' } }, ops: { serviceInit: () => undefined } },
  );
  assert.throws(
    () => service.host.load(),
    (error) => error.cause.errorNum === 3009,
  );
});

test('errors are described for the management API', () => {
  const { host } = bootService({
    'index.js': 'throw Object.assign(new Error("teapot"), {statusCode: 418})',
  });
  try {
    host.runScript('index.js', '[]');
    assert.fail('the script must throw');
  } catch (error) {
    const described = JSON.parse(host.describeError(error));
    assert.equal(described.errorNum, 3103);
    assert.equal(described.scriptStatus, 418);
    assert.match(
      described.errorMessage,
      /^failed to invoke module\nFile: .*\nReason: Error: teapot$/,
    );
    assert.ok(described.stacktrace.some((line) => line.startsWith('via Error: teapot')));
  }
});

test('a failing op becomes an ArangoError', () => {
  const result = runScript(
    {
      'index.js': `
      const { ArangoError, db } = require('@arangodb');
      try { db._query('X') } catch (e) { module.exports = [e instanceof ArangoError, e.errorNum, e.code] }`,
    },
    {
      ops: {
        queryRun() {
          throw Object.assign(new Error('AQL: x'), { errorNum: 1203 });
        },
      },
    },
  );
  assert.deepEqual(result, [true, 1203, 404]);
});

test('thrown values that cannot be described are still answered', async () => {
  const { host, send } = bootService({
    'index.js': `
    const router = require('@arangodb/foxx/router')();
    module.context.use(router);
    router.get('/getter', () => { throw { get statusCode() { throw new Error('again'); } }; });
    router.get('/cycle', (req, res) => { const extra = {}; extra.extra = extra; res.throw(400, 'x', { extra }); });
    router.get('/deep', function deep() { deep(); });
    router.get('/async', async (req, res) => { res.json(1); throw new Error('late'); });`,
  });
  host.load();
  assert.equal((await send('GET /getter')).status, 500);
  assert.equal((await send('GET /cycle')).status, 400);
  assert.equal((await send('GET /deep')).status, 500);
  assert.equal((await send('GET /async')).body, '1');
});

test('many distinct paths of one route do not fill the memory of routes', async () => {
  const { host, send } = bootService({
    'index.js': `
    const router = require('@arangodb/foxx/router')();
    module.context.use(router);
    router.get('/x', (req, res) => res.json(req.path));`,
  });
  host.load();
  for (let count = 1; count < 1200; count += 1) {
    const path = `/x${'/'.repeat(count)}`;
    assert.equal((await send(`GET ${path}`)).body, JSON.stringify(path));
  }
});

test('the OpenAPI document', () => {
  const { host } = bootService(
    {
      'index.js': `
      const joi = require('joi');
      const createRouter = require('@arangodb/foxx/router');
      const router = createRouter().tag('outer').deprecated();
      const child = createRouter();
      router.use('/things/:id', child, 'things');
      child.get('/:id/*', () => {}, 'read').queryParam('n', joi.number().integer().min(1).default(2), 'how many')
        .header('X-A', joi.string().required()).response(200, joi.object({ a: joi.string() }), 'Fine.')
        .error('not found', 'Gone.').summary('Reads').tag('inner');
      child.post('/', () => {}).body([joi.object()], 'List').securityScheme('basic', 'Log in');
      module.context.use(router);
      module.context.use('/docs', module.context.createDocumentationRouter());`,
    },
    { init: { manifest: { name: 'minimal', main: 'index.js' } } },
  );
  host.load();
  const api = JSON.parse(host.swagger());
  assert.equal(api.swagger, '2.0');
  assert.equal(api.basePath, '/_db/d/my-foxx');
  assert.deepEqual(api.info, { title: 'minimal', description: '', version: '0.0.0', license: {} });
  const expected = ['/things/{id}', '/things/{id}/{id2}/{suffix}'];
  assert.deepEqual(Object.keys(api.paths).sort(), expected);
  const { get } = api.paths['/things/{id}/{id2}/{suffix}'];
  assert.equal(get.operationId, 'thingsRead');
  assert.equal(get.deprecated, true);
  assert.deepEqual(get.tags, ['outer', 'inner']);
  assert.deepEqual(
    get.parameters.find((parameter) => parameter.name === 'n'),
    {
      in: 'query',
      name: 'n',
      required: false,
      description: 'how many',
      type: 'integer',
      default: 2,
      minimum: 1,
    },
  );
  assert.equal(get.parameters.find((parameter) => parameter.name === 'x-a').required, true);
  assert.equal(get.responses[404].description, 'Gone.');
  assert.equal(get.responses[200].schema.properties.a.type, 'string');
  const { post } = api.paths['/things/{id}'];
  assert.equal(post.parameters.find((parameter) => parameter.in === 'body').schema.type, 'array');
  assert.equal(Object.values(api.securityDefinitions)[0].type, 'basic');
});

test('reports of tests as JSON', () => {
  const { host } = bootService({
    'a.js':
      'describe("s", () => { it("passes", () => {}); it("fails", () => { throw new Error("no") }); it("waits") })',
  });
  const run = (options) => {
    const { contentType, body } = JSON.parse(
      host.runTests('["a.js", "a.js"]', JSON.stringify(options)),
    );
    assert.equal(contentType, 'application/json; charset=utf-8');
    return JSON.parse(body);
  };
  const all = run({ reporter: 'default' });
  assert.deepEqual(
    [all.tests.length, all.passes.length, all.failures.length, all.pending.length],
    [6, 2, 2, 2],
  );
  assert.deepEqual(all.passes[0].err, {});
  assert.match(all.failures[0].err.stack, /^Error: no\n/);
  assert.equal('duration' in all.pending[0], false);
  const suites = run({ reporter: 'suite', filter: 's passes' });
  assert.equal(suites.suites.length, 2);
  assert.deepEqual(
    suites.suites[0].tests.map((item) => item.result),
    ['pass'],
  );
  assert.deepEqual(run({ reporter: 'xunit' })[2].slice(0, 1), ['testcase']);
});
