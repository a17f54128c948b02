// From rounds to figures: medians, spread, ratios, a table.
import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

const BASES = { ratioToBun: 'bun', ratioToNode: 'fastify' };

export function summarize(rounds) {
  const groups = new Map();
  for (const one of rounds) {
    const key = `${one.layout} ${one.route} ${one.server}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const rows = [...groups.values()].map(group => {
    const { layout, route, server } = group[0];
    const rates = group.map(one => one.requestsPerSecond).sort((a, b) => a - b);
    return {
      layout,
      route,
      server,
      requestsPerSecond: Math.round(median(rates)),
      lowest: Math.round(rates[0]),
      highest: Math.round(rates.at(-1)),
      p50Us: median(group.map(one => one.p50Us)),
      p99Us: median(group.map(one => one.p99Us)),
      generatorBusy: Number(Math.max(...group.map(one => one.generatorBusy)).toFixed(2))
    };
  });
  for (const row of rows) {
    for (const [ratio, name] of Object.entries(BASES)) {
      const base = rows.find(one =>
        one.layout === row.layout && one.route === row.route && one.server === name);
      row[ratio] = base && Number((row.requestsPerSecond / base.requestsPerSecond).toFixed(2));
    }
  }
  return rows;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export function table(rows) {
  const head = ['layout', 'route', 'server', 'req/s', 'lowest', 'highest', 'p50 us', 'p99 us',
    'to Bun', 'to Node', 'load'];
  const cells = rows.map(row => [
    row.layout, row.route, row.server, row.requestsPerSecond, row.lowest, row.highest, row.p50Us,
    row.p99Us, row.ratioToBun ?? '', row.ratioToNode ?? '', row.generatorBusy
  ].map(String));
  return drawText(head, cells, 3);
}

// Lines of text in columns; the first `texts` columns are to the left, the others to the right.
export function drawText(head, cells, texts) {
  const widths = head.map((title, at) =>
    Math.max(title.length, ...cells.map(line => line[at].length)));
  const draw = line => line.map((cell, at) =>
    at < texts ? cell.padEnd(widths[at]) : cell.padStart(widths[at])).join('  ');
  return [head, widths.map(width => '-'.repeat(width)), ...cells].map(draw).join('\n');
}

export function machine(servers) {
  const [{ model }] = cpus();
  const first = command => {
    try {
      const [program, ...args] = command;
      return execFileSync(program, args, { encoding: 'utf8' }).split('\n')[0];
    } catch {
      return 'unknown';
    }
  };
  return {
    processor: model,
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    commit: first(['git', 'rev-parse', '--short', 'HEAD']),
    versions: Object.fromEntries(servers.map(one => [one.name, first(one.version())]))
  };
}
