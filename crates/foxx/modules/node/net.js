// `net`: only the classification of IP addresses.
'use strict';

const V4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;
const GROUP = /^[0-9a-f]{1,4}$/i;

function isIPv4(text) {
  return V4.test(String(text));
}

function isIPv6(text) {
  const address = String(text).split('%', 1)[0];
  const halves = address.split('::');
  if (halves.length > 2) return false;
  const counts = halves.map(countGroups);
  if (counts.includes(-1)) return false;
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (halves.length === 2) return total < 8 && !(halves[0].includes('.') && halves[1] !== '');
  return total === 8;
}

// Number of 16-bit groups in a part of an address, -1 if it is malformed.
function countGroups(part) {
  if (part === '') return 0;
  const groups = part.split(':');
  let count = groups.length;
  const last = groups[groups.length - 1];
  if (last.includes('.')) {
    if (!isIPv4(last)) return -1;
    groups.pop();
    count += 1;
  }
  return groups.every((group) => GROUP.test(group)) ? count : -1;
}

function isIP(text) {
  if (isIPv4(text)) return 4;
  return isIPv6(text) && String(text).includes(':') ? 6 : 0;
}

module.exports = { isIP, isIPv4, isIPv6: (text) => isIP(text) === 6 };
