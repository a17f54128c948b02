'use strict';
module.context.collection('log').count();
