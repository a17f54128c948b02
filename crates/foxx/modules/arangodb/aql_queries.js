// `@arangodb/aql/queries`: which queries run, and which were slow.
'use strict';

const state = require('../runtime/state.js');

const DONE = { code: 200 };

// (id) or ({id, all?}), as the queries that `current` answers.
function readQuery(given) {
  return given !== null && typeof given === 'object' ? given : { id: given };
}

function wantsAll(given) {
  return given === true || (given !== null && typeof given === 'object' && given.all === true);
}

module.exports = {
  properties: (changes) =>
    state.ops.queriesProperties(changes === undefined ? undefined : JSON.stringify(changes)),

  current: (all) => state.ops.queriesCurrent(wantsAll(all)),

  slow: (all) => state.ops.queriesSlow(wantsAll(all)),

  clearSlow(all) {
    state.ops.queriesClearSlow(wantsAll(all));
    return { ...DONE };
  },

  kill(given) {
    const { id, all } = readQuery(given);
    state.ops.queriesKill(String(id), all === true);
    return { ...DONE };
  },
};
