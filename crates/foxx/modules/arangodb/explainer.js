// `@arangodb/aql/explainer`: execution plans and profiles as text.
'use strict';

const { explainQuery, readArguments, runQuery } = require('./statement.js');
const { showExpression } = require('./explain_expression.js');

const NONE = ' none';

// Rows below their headings; numbers stand to the right.
function table(headings, rows) {
  const cells = [headings, ...rows.map((row) => row.map(String))];
  const widths = headings.map((_, at) => Math.max(...cells.map((row) => row[at].length)));
  const isNumber = headings.map((_, at) => rows.every((row) => typeof row[at] === 'number'));
  return cells.map((row) => {
    const padded = row.map((cell, at) =>
      isNumber[at] ? cell.padStart(widths[at]) : cell.padEnd(widths[at]),
    );
    return ` ${padded.join('   ')}`.trimEnd();
  });
}

function variable(given) {
  if (given === undefined || given === null) return '';
  const { id, name } = given;
  return name === undefined || /^\d+$/.test(name) ? `#${id}` : name;
}

function comment(...parts) {
  const text = parts.filter((part) => part !== '' && part !== undefined).join(', ');
  return text === '' ? '' : `   /* ${text} */`;
}

function projections({ projections: given = [] }) {
  if (given.length === 0) return '';
  const paths = given.map(({ path = [] }) => `\`${path.join('`.`')}\``);
  return `projections: ${paths.join(', ')}`;
}

function loop(node, source, ...notes) {
  return `FOR ${variable(node.outVariable)} IN ${source}${comment(...notes)}`;
}

function collect(node) {
  const groups = (node.groups || []).map((group) =>
    group.outVariable === undefined
      ? variable(group)
      : `${variable(group.outVariable)} = ${variable(group.inVariable)}`,
  );
  const aggregates = (node.aggregates || []).map(
    ({ inVariable, outVariable, type }) =>
      `${variable(outVariable)} = ${type}(${variable(inVariable)})`,
  );
  const { method } = node.collectOptions || {};
  const words = ['COLLECT'];
  if (groups.length > 0) words.push(groups.join(', '));
  if (aggregates.length > 0) words.push(`AGGREGATE ${aggregates.join(', ')}`);
  if (node.outVariable) words.push(`INTO ${variable(node.outVariable)}`);
  return `${words.join(' ')}${comment(method)}`;
}

function modification(word) {
  return (node) => {
    const key = node.inKeyVariable ? `${showExpression(node.inKeyVariable)} WITH ` : '';
    return `${word} ${key}${variable(node.inDocVariable)} IN ${node.collection}`;
  };
}

// What stands beside a node of each type.
const NOTES = {
  EnumerateCollectionNode: (node) =>
    loop(
      node,
      node.collection,
      node.random ? 'full collection scan, random order' : 'full collection scan',
      projections(node),
    ),
  EnumerateListNode: (node) => loop(node, variable(node.inVariable), 'list iteration'),
  IndexNode: (node) => {
    const types = [...new Set((node.indexes || []).map(({ type }) => type))];
    const order = node.reverse ? 'reverse index scan' : 'index scan';
    return loop(node, node.collection, `${types.join(' + ')} ${order}`, projections(node));
  },
  FilterNode: (node) => `FILTER ${variable(node.inVariable)}`,
  CalculationNode: (node) => {
    const value = showExpression(node.expression);
    const note = comment(node.expressionType && `${node.expressionType} expression`);
    return `LET ${variable(node.outVariable)} = ${value}${note}`;
  },
  SubqueryStartNode: (node) =>
    `LET ${variable(node.subqueryOutVariable)} = (   /* subquery begin */`,
  SubqueryEndNode: (node) => `RETURN ${variable(node.inVariable)} )   /* subquery end */`,
  SortNode: (node) => {
    const keys = (node.elements || []).map(
      ({ ascending, inVariable }) => `${variable(inVariable)} ${ascending ? 'ASC' : 'DESC'}`,
    );
    return `SORT ${keys.join(', ')}${comment(`sorting strategy: ${node.strategy}`)}`;
  },
  LimitNode: (node) =>
    `LIMIT ${node.offset}, ${node.limit}${comment(node.fullCount && 'fullCount')}`,
  CollectNode: collect,
  ReturnNode: (node) => `RETURN ${variable(node.inVariable)}`,
  InsertNode: modification('INSERT'),
  UpdateNode: modification('UPDATE'),
  ReplaceNode: modification('REPLACE'),
  RemoveNode: modification('REMOVE'),
  UpsertNode: (node) =>
    `UPSERT ${variable(node.inDocVariable)} INSERT ${variable(node.insertVariable)} ${
      node.isReplace ? 'REPLACE' : 'UPDATE'
    } ${variable(node.updateVariable)} IN ${node.collection}`,
  NoResultsNode: () => 'EMPTY   /* empty result set */',
};

const DEEPER = new Set([
  'EnumerateCollectionNode',
  'EnumerateListNode',
  'IndexNode',
  'SubqueryStartNode',
]);

function planLines(nodes, measured) {
  const levels = [];
  let level = 1;
  const rows = nodes.map((node) => {
    const { estimatedNrItems, id, type } = node;
    const note = Object.hasOwn(NOTES, type) ? NOTES[type](node) : type;
    const shown = type === 'SingletonNode' ? '* ROOT' : `${'  '.repeat(level)}- ${note}`;
    if (type === 'SubqueryStartNode') levels.push(level);
    if (DEEPER.has(type)) level += 1;
    if (type === 'SubqueryEndNode') level = levels.pop() || 1;
    const row = [id, type];
    if (measured !== undefined) {
      const { calls = 0, items = 0, runtime = 0 } = measured.get(id) || {};
      row.push(calls, items, runtime.toFixed(5));
    }
    return [...row, estimatedNrItems, shown];
  });
  const extra = measured === undefined ? [] : ['Calls', 'Items', 'Runtime [s]'];
  return table(['Id', 'NodeType', ...extra, 'Est.', 'Comment'], rows);
}

function indexLines(nodes) {
  const rows = nodes.flatMap((node) =>
    (node.indexes || []).map((index) => [
      node.id,
      index.name,
      index.type,
      node.collection,
      Boolean(index.unique),
      Boolean(index.sparse),
      index.selectivityEstimate === undefined
        ? 'n/a'
        : `${(index.selectivityEstimate * 100).toFixed(2)} %`,
      `[ ${(index.fields || []).map((field) => `\`${field}\``).join(', ')} ]`,
      node.condition === undefined ? '' : showExpression(node.condition),
    ]),
  );
  if (rows.length === 0) return [NONE];
  const headings = ['By', 'Name', 'Type', 'Collection', 'Unique', 'Sparse', 'Selectivity'];
  return table([...headings, 'Fields', 'Ranges'], rows);
}

function section(title, lines) {
  return ['', `${title}:`, ...lines];
}

function queryLines(text, cacheable) {
  const lines = text.split('\n').map((line) => ` ${line}`);
  const about = cacheable === undefined ? '' : `, cacheable: ${cacheable}`;
  return [`Query String (${text.length} chars${about}):`, ...lines];
}

function warningLines(warnings = []) {
  if (warnings.length === 0) return [];
  return section(
    'Warnings',
    table(
      ['Code', 'Message'],
      warnings.map(({ code, message }) => [code, message]),
    ),
  );
}

function describePlan(plan, measured) {
  const rules = (plan.rules || []).map((rule, at) => [at + 1, rule]);
  return [
    ...section('Execution plan', planLines(plan.nodes, measured)),
    ...section('Indexes used', indexLines(plan.nodes)),
    ...section(
      'Optimization rules applied',
      rules.length === 0 ? [NONE] : table(['Id', 'Rule Name'], rules),
    ),
  ];
}

function output(lines, shouldPrint) {
  const text = `${lines.join('\n')}\n`;
  if (shouldPrint === false) return text;
  globalThis.print(text);
  return undefined;
}

function explain(data, options, shouldPrint = true) {
  const { text, bindVars, options: own } = readArguments(data, [options]);
  const explained = explainQuery(text, [bindVars, { ...own, ...options }]);
  const plans = explained.plans === undefined ? [explained.plan] : explained.plans;
  const lines = queryLines(text, explained.cacheable);
  plans.forEach((plan) => lines.push(...describePlan(plan)));
  return output([...lines, ...warningLines(explained.warnings)], shouldPrint);
}

function profileQuery(data, shouldPrint = true) {
  const { text, bindVars, options } = readArguments(data, []);
  const cursor = runQuery(text, [bindVars, { ...options, profile: 2 }]);
  cursor.toArray();
  const { plan, profile = {}, stats = {}, warnings } = cursor.getExtra();
  const measured = new Map((stats.nodes || []).map((node) => [node.id, node]));
  const lines = queryLines(text);
  if (plan !== undefined) lines.push(...describePlan(plan, measured));
  const { nodes, ...numbers } = stats;
  lines.push(
    ...section('Query Statistics', table(Object.keys(numbers), [Object.values(numbers)])),
    ...section(
      'Query Profile',
      table(
        ['Query Stage', 'Duration [s]'],
        Object.entries(profile).map(([stage, seconds]) => [stage, seconds.toFixed(5)]),
      ),
    ),
    ...warningLines(warnings),
  );
  return output(lines, shouldPrint);
}

module.exports = { explain, profileQuery };
