// ArangoError as services test for it.
// why: errorNum and errorMessage are own and assignable; code is the HTTP status
'use strict';
const { ArangoError, errors } = require('@arangodb');
const error = new ArangoError({
  errorNum: errors.ERROR_ARANGO_DOCUMENT_NOT_FOUND.code,
});
const changed = new ArangoError({ errorNum: 1202, errorMessage: 'first' });
changed.errorNum = 9;
changed.message = 'second';
module.exports = {
  own: ['errorNum', 'errorMessage'].every((key) =>
    Object.prototype.hasOwnProperty.call(error, key),
  ),
  is: [error instanceof Error, error instanceof ArangoError, error.isArangoError, error.name],
  text: String(error),
  json: error,
  changed: [changed.errorNum, changed.message],
  constant: require('@arangodb').ERROR_BAD_PARAMETER,
  same: require('internal').ArangoError === ArangoError,
};

// => SCRIPT
// << {"own":true,"is":[true,true,true,"ArangoError"],"text":"ArangoError: document not found","json":{"error":true,"errorNum":1202,"errorMessage":"document not found","code":404},"changed":[9,"second"],"constant":10,"same":true}
