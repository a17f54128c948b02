// Files: reading, writing, listing, moving, removing.
// why: the documented functions; a missing file is error 14; the service's own folder and the temporary one are open
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
fs.makeDirectoryRecursive(fs.join(base, 'a', 'b'));
const file = fs.join(base, 'a', 'x.txt');
fs.write(file, 'é');
fs.append(file, Buffer.from('!'));
fs.copyFile(file, fs.join(base, 'a', 'b'));
const result = {
  kinds: [
    fs.exists(base),
    fs.isDirectory(base),
    fs.isFile(file),
    fs.isFile(base),
    fs.exists(fs.join(base, 'no')),
  ],
  read: [
    fs.read(file),
    fs.read64(file),
    fs.readBuffer(file).length,
    fs.readFileSync(file, 'hex'),
    fs.size(file),
  ],
  node: [fs.existsSync(file), fs.readFileSync(file).toString(), fs.statSync(file).isFile()],
  time: Math.abs(fs.mtime(file) - Date.now() / 1000) < 60,
  list: fs.list(fs.join(base, 'a')),
  tree: fs.listTree(base),
  missing: [
    numberOf(() => fs.read(fs.join(base, 'no'))),
    numberOf(() => fs.size(fs.join(base, 'no'))),
  ],
  own: [
    fs.isFile(module.context.fileName('index.js')),
    fs.list(module.context.basePath).includes('index.js'),
  ],
  forbidden: numberOf(() => fs.read('/etc/hostname')),
};
fs.move(file, fs.join(base, 'moved.txt'));
result.moved = [fs.exists(file), fs.read(fs.join(base, 'moved.txt'))];
fs.remove(fs.join(base, 'moved.txt'));
fs.removeDirectoryRecursive(base);
result.removed = fs.exists(base);
module.exports = result;

// => SCRIPT
// << {"kinds":[true,true,true,false,false],"read":["é!","w6kh",3,"c3a921",3],"node":[true,"é!",true],"time":true,"list":["b","x.txt"],"tree":["","a","a/b","a/b/x.txt","a/x.txt"],"missing":[14,14],"own":[true,true],"forbidden":11,"moved":[false,"é!"],"removed":false}
