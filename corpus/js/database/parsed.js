// What a query text says, and what it would do.
// why: `_parse` and statements answer in the documented members
// needs: database
'use strict';
const { db } = require('@arangodb');
const name = module.context.collectionName('parsed');
db._drop(name);
db._create(name);
const numberOf = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return error.errorNum;
  }
};
const parsed = db._parse(`FOR d IN ${name} FILTER d.x == @x RETURN d`);
const statement = db._createStatement({ query: `FOR d IN @@c RETURN d`, count: true });
statement.bind('@c', name);
statement.setBatchSize(5);
const all = db._createStatement('RETURN 1').explain({ allPlans: true });
module.exports = {
  parsed: [parsed.code, parsed.parsed, parsed.collections, parsed.bindVars, parsed.ast[0].type],
  warnings: parsed.warnings,
  wrong: [numberOf(() => db._parse('FOR')), numberOf(() => db._parse(''))],
  statement: Object.keys(statement.parse()),
  plan: Object.keys(statement.explain()).sort(),
  nodes: statement.explain().plan.nodes.map((node) => node.type),
  all: [Array.isArray(all.plans), 'cacheable' in all],
  settings: [statement.getBatchSize(), statement.getCount(), statement.getBindVariables()],
  run: [statement.execute().count(), String(statement)],
  unknown: numberOf(() => db._createStatement('FOR d IN unknown_collection RETURN d').explain()),
};
module.exports.settings[2] = Object.keys(module.exports.settings[2]);

// => SCRIPT
// << {"parsed":[200,true,["my_foxx_parsed"],["x"],"root"],"warnings":[],"wrong":[1501,1502],"statement":["bindVars","collections","ast","parameters"],"plan":["cacheable","plan","stats","warnings"],"nodes":["SingletonNode","EnumerateCollectionNode","ReturnNode"],"all":[true,false],"settings":[5,true,["@c"]],"run":[0,"[object ArangoStatement]"],"unknown":1203}
