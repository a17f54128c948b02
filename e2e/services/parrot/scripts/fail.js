'use strict';
const error = new Error('the parrot is asleep');
error.statusCode = 418;
throw error;
