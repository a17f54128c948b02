// Packing and unpacking archives.
// why: files keep their paths below the folder; what exists is not replaced unless asked for, and
//   nothing is written outside of the folder
// needs: files
'use strict';
const fs = require('fs');
const numberOf = (fn) => {
  try {
    fn();
    return null;
  } catch (error) {
    return error.isArangoError && error.errorNum;
  }
};
const base = fs.getTempFile();
const at = (...parts) => fs.join(base, ...parts);
fs.makeDirectoryRecursive(at('in', 'deep'));
fs.write(at('in', 'a.txt'), 'first');
fs.write(at('in', 'deep', 'b.bin'), Buffer.from([0, 255, 1]));
const zip = at('out.zip');
const packed = fs.zipFile(zip, at('in'), ['a.txt', at('in', 'deep', 'b.bin')]);
const unpacked = fs.unzipFile(zip, at('to'));
fs.write(at('to', 'a.txt'), 'changed');
const refused = numberOf(() => fs.unzipFile(zip, at('to')));
const kept = fs.read(at('to', 'a.txt'));
fs.unzipFile(zip, at('to'), false, true);
fs.unzipFile(zip, at('flat'), true);
// The name `../x` in a stored entry.
const evil = Buffer.from(
  'UEsDBBQAAAAAAAAAIQCDFtyMAQAAAAEAAAAEAAAALi4veHhQSwECFAMUAAAAAAAAACEAgxbcjAEA' +
    'AAABAAAABAAAAAAAAAAAAAAAgAEAAAAALi4veFBLBQYAAAAAAQABADIAAAAjAAAAAAA=',
  'base64',
);
fs.write(at('evil.zip'), evil);
module.exports = {
  results: [packed, unpacked, refused, kept, fs.read(at('to', 'a.txt'))],
  trees: [fs.listTree(at('to')), fs.listTree(at('flat'))],
  bytes: [...fs.readBuffer(at('to', 'deep', 'b.bin'))],
  again: numberOf(() => fs.zipFile(zip, at('in'), ['a.txt'])),
  missing: [
    numberOf(() => fs.zipFile(at('no.zip'), at('in'), ['none.txt'])),
    fs.exists(at('no.zip')),
    numberOf(() => fs.unzipFile(at('none.zip'), at('to'))),
  ],
  noZip: numberOf(() => fs.unzipFile(at('in', 'a.txt'), at('other'))),
  evil: [numberOf(() => fs.unzipFile(at('evil.zip'), at('to', 'deep'))), fs.exists(at('to', 'x'))],
  outside: [
    numberOf(() => fs.zipFile(at('p.zip'), '/etc', ['passwd'])),
    numberOf(() => fs.unzipFile(zip, '/nowhere-at-all')),
  ],
  password: numberOf(() => fs.zipFile(at('s.zip'), at('in'), ['a.txt'], 'secret')),
};
fs.removeDirectoryRecursive(base);

// => SCRIPT
// << {"results":[true,true,2,"changed","first"],"trees":[["","a.txt","deep","deep/b.bin"],["","a.txt","b.bin"]],"bytes":[0,255,1],"again":2,"missing":[14,false,14],"noZip":3015,"evil":[3015,false],"outside":[11,11],"password":9}
