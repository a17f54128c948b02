'use strict';
module.exports = { argv: module.context.argv, mount: module.context.mount };
