// Comparison of secrets whose time does not depend on where they differ.
'use strict';

function constantEquals(a, b) {
  const left = String(a);
  const right = String(b);
  const length = Math.max(left.length, right.length);
  let difference = left.length ^ right.length;
  for (let at = 0; at < length; at += 1) {
    // Past the end of one text charCodeAt is NaN, which counts as 0 here; the lengths already
    // differ.
    difference |= left.charCodeAt(at) ^ right.charCodeAt(at);
  }
  return difference === 0;
}

module.exports = { constantEquals };
