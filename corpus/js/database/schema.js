// Schemas and computed values of collections.
// why: what a service defines is checked and computed on each of its writes, also those of queries
// needs: database
'use strict';
const createRouter = require('@arangodb/foxx/router');
const { db, query } = require('@arangodb');
const name = module.context.collectionName('checked');
const thrown = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return [error.errorNum, error.errorMessage];
  }
};
// Not in the main file: several VMs run that, at the same time.
const run = () => {
  db._drop(name);
  const c = db._create(name, {
    schema: { rule: { required: ['n'] }, message: 'n is missing' },
    computedValues: [{ name: 'twice', expression: 'RETURN @doc.n * 2', overwrite: true }],
  });
  const made = c.save({ _key: 'a', n: 2 }, { returnNew: true });
  return {
    twice: made.new.twice,
    schema: [c.properties().schema.level, c.properties().schema.type],
    computed: c.properties().computedValues[0].computeOn,
    save: thrown(() => c.save({})),
    replace: thrown(() => c.replace('a', {})),
    update: c.update('a', { n: 5 }, { returnNew: true }).new.twice,
    query: thrown(() => query`INSERT {} INTO ${c}`)[0],
    got: query`RETURN SCHEMA_GET(${name}).message`.toArray(),
    badSchema: thrown(() => c.properties({ schema: { rule: 1 } }))[0],
    badValue: thrown(() => c.properties({ computedValues: [{ name: 'x' }] }))[0],
    taken: [
      c.properties({ schema: null, computedValues: [] }).schema,
      c.properties().computedValues,
      c.save({ _key: 'b' }, { returnNew: true }).new.twice === undefined,
    ],
  };
};
const router = createRouter();
module.context.use(router);
router.get('/', (_, res) => res.json(run()));
// => GET /
// < 200
// << {"twice":4,"schema":["strict","json"],"computed":["insert","update","replace"],"save":[1620,"n is missing"],"replace":[1620,"n is missing"],"update":10,"query":1620,"got":["n is missing"],"badSchema":1621,"badValue":10,"taken":[null,null,true]}
