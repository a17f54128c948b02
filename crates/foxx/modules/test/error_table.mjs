// The rows of the server's error table that the tests of the pure parts meet.

export const ERRORS = [
  [0, 'ERROR_NO_ERROR', 'no error', 200],
  [9, 'ERROR_NOT_IMPLEMENTED', 'not implemented', 501],
  [10, 'ERROR_BAD_PARAMETER', 'bad parameter', 400],
  [11, 'ERROR_FORBIDDEN', 'forbidden', 403],
  [14, 'ERROR_FILE_NOT_FOUND', 'file not found', 500],
  [1200, 'ERROR_ARANGO_CONFLICT', 'conflict', 409],
  [1202, 'ERROR_ARANGO_DOCUMENT_NOT_FOUND', 'document not found', 404],
  [1203, 'ERROR_ARANGO_DATA_SOURCE_NOT_FOUND', 'collection or view not found', 404],
  [1205, 'ERROR_ARANGO_DOCUMENT_HANDLE_BAD', 'illegal document identifier', 400],
  [1210, 'ERROR_ARANGO_UNIQUE_CONSTRAINT_VIOLATED', 'unique constraint violated', 409],
  [1213, 'ERROR_ARANGO_CROSS_COLLECTION_REQUEST', 'cross collection request not allowed', 400],
  [1221, 'ERROR_ARANGO_DOCUMENT_KEY_BAD', 'illegal document key', 400],
  [1227, 'ERROR_ARANGO_DOCUMENT_TYPE_INVALID', 'invalid document type', 400],
  [3009, 'ERROR_SERVICE_NOT_FOUND', 'service not found', 400],
  [3100, 'ERROR_MODULE_NOT_FOUND', 'cannot locate module', 400],
  [3101, 'ERROR_MODULE_SYNTAX_ERROR', 'syntax error in module', 400],
  [3103, 'ERROR_MODULE_FAILURE', 'failed to invoke module', 400],
].map(([code, name, message, status]) => ({ code, name, message, status }));
