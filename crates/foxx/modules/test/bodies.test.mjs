// Bodies whose bytes the case files cannot hold, and types that services register.

import assert from 'node:assert/strict';
import test from 'node:test';
import { bootService } from './mock_host.mjs';

const CRLF = '\r\n';

function form(...parts) {
  const lines = parts.flatMap(([head, data]) => ['--B', ...head, '', data]);
  return [...lines, '--B--', ''].join(CRLF);
}

function boot(code, options) {
  const service = bootService(
    {
      'index.js': `const router = require('@arangodb/foxx/router')(); module.context.use(router);${code}`,
    },
    options,
  );
  service.host.load();
  return service;
}

test('multipart bodies become lists of parts with headers', async () => {
  const { send } = boot(`
    router.post('/', (req, res) => res.json(req.body.map((part) => [
      part.name, part.filename || null, Buffer.isBuffer(part) ? part.toString() : part.a, Object.keys(part.headers),
    ]))).body(['multipart']);`);
  const body = form(
    [['Content-Disposition: form-data; name="text"'], 'a\r\nb'],
    [
      [
        'Content-Disposition: form-data; name="f"; filename="x \\"y\\".bin"',
        'Content-Type: application/x',
      ],
      'é',
    ],
    [['Content-Disposition: form-data; name="j"', 'Content-Type: application/json'], '{"a": 1}'],
    [['Content-Disposition: form-data; name="empty"'], ''],
  );
  const headers = { 'content-type': 'multipart/form-data; boundary="B"' };
  const answer = await send('POST /', { body, headers });
  assert.deepEqual(JSON.parse(answer.body), [
    ['text', null, 'a\r\nb', ['content-disposition']],
    ['f', 'x "y".bin', 'é', ['content-disposition', 'content-type']],
    ['j', null, 1, ['content-disposition', 'content-type']],
    ['empty', null, '', ['content-disposition']],
  ]);
  assert.equal((await send('POST /', { body: 'no boundary', headers })).status, 400);
  assert.equal((await send('POST /', { body: '--B\r\nx', headers })).status, 400);
  const plain = { 'content-type': 'multipart/form-data' };
  assert.equal((await send('POST /', { body, headers: plain })).status, 400);
});

test('text in another charset', async () => {
  const { send } = boot(`router.post('/', (req, res) => res.json(req.body)).body(['text/plain']);`);
  const of = (charset) => ({ 'content-type': `text/plain; charset=${charset}` });
  const body = Buffer.from([0x67, 0xe5, 0x73]);
  assert.equal((await send('POST /', { body, headers: of('latin1') })).body, '"gås"');
  assert.equal((await send('POST /', { body, headers: of('unheard-of') })).status, 400);
});

test('registered types read and write bodies', async () => {
  const { send } = boot(`
    module.context.registerType('text/x-list', {
      fromClient: (body, req, type) => [...body.split(','), type.parameters.sep],
      forClient: (value) => ({ data: value.join('|'), headers: { 'content-type': 'text/x-list; a=b' } }),
    });
    router.post('/', (req, res) => res.send(req.body)).body(['text/x-list']).response(['text/x-list']);`);
  const headers = { 'content-type': 'text/x-list; sep=x' };
  const answer = await send('POST /', { body: 'a,b', headers });
  assert.equal(answer.body, 'a|b|x');
  assert.equal(answer.headers['content-type'], 'text/x-list; a=b');
});

test('requests to other servers', () => {
  const specs = [];
  const { host } = bootService(
    {
      'index.js': `
      const request = require('@arangodb/request');
      const ok = request.post('/_db/d/x', { qs: { a: [1, 'ö'] }, json: true, body: { b: 1 }, auth: { username: 'u', password: 'p' } });
      const failed = request({ url: 'http://u:p%40@nowhere:1/path#h', form: { x: 'y z' }, timeout: 0.5, encoding: null });
      const wrong = (() => { try { request('nonsense'); } catch (e) { return e.message; } })();
      let thrown; try { failed.throw(); } catch (e) { thrown = e.statusCode; }
      module.exports = [ok.json, ok.body, ok.headers.x, ok.statusCode, failed.status, failed.message,
        Buffer.isBuffer(failed.body), failed.json === undefined, wrong, thrown];`,
    },
    {
      ops: {
        httpRequest(spec, body) {
          specs.push({ ...JSON.parse(spec), body });
          if (specs.length === 2) return { status: 0, message: 'Could not connect to nowhere' };
          return {
            status: 201,
            message: 'Created',
            headers: 'x: 1\n',
            body: new Uint8Array(Buffer.from('{"c":2}')),
          };
        },
      },
    },
  );
  assert.deepEqual(JSON.parse(host.runScript('index.js', '[]')), [
    { c: 2 },
    '{"c":2}',
    '1',
    201,
    500,
    'Could not connect to nowhere',
    true,
    true,
    'Invalid URL: nonsense',
    500,
  ]);
  assert.equal(specs[0].url, '/_db/d/x?a%5B0%5D=1&a%5B1%5D=%C3%B6');
  assert.equal(specs[0].body, '{"b":1}');
  assert.deepEqual(Object.fromEntries(specs[0].headers), {
    'content-type': 'application/json',
    accept: 'application/json',
    authorization: 'Basic dTpw',
  });
  assert.equal(specs[1].url, 'http://nowhere:1/path#h');
  assert.equal(specs[1].timeoutMs, 500);
  assert.equal(specs[1].body, 'x=y%20z');
  assert.equal(Object.fromEntries(specs[1].headers).authorization, 'Basic dTpwQA==');
});
