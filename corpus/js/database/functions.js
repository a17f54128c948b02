// Functions for queries that are written in JavaScript.
// why: registered by name and code, called as NS::NAME in any case, with `this.name` and
//   AQL_WARNING; what they throw is 1583
// needs: database
'use strict';
const { db, query } = require('@arangodb');
const functions = require('@arangodb/aql/functions');
const numberOf = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return error.errorNum;
  }
};
const ask = (text, options) => db._query(text, {}, options).next();
functions.unregisterGroup('my');
const result = {
  register: [
    functions.register('my::math::double', 'function (x) { return x * 2; }', true),
    functions.register('MY::math::DOUBLE', (x) => x * 2),
    functions.register('my::show', function (...args) {
      return [this.name, args.length, ...args];
    }),
  ],
  calls: [
    ask('RETURN my::math::double(21)'),
    ask('RETURN MY::MATH::Double(0.5)'),
    ask('FOR i IN 1..3 FILTER My::Math::Double(i) > 4 RETURN i'),
    ask('RETURN CALL("my::math::double", 4)'),
    ask('RETURN my::show({a: [1, null]}, "x", true)'),
    ask('RETURN my::show()'),
  ],
  results: ['undefined', '() => 1', 'NaN', '1/0', 'new Date(0)', 'null', '"x"', '[undefined]'].map(
    (value) => {
      functions.register('my::value', `function () { return ${value}; }`);
      return ask('RETURN my::value()');
    },
  ),
  changed: ['1', '2'].map((value) => {
    functions.register('my::value', `function () { return ${value}; }`);
    return ask('RETURN my::value()');
  }),
  state: (() => {
    functions.register('my::sloppy', 'function () { seen = 1; return typeof this; }');
    return ask('RETURN my::sloppy()');
  })(),
  seen: (() => {
    functions.register(
      'my::globals',
      `function () {
        return [typeof require, typeof module, typeof db, typeof JSON.parse, typeof AQL_WARNING];
      }`,
    );
    return ask('RETURN my::globals()');
  })(),
  warnings: (() => {
    functions.register('my::warn', 'function () { AQL_WARNING(1542, "odd"); return 1; }');
    const cursor = db._query('RETURN my::warn()');
    return [
      cursor.toArray(),
      cursor.getExtra().warnings,
      numberOf(() => ask('RETURN my::warn()', { failOnWarning: true })),
    ];
  })(),
  thrown: (() => {
    functions.register('my::bad', 'function (x) { throw new TypeError("no " + x); }');
    try {
      ask('RETURN my::bad(1)');
    } catch (error) {
      return [
        error.errorNum,
        error.errorMessage.includes('user function runtime error: TypeError: no 1'),
      ];
    }
    return null;
  })(),
  cyclic: (() => {
    functions.register('my::cyclic', 'function () { const a = {}; a.a = a; return a; }');
    return numberOf(() => ask('RETURN my::cyclic()'));
  })(),
  badNames: ['name', '_aql::name', 'my::', '::name', 'my:name', 'my::na me', ''].map((name) =>
    numberOf(() => functions.register(name, 'function () {}')),
  ),
  badCodes: ['', '5', 'function (', 'function () {}; 1', 'function () {}), (1', 'return 1;'].map(
    (code) => numberOf(() => functions.register('my::code', code)),
  ),
  unknown: [
    numberOf(() => ask('RETURN my::unknown()')),
    numberOf(() => db._createStatement('RETURN my::unknown()').explain()),
    numberOf(() => functions.unregister('my::unknown')),
  ],
  listed: functions.toArray('my::math'),
  group: functions.toArray('my').length,
  unregister: functions.unregister('my::math::double') === undefined,
  gone: numberOf(() => ask('RETURN my::math::double(21)')),
  unregisterGroup: functions.unregisterGroup('MY'),
  left: functions.toArray().length,
  tag: numberOf(() => query`RETURN my::show()`),
};
module.exports = result;

// => SCRIPT
// << {"register":[false,true,false],"calls":[42,1,3,8,["MY::SHOW",3,{"a":[1,null]},"x",true],["MY::SHOW",0]],"results":[null,null,null,null,"1970-01-01T00:00:00.000Z",null,"x",[null]],"changed":[1,2],"state":"object","seen":["undefined","undefined","undefined","function","function"],"warnings":[[1],[{"code":1542,"message":"odd"}],1542],"thrown":[1583,true],"cyclic":1583,"badNames":[1580,1580,1580,1580,1580,1580,1580],"badCodes":[1581,1581,1581,1581,1581,1581],"unknown":[1582,1582,1582],"listed":[{"name":"MY::math::DOUBLE","code":"(x) => x * 2","isDeterministic":false}],"group":8,"unregister":true,"gone":1582,"unregisterGroup":7,"left":0,"tag":1582}
