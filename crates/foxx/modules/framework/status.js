// Status codes by number or name.
'use strict';

const { requireFile } = require('../runtime/builtins.js');

function statusFromName(name) {
  const key = String(name).toLowerCase();
  const code = requireFile('statuses')[key];
  return typeof code === 'number' ? code : undefined;
}

// The number for a status given as number or name; unknown names are an error.
function toStatus(given) {
  if (typeof given === 'number') return given;
  if (/^\d{3}$/.test(String(given))) return Number(given);
  const code = statusFromName(given);
  if (code === undefined) throw new Error(`Unknown status: ${given}`);
  return code;
}

function statusText(code) {
  const text = requireFile('statuses')[code];
  return typeof text === 'string' ? text : undefined;
}

module.exports = { statusFromName, statusText, toStatus };
