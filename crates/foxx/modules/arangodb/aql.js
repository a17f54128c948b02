// The `aql` template tag, `aql.literal`, `aql.join`.
'use strict';

class Literal {
  constructor(text) {
    this.text = text;
  }

  toAQL() {
    return this.text;
  }
}

// A query as the tag makes it. Parts are kept so that it can be inlined into another query.
class GeneratedQuery {
  constructor(strings, values) {
    const builder = new Builder();
    builder.addAll(strings, values);
    this.query = builder.text;
    this.bindVars = builder.bindVars;
    Object.defineProperty(this, '_source', { value: () => ({ strings, values }) });
  }
}

class Builder {
  constructor() {
    this.text = '';
    this.bindVars = {};
    this.known = new Map();
  }

  addAll(strings, values) {
    this.text += strings[0];
    for (let at = 1; at < strings.length; at += 1) {
      this.addValue(values[at - 1]);
      this.text += strings[at];
    }
  }

  addValue(value) {
    if (value === undefined) return;
    if (value !== null && (typeof value === 'object' || typeof value === 'function')) {
      if (value instanceof GeneratedQuery) {
        const { strings, values } = value._source();
        this.addAll(strings, values);
        return;
      }
      if (typeof value.toAQL === 'function') {
        this.text += String(value.toAQL());
        return;
      }
      if (isForeignQuery(value)) {
        this.addForeign(value);
        return;
      }
    }
    this.addBound(value);
  }

  addBound(value) {
    const isSource =
      value !== null &&
      typeof value === 'object' &&
      (value.isArangoCollection === true || value.isArangoView === true);
    const bound = isSource || isGraph(value) ? nameOf(value) : value;
    const key = isSource || isGraph(value) ? value : bound;
    let index = this.known.get(key);
    if (index === undefined) {
      index = this.known.size;
      this.known.set(key, index);
      this.bindVars[isSource ? `@value${index}` : `value${index}`] = bound;
    }
    this.text += isSource ? `@@value${index}` : `@value${index}`;
  }

  // {query, bindVars} that another copy of the tag made: its parameters get names of this query.
  addForeign({ query, bindVars }) {
    this.text += query.replace(/@(@?)([A-Za-z0-9_]+)/g, (all, at, name) => {
      const key = `${at}${name}`;
      if (!Object.prototype.hasOwnProperty.call(bindVars, key)) return all;
      const value = bindVars[key];
      const known = `${at}\0${typeof value}\0${typeof value === 'object' ? key : String(value)}`;
      let index = this.known.get(known);
      if (index === undefined) {
        index = this.known.size;
        this.known.set(known, index);
        this.bindVars[`${at}value${index}`] = value;
      }
      return `@${at}value${index}`;
    });
  }
}

function isGraph(value) {
  return value !== null && typeof value === 'object' && value.isArangoGraph === true;
}

function nameOf(source) {
  if (typeof source.name === 'function') return source.name();
  return source._name === undefined ? source.name : source._name;
}

function isForeignQuery(value) {
  return (
    typeof value.query === 'string' &&
    value.bindVars !== null &&
    typeof value.bindVars === 'object' &&
    typeof value._source === 'function'
  );
}

function aql(strings, ...values) {
  return new GeneratedQuery([...strings], values);
}

aql.literal = function literal(value) {
  if (value !== null && typeof value === 'object' && typeof value.toAQL === 'function')
    return value;
  return new Literal(value === undefined ? '' : String(value));
};

aql.join = function join(values, separator = ' ') {
  if (values.length === 0) return new GeneratedQuery([''], []);
  const strings = ['', ...Array(values.length - 1).fill(String(separator)), ''];
  return new GeneratedQuery(strings, [...values]);
};

module.exports = { aql };
