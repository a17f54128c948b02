// module.context: names, flags, helpers.
// why: collection prefix from the mount, baseUrl with the database, read-only properties on an extensible object
// init: {"configuration": {"port": 80}, "mount": "/a/b-c", "manifest": {}}
// manifest: {"name": "n", "version": "1.2.3"}
'use strict';
const { context } = module;
context.isDevelopment = true;
Object.assign(context, { own: 1 });
module.exports = [
  context.mount,
  context.baseUrl,
  context.collectionPrefix,
  context.collectionName('x'),
  context.isDevelopment,
  context.isProduction,
  context.own,
  context.configuration,
  context.manifest.name,
  context.service.configuration.port,
  context.service.name,
  context.fileName('/x/../y') === `${context.basePath}/y`,
  context.fileName('../../etc') === `${context.basePath}/etc`,
  context.argv,
  context.file('index.js', 'utf8').includes('this very text'),
  Buffer.isBuffer(context.file('index.js')),
  context.trustProxy,
];

// => SCRIPT [1, ["x"]]
// << ["/a/b-c","/_db/d/a/b-c","a_b_c","a_b_c_x",false,true,1,{"port":80},"n",80,"n",true,true,[1,["x"]],true,true,false]
