// Reads the case files of corpus/js (their README says how they are written) and runs their
// exchanges.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bootService } from './mock_host.mjs';

const HEAD_JSON = ['init', 'manifest', 'info'];

export function listCases(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .sort()
    .map((name) => ({ name: name.slice(0, -3), path: join(folder, name) }));
}

export function readCase(path) {
  const text = readFileSync(path, 'utf8');
  const head = readHead(text);
  const pieces = text.split(/^\/\/ ---- file: (.*)$/m);
  const files = { 'index.js': pieces[0] };
  for (let at = 1; at + 1 < pieces.length; at += 2) files[pieces[at].trim()] = pieces[at + 1];
  return { ...head, files, exchanges: readExchanges(text) };
}

function readHead(text) {
  const head = { title: '', needs: [], init: {}, manifest: {}, info: {} };
  const [title, ...lines] = text.split('\n');
  head.title = title.slice(2).trim();
  for (const line of lines) {
    if (!line.startsWith('//') || line.startsWith('// =>')) break;
    const match = /^\/\/ (\w+): (.*)$/.exec(line);
    if (match === null) continue;
    if (match[1] === 'needs') head.needs = match[2].split(',').map((item) => item.trim());
    else if (HEAD_JSON.includes(match[1])) head[match[1]] = JSON.parse(match[2]);
  }
  return head;
}

function readExchanges(text) {
  const exchanges = [];
  let current;
  for (const line of text.split('\n')) {
    const match = /^\/\/ (=>|>>|>|<<|<~|<)(?: (.*))?$/.exec(line);
    if (match === null) continue;
    const [, sign, rest = ''] = match;
    if (sign === '=>') {
      const space = rest.indexOf(' ');
      current = {
        method: space === -1 ? rest : rest.slice(0, space),
        target: space === -1 ? '' : rest.slice(space + 1),
        line: rest,
        headers: {},
        body: undefined,
        status: undefined,
        expected: [],
        lines: undefined,
        contains: [],
      };
      exchanges.push(current);
    } else if (current !== undefined) addLine(current, sign, rest);
  }
  return exchanges;
}

function addLine(current, sign, rest) {
  if (sign === '>>') current.body = current.body === undefined ? rest : `${current.body}\n${rest}`;
  else if (sign === '<<') current.lines = [...(current.lines || []), rest];
  else if (sign === '<~') current.contains.push(rest);
  else if (sign === '<' && /^\d+$/.test(rest)) current.status = Number(rest);
  else {
    const colon = rest.indexOf(':');
    const pair = [rest.slice(0, colon), rest.slice(colon + 1).trim()];
    if (sign === '>') current.headers[pair[0].toLowerCase()] = pair[1];
    else current.expected.push(pair);
  }
}

export async function runCase(test) {
  const special = test.exchanges.some(({ method }) => ['SCRIPT', 'LOAD', 'TESTS'].includes(method));
  const service = bootService(test.files, { init: { ...test.init, manifest: test.manifest } });
  if (!special) service.host.load();
  for (const exchange of test.exchanges) await runExchange(service, exchange, test.info);
}

async function runExchange(service, exchange, info) {
  const { host } = service;
  if (exchange.method === 'SCRIPT') {
    checkBody(exchange, host.runScript('index.js', exchange.target || '[]'));
  } else if (exchange.method === 'TESTS') {
    const options = JSON.stringify({ reporter: exchange.target, idiomatic: true });
    checkBody(exchange, JSON.parse(host.runTests('["index.js"]', options)).body);
  } else if (exchange.method === 'LOAD') {
    assert.throws(
      () => host.load(),
      (error) => {
        assert.equal(error.errorNum, exchange.status, exchange.line);
        checkBody(exchange, error.message);
        return true;
      },
    );
  } else checkAnswer(exchange, await service.send(exchange.line, { ...exchange, info }));
}

function checkAnswer(exchange, answer) {
  const shown = `${exchange.line}: ${answer.body}`;
  assert.equal(answer.status, exchange.status, shown);
  const cookies = exchange.expected
    .filter(([name]) => name === 'set-cookie')
    .map(([, value]) => value);
  if (cookies.length > 0) assert.deepEqual(answer.cookies, cookies, shown);
  for (const [name, value] of exchange.expected) {
    if (name === 'set-cookie') continue;
    assert.equal(
      answer.headers[name],
      value === '' ? undefined : value,
      `${exchange.line}: ${name}`,
    );
  }
  checkBody(exchange, answer.body === undefined ? '' : answer.body);
}

function checkBody(exchange, body) {
  if (exchange.lines !== undefined) assert.equal(body, exchange.lines.join('\n'), exchange.line);
  for (const text of exchange.contains) {
    assert.ok(body.includes(text), `${exchange.line}: no "${text}" in: ${body}`);
  }
}
