// The results of a test run in the forms of the five reporters, as JSON or in the reporter's own
// text.
'use strict';

const state = require('./state.js');

const JSON_TYPE = 'application/json; charset=utf-8';

function caseOf({ title, fullTitle, duration, err }) {
  return { title, fullTitle, duration, err };
}

function defaultReport({ stats, events }) {
  const of = (result) => events.filter((event) => event.result === result).map(caseOf);
  return {
    stats,
    tests: events.map(caseOf),
    pending: of('pending'),
    failures: of('fail'),
    passes: of('pass'),
  };
}

function suiteReport({ stats, root }) {
  return { stats, suites: root.suites, tests: root.tests };
}

function streamReport({ stats, events }) {
  const run = events.filter((event) => event.result !== 'pending');
  return [
    ['start', { total: stats.tests }],
    ...run.map((event) => [event.result, caseOf(event)]),
    ['end', stats],
  ];
}

function tapReport({ stats, events }) {
  const lines = [`1..${stats.tests}`];
  events.forEach(({ fullTitle, result, err }, at) => {
    const title = fullTitle.replace(/#/g, '');
    if (result === 'pending') lines.push(`ok ${at + 1} ${title} # SKIP -`);
    else lines.push(`${result === 'pass' ? 'ok' : 'not ok'} ${at + 1} ${title}`);
    if (result === 'fail') lines.push(...err.stack.split('\n').map((line) => `  ${line}`));
  });
  lines.push(`# tests ${stats.tests}`, `# pass ${stats.passes}`, `# fail ${stats.failures}`);
  return lines;
}

function xunitReport({ stats, events }) {
  const cases = events.map(({ title, suiteTitle, duration = 0, result, err }) => {
    const element = [
      'testcase',
      { classname: suiteTitle || 'global', name: title, time: duration },
    ];
    if (result === 'fail') {
      const [first] = err.stack.split('\n');
      const colon = first.indexOf(': ');
      const type = colon === -1 ? first : first.slice(0, colon);
      const message = colon === -1 ? '' : first.slice(colon + 2);
      element.push(['failure', { message, type }, err.stack]);
    }
    return element;
  });
  return [
    'testsuite',
    {
      timestamp: new Date(state.ops.now()).toISOString(),
      tests: stats.tests,
      errors: 0,
      failures: stats.failures,
      skip: stats.pending,
      time: stats.duration,
    },
    ...cases,
  ];
}

function escapeXml(value) {
  const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return (
    String(value)
      .replace(/[&<>"]/g, (character) => entities[character])
      // Characters that XML cannot hold at all, such as the escapes of coloured output.
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '')
  );
}

function startTag([name, attributes]) {
  const text = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  return `<${name}${text.join('')}`;
}

function xunitText(suite) {
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', `${startTag(suite)}>`];
  for (const element of suite.slice(2)) {
    const failure = element[2];
    if (failure === undefined) lines.push(`${startTag(element)}/>`);
    else
      lines.push(
        `${startTag(element)}>${startTag(failure)}>${escapeXml(failure[2])}</failure></testcase>`,
      );
  }
  return [...lines, '</testsuite>', ''].join('\n');
}

const REPORTERS = {
  default: { make: defaultReport },
  suite: { make: suiteReport },
  stream: {
    make: streamReport,
    contentType: 'application/x-ldjson',
    text: (events) => events.map((event) => `${JSON.stringify(event)}\r\n`).join(''),
  },
  tap: {
    make: tapReport,
    contentType: 'text/plain; charset=utf-8',
    text: (lines) => `${lines.join('\n')}\n`,
  },
  xunit: { make: xunitReport, contentType: 'application/xml; charset=utf-8', text: xunitText },
};

// {contentType, body}.
function report(name, idiomatic, outcome) {
  const reporter = REPORTERS[name || 'default'];
  if (reporter === undefined) throw new Error(`Unknown reporter: ${name}`);
  const made = reporter.make(outcome);
  if (!idiomatic || reporter.text === undefined)
    return { contentType: JSON_TYPE, body: JSON.stringify(made) };
  return { contentType: reporter.contentType, body: reporter.text(made) };
}

module.exports = { report };
