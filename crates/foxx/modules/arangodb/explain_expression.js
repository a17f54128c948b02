// Expressions of execution plans as text.
'use strict';

const OPERATORS = {
  plus: '+',
  minus: '-',
  times: '*',
  division: '/',
  modulus: '%',
  'compare ==': '==',
  'compare !=': '!=',
  'compare <': '<',
  'compare <=': '<=',
  'compare >': '>',
  'compare >=': '>=',
  'compare in': 'in',
  'compare not in': 'not in',
  range: '..',
};

const UNARY = { 'unary not': '! ', 'unary minus': '- ', 'unary plus': '+ ' };

function attribute(name) {
  return /^[a-zA-Z_$][\w$]*$/.test(name) ? `.\`${name}\`` : `[${JSON.stringify(name)}]`;
}

function list(nodes) {
  return nodes.map(showExpression).join(', ');
}

// Arguments stand below the call, or in an array below it.
function call({ name, subNodes = [] }) {
  const isWrapped = subNodes.length === 1 && subNodes[0].type === 'array';
  return `${name}(${list(isWrapped ? subNodes[0].subNodes || [] : subNodes)})`;
}

function element({ name, subNodes = [] }) {
  const value = subNodes.length === 0 ? '' : showExpression(subNodes[subNodes.length - 1]);
  return name === undefined ? `[…] : ${value}` : `${JSON.stringify(name)} : ${value}`;
}

const SHOWN = {
  value: ({ value }) => JSON.stringify(value === undefined ? null : value),
  parameter: ({ name }) => `@${name}`,
  reference: ({ name, id }) => name || (id === undefined ? '…' : `#${id}`),
  'attribute access': ({ name, subNodes = [] }) => `${list(subNodes)}${attribute(name)}`,
  'indexed access': ({ subNodes: [base, at] }) => `${showExpression(base)}[${showExpression(at)}]`,
  array: ({ subNodes = [] }) => `[ ${list(subNodes)} ]`,
  object: ({ subNodes = [] }) => `{ ${subNodes.map(element).join(', ')} }`,
  'n-ary and': ({ subNodes = [] }) => joined(subNodes, ' && '),
  'n-ary or': ({ subNodes = [] }) => joined(subNodes, ' || '),
  ternary: ({ subNodes: [test, yes, no] }) =>
    `(${showExpression(test)} ? ${showExpression(yes)} : ${showExpression(no)})`,
  'function call': call,
  'user function call': call,
  expansion: ({ subNodes = [] }) => `${list(subNodes.slice(0, 1))}[*]`,
};

function joined(nodes, operator) {
  const text = nodes.map(showExpression).join(operator);
  return nodes.length > 1 ? `(${text})` : text;
}

function showExpression(node) {
  if (node === null || typeof node !== 'object') return '';
  const { type, subNodes = [] } = node;
  if (Object.hasOwn(OPERATORS, type) && subNodes.length === 2) {
    const [left, right] = subNodes;
    return `(${showExpression(left)} ${OPERATORS[type]} ${showExpression(right)})`;
  }
  if (Object.hasOwn(UNARY, type)) return `${UNARY[type]}${list(subNodes)}`;
  if (Object.hasOwn(SHOWN, type)) return SHOWN[type](node);
  return subNodes.length === 0 ? `<${type}>` : `<${type}>(${list(subNodes)})`;
}

module.exports = { showExpression };
