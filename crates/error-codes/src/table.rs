//! Every public error, sorted by number. Sources: the public error-code list of the
//! compatible product; statuses from its rendered documentation and client behaviour.
//!
//! tidy: table

use crate::{Code, Entry};

/// no error.
pub const NO_ERROR: Code = Code(0);
/// failed.
pub const FAILED: Code = Code(1);
/// system error.
pub const SYS_ERROR: Code = Code(2);
/// out of memory.
pub const OUT_OF_MEMORY: Code = Code(3);
/// internal error.
pub const INTERNAL: Code = Code(4);
/// illegal number.
pub const ILLEGAL_NUMBER: Code = Code(5);
/// numeric overflow.
pub const NUMERIC_OVERFLOW: Code = Code(6);
/// illegal option.
pub const ILLEGAL_OPTION: Code = Code(7);
/// dead process identifier.
pub const DEAD_PID: Code = Code(8);
/// not implemented.
pub const NOT_IMPLEMENTED: Code = Code(9);
/// bad parameter.
pub const BAD_PARAMETER: Code = Code(10);
/// forbidden.
pub const FORBIDDEN: Code = Code(11);
/// csv is corrupt.
pub const CORRUPTED_CSV: Code = Code(13);
/// file not found.
pub const FILE_NOT_FOUND: Code = Code(14);
/// cannot write file.
pub const CANNOT_WRITE_FILE: Code = Code(15);
/// cannot overwrite file.
pub const CANNOT_OVERWRITE_FILE: Code = Code(16);
/// type error.
pub const TYPE_ERROR: Code = Code(17);
/// lock timeout.
pub const LOCK_TIMEOUT: Code = Code(18);
/// cannot create directory.
pub const CANNOT_CREATE_DIRECTORY: Code = Code(19);
/// cannot create temporary file.
pub const CANNOT_CREATE_TEMP_FILE: Code = Code(20);
/// canceled request.
pub const REQUEST_CANCELED: Code = Code(21);
/// intentional debug error.
pub const DEBUG: Code = Code(22);
/// IP address is invalid.
pub const IP_ADDRESS_INVALID: Code = Code(25);
/// file exists.
pub const FILE_EXISTS: Code = Code(27);
/// locked.
pub const LOCKED: Code = Code(28);
/// deadlock detected.
pub const DEADLOCK: Code = Code(29);
/// shutdown in progress.
pub const SHUTTING_DOWN: Code = Code(30);
/// only enterprise version.
pub const ONLY_ENTERPRISE: Code = Code(31);
/// resource limit exceeded.
pub const RESOURCE_LIMIT: Code = Code(32);
/// icu error: %s.
pub const ARANGO_ICU_ERROR: Code = Code(33);
/// cannot read file.
pub const CANNOT_READ_FILE: Code = Code(34);
/// incompatible server version.
pub const INCOMPATIBLE_VERSION: Code = Code(35);
/// disabled.
pub const DISABLED: Code = Code(36);
/// malformed json.
pub const MALFORMED_JSON: Code = Code(37);
/// startup ongoing.
pub const STARTING_UP: Code = Code(38);
/// error during deserialization.
pub const DESERIALIZE: Code = Code(39);
/// reached end of file.
pub const END_OF_FILE: Code = Code(40);
/// bad parameter.
pub const HTTP_BAD_PARAMETER: Code = Code(400);
/// unauthorized.
pub const HTTP_UNAUTHORIZED: Code = Code(401);
/// forbidden.
pub const HTTP_FORBIDDEN: Code = Code(403);
/// not found.
pub const HTTP_NOT_FOUND: Code = Code(404);
/// method not supported.
pub const HTTP_METHOD_NOT_ALLOWED: Code = Code(405);
/// request not acceptable.
pub const HTTP_NOT_ACCEPTABLE: Code = Code(406);
/// request timeout.
pub const HTTP_REQUEST_TIMEOUT: Code = Code(408);
/// conflict.
pub const HTTP_CONFLICT: Code = Code(409);
/// content permanently deleted.
pub const HTTP_GONE: Code = Code(410);
/// precondition failed.
pub const HTTP_PRECONDITION_FAILED: Code = Code(412);
/// enhance your calm.
pub const HTTP_ENHANCE_YOUR_CALM: Code = Code(420);
/// internal server error.
pub const HTTP_SERVER_ERROR: Code = Code(500);
/// not implemented.
pub const HTTP_NOT_IMPLEMENTED: Code = Code(501);
/// service unavailable.
pub const HTTP_SERVICE_UNAVAILABLE: Code = Code(503);
/// gateway timeout.
pub const HTTP_GATEWAY_TIMEOUT: Code = Code(504);
/// invalid JSON object.
pub const HTTP_CORRUPTED_JSON: Code = Code(600);
/// superfluous URL suffices.
pub const HTTP_SUPERFLUOUS_SUFFICES: Code = Code(601);
/// illegal state.
pub const ARANGO_ILLEGAL_STATE: Code = Code(1000);
/// read only.
pub const ARANGO_READ_ONLY: Code = Code(1004);
/// duplicate identifier.
pub const ARANGO_DUPLICATE_IDENTIFIER: Code = Code(1005);
/// corrupted datafile.
pub const ARANGO_CORRUPTED_DATAFILE: Code = Code(1100);
/// illegal or unreadable parameter file.
pub const ARANGO_ILLEGAL_PARAMETER_FILE: Code = Code(1101);
/// corrupted collection.
pub const ARANGO_CORRUPTED_COLLECTION: Code = Code(1102);
/// filesystem full.
pub const ARANGO_FILESYSTEM_FULL: Code = Code(1104);
/// database directory is locked.
pub const ARANGO_DATADIR_LOCKED: Code = Code(1107);
/// conflict.
pub const ARANGO_CONFLICT: Code = Code(1200);
/// document not found.
pub const ARANGO_DOCUMENT_NOT_FOUND: Code = Code(1202);
/// collection or view not found.
pub const ARANGO_DATA_SOURCE_NOT_FOUND: Code = Code(1203);
/// parameter 'collection' not found.
pub const ARANGO_COLLECTION_PARAMETER_MISSING: Code = Code(1204);
/// illegal document identifier.
pub const ARANGO_DOCUMENT_HANDLE_BAD: Code = Code(1205);
/// duplicate name.
pub const ARANGO_DUPLICATE_NAME: Code = Code(1207);
/// illegal name.
pub const ARANGO_ILLEGAL_NAME: Code = Code(1208);
/// no suitable index known.
pub const ARANGO_NO_INDEX: Code = Code(1209);
/// unique constraint violated.
pub const ARANGO_UNIQUE_CONSTRAINT_VIOLATED: Code = Code(1210);
/// index not found.
pub const ARANGO_INDEX_NOT_FOUND: Code = Code(1212);
/// cross collection request not allowed.
pub const ARANGO_CROSS_COLLECTION_REQUEST: Code = Code(1213);
/// illegal index identifier.
pub const ARANGO_INDEX_HANDLE_BAD: Code = Code(1214);
/// document too large.
pub const ARANGO_DOCUMENT_TOO_LARGE: Code = Code(1216);
/// collection type invalid.
pub const ARANGO_COLLECTION_TYPE_INVALID: Code = Code(1218);
/// parsing attribute name definition failed.
pub const ARANGO_ATTRIBUTE_PARSER_FAILED: Code = Code(1220);
/// illegal document key.
pub const ARANGO_DOCUMENT_KEY_BAD: Code = Code(1221);
/// unexpected document key.
pub const ARANGO_DOCUMENT_KEY_UNEXPECTED: Code = Code(1222);
/// server database directory not writable.
pub const ARANGO_DATADIR_NOT_WRITABLE: Code = Code(1224);
/// out of keys.
pub const ARANGO_OUT_OF_KEYS: Code = Code(1225);
/// missing document key.
pub const ARANGO_DOCUMENT_KEY_MISSING: Code = Code(1226);
/// invalid document type.
pub const ARANGO_DOCUMENT_TYPE_INVALID: Code = Code(1227);
/// database not found.
pub const ARANGO_DATABASE_NOT_FOUND: Code = Code(1228);
/// database name invalid.
pub const ARANGO_DATABASE_NAME_INVALID: Code = Code(1229);
/// operation only allowed in system database.
pub const ARANGO_USE_SYSTEM_DATABASE: Code = Code(1230);
/// invalid key generator.
pub const ARANGO_INVALID_KEY_GENERATOR: Code = Code(1232);
/// expecting both `_from` and `_to` attributes to be defined in the edge document and have the format `collectionName/vertexKey.
pub const ARANGO_INVALID_EDGE_ATTRIBUTE: Code = Code(1233);
/// index creation failed.
pub const ARANGO_INDEX_CREATION_FAILED: Code = Code(1235);
/// collection type mismatch.
pub const ARANGO_COLLECTION_TYPE_MISMATCH: Code = Code(1237);
/// collection not loaded.
pub const ARANGO_COLLECTION_NOT_LOADED: Code = Code(1238);
/// illegal document revision.
pub const ARANGO_DOCUMENT_REV_BAD: Code = Code(1239);
/// incomplete read.
pub const ARANGO_INCOMPLETE_READ: Code = Code(1240);
/// not supported by old legacy data format.
pub const ARANGO_OLD_ROCKSDB_FORMAT: Code = Code(1241);
/// an index with legacy sorted keys has been found.
pub const ARANGO_INDEX_HAS_LEGACY_SORTED_KEYS: Code = Code(1242);
/// server database directory is empty.
pub const ARANGO_EMPTY_DATADIR: Code = Code(1301);
/// operation should be tried again.
pub const ARANGO_TRY_AGAIN: Code = Code(1302);
/// engine is busy.
pub const ARANGO_BUSY: Code = Code(1303);
/// merge in progress.
pub const ARANGO_MERGE_IN_PROGRESS: Code = Code(1304);
/// storage engine I/O error.
pub const ARANGO_IO_ERROR: Code = Code(1305);
/// this operation is not supported in a cluster.
pub const CLUSTER_UNSUPPORTED: Code = Code(1470);
/// this operation is only valid on a coordinator in a cluster.
pub const CLUSTER_ONLY_ON_COORDINATOR: Code = Code(1471);
/// query killed.
pub const QUERY_KILLED: Code = Code(1500);
/// %s.
pub const QUERY_PARSE: Code = Code(1501);
/// query is empty.
pub const QUERY_EMPTY: Code = Code(1502);
/// runtime error '%s'.
pub const QUERY_SCRIPT: Code = Code(1503);
/// number out of range.
pub const QUERY_NUMBER_OUT_OF_RANGE: Code = Code(1504);
/// invalid geo coordinate value.
pub const QUERY_INVALID_GEO_VALUE: Code = Code(1505);
/// variable name '%s' has an invalid format.
pub const QUERY_VARIABLE_NAME_INVALID: Code = Code(1510);
/// variable '%s' is assigned multiple times.
pub const QUERY_VARIABLE_REDECLARED: Code = Code(1511);
/// unknown variable '%s'.
pub const QUERY_VARIABLE_NAME_UNKNOWN: Code = Code(1512);
/// unable to read-lock collection %s.
pub const QUERY_COLLECTION_LOCK_FAILED: Code = Code(1521);
/// too many collections/shards.
pub const QUERY_TOO_MANY_COLLECTIONS: Code = Code(1522);
/// too much nesting or too many objects.
pub const QUERY_TOO_MUCH_NESTING: Code = Code(1524);
/// unknown/invalid OPTIONS attribute used.
pub const QUERY_INVALID_OPTIONS_ATTRIBUTE: Code = Code(1539);
/// usage of unknown function '%s()'.
pub const QUERY_FUNCTION_NAME_UNKNOWN: Code = Code(1540);
/// invalid number of arguments for function '%s()', expected number of arguments: minimum: %d, maximum: %d.
pub const QUERY_FUNCTION_ARGUMENT_NUMBER_MISMATCH: Code = Code(1541);
/// invalid argument type in call to function '%s()'.
pub const QUERY_FUNCTION_ARGUMENT_TYPE_MISMATCH: Code = Code(1542);
/// invalid regex value.
pub const QUERY_INVALID_REGEX: Code = Code(1543);
/// invalid structure of bind parameters.
pub const QUERY_BIND_PARAMETERS_INVALID: Code = Code(1550);
/// no value specified for declared bind parameter '%s'.
pub const QUERY_BIND_PARAMETER_MISSING: Code = Code(1551);
/// bind parameter '%s' was not declared in the query.
pub const QUERY_BIND_PARAMETER_UNDECLARED: Code = Code(1552);
/// bind parameter '%s' has an invalid value or type.
pub const QUERY_BIND_PARAMETER_TYPE: Code = Code(1553);
/// failed vector search.
pub const QUERY_VECTOR_SEARCH_NOT_APPLIED: Code = Code(1554);
/// vector index not ready.
pub const QUERY_VECTOR_INDEX_NOT_READY: Code = Code(1555);
/// invalid arithmetic value.
pub const QUERY_INVALID_ARITHMETIC_VALUE: Code = Code(1561);
/// division by zero.
pub const QUERY_DIVISION_BY_ZERO: Code = Code(1562);
/// array expected.
pub const QUERY_ARRAY_EXPECTED: Code = Code(1563);
/// collection '%s' used as expression operand.
pub const QUERY_COLLECTION_USED_IN_EXPRESSION: Code = Code(1568);
/// FAIL(%s) called.
pub const QUERY_FAIL_CALLED: Code = Code(1569);
/// no suitable geo index found for geo restriction on '%s'.
pub const QUERY_GEO_INDEX_MISSING: Code = Code(1570);
/// no suitable fulltext index found for fulltext query on '%s'.
pub const QUERY_FULLTEXT_INDEX_MISSING: Code = Code(1571);
/// invalid date value.
pub const QUERY_INVALID_DATE_VALUE: Code = Code(1572);
/// multi-modify query.
pub const QUERY_MULTI_MODIFY: Code = Code(1573);
/// invalid aggregate expression.
pub const QUERY_INVALID_AGGREGATE_EXPRESSION: Code = Code(1574);
/// query options must be readable at query compile time.
pub const QUERY_COMPILE_TIME_OPTIONS: Code = Code(1575);
/// FILTER/PRUNE condition complexity is too high.
pub const QUERY_DNF_COMPLEXITY: Code = Code(1576);
/// could not use forced index hint.
pub const QUERY_FORCED_INDEX_HINT_UNUSABLE: Code = Code(1577);
/// disallowed dynamic call to '%s'.
pub const QUERY_DISALLOWED_DYNAMIC_CALL: Code = Code(1578);
/// access after data-modification by %s.
pub const QUERY_ACCESS_AFTER_MODIFICATION: Code = Code(1579);
/// invalid user function name.
pub const QUERY_FUNCTION_INVALID_NAME: Code = Code(1580);
/// invalid user function code.
pub const QUERY_FUNCTION_INVALID_CODE: Code = Code(1581);
/// user function '%s()' not found.
pub const QUERY_FUNCTION_NOT_FOUND: Code = Code(1582);
/// user function runtime error: %s.
pub const QUERY_FUNCTION_RUNTIME_ERROR: Code = Code(1583);
/// query is not eligible for plan caching.
pub const QUERY_NOT_ELIGIBLE_FOR_PLAN_CACHING: Code = Code(1584);
/// bad execution plan JSON.
pub const QUERY_BAD_JSON_PLAN: Code = Code(1590);
/// query ID not found.
pub const QUERY_NOT_FOUND: Code = Code(1591);
/// %s.
pub const QUERY_USER_ASSERT: Code = Code(1593);
/// %s.
pub const QUERY_USER_WARN: Code = Code(1594);
/// window operation after data-modification.
pub const QUERY_WINDOW_AFTER_MODIFICATION: Code = Code(1595);
/// cursor not found.
pub const CURSOR_NOT_FOUND: Code = Code(1600);
/// cursor is busy.
pub const CURSOR_BUSY: Code = Code(1601);
/// schema validation failed.
pub const VALIDATION_FAILED: Code = Code(1620);
/// invalid schema validation parameter.
pub const VALIDATION_BAD_PARAMETER: Code = Code(1621);
/// internal transaction error.
pub const TRANSACTION_INTERNAL: Code = Code(1650);
/// nested transactions detected.
pub const TRANSACTION_NESTED: Code = Code(1651);
/// unregistered collection used in transaction.
pub const TRANSACTION_UNREGISTERED_COLLECTION: Code = Code(1652);
/// disallowed operation inside transaction.
pub const TRANSACTION_DISALLOWED_OPERATION: Code = Code(1653);
/// transaction aborted.
pub const TRANSACTION_ABORTED: Code = Code(1654);
/// transaction not found.
pub const TRANSACTION_NOT_FOUND: Code = Code(1655);
/// invalid user name.
pub const USER_INVALID_NAME: Code = Code(1700);
/// duplicate user.
pub const USER_DUPLICATE: Code = Code(1702);
/// user not found.
pub const USER_NOT_FOUND: Code = Code(1703);
/// user is external.
pub const USER_EXTERNAL: Code = Code(1705);
/// service download failed.
pub const SERVICE_DOWNLOAD_FAILED: Code = Code(1752);
/// service upload failed.
pub const SERVICE_UPLOAD_FAILED: Code = Code(1753);
/// invalid task id.
pub const TASK_INVALID_ID: Code = Code(1850);
/// duplicate task id.
pub const TASK_DUPLICATE_ID: Code = Code(1851);
/// task not found.
pub const TASK_NOT_FOUND: Code = Code(1852);
/// invalid graph.
pub const GRAPH_INVALID_GRAPH: Code = Code(1901);
/// invalid edge.
pub const GRAPH_INVALID_EDGE: Code = Code(1906);
/// invalid filter result.
pub const GRAPH_INVALID_FILTER_RESULT: Code = Code(1910);
/// multi use of edge collection in edge def.
pub const GRAPH_COLLECTION_MULTI_USE: Code = Code(1920);
/// edge collection already used in edge def.
pub const GRAPH_COLLECTION_USE_IN_MULTI_GRAPHS: Code = Code(1921);
/// missing graph name.
pub const GRAPH_CREATE_MISSING_NAME: Code = Code(1922);
/// malformed edge definition.
pub const GRAPH_CREATE_MALFORMED_EDGE_DEFINITION: Code = Code(1923);
/// graph '%s' not found.
pub const GRAPH_NOT_FOUND: Code = Code(1924);
/// graph already exists.
pub const GRAPH_DUPLICATE: Code = Code(1925);
/// vertex collection does not exist or is not part of the graph.
pub const GRAPH_VERTEX_COL_DOES_NOT_EXIST: Code = Code(1926);
/// collection not a vertex collection.
pub const GRAPH_WRONG_COLLECTION_TYPE_VERTEX: Code = Code(1927);
/// collection is not in list of orphan collections.
pub const GRAPH_NOT_IN_ORPHAN_COLLECTION: Code = Code(1928);
/// collection already used in edge def.
pub const GRAPH_COLLECTION_USED_IN_EDGE_DEF: Code = Code(1929);
/// edge collection not used in graph.
pub const GRAPH_EDGE_COLLECTION_NOT_USED: Code = Code(1930);
/// collection _graphs does not exist.
pub const GRAPH_NO_GRAPH_COLLECTION: Code = Code(1932);
/// Invalid number of arguments. Expected:.
pub const GRAPH_INVALID_NUMBER_OF_ARGUMENTS: Code = Code(1935);
/// Invalid parameter type.
pub const GRAPH_INVALID_PARAMETER: Code = Code(1936);
/// collection used in orphans.
pub const GRAPH_COLLECTION_USED_IN_ORPHANS: Code = Code(1938);
/// edge collection does not exist or is not part of the graph.
pub const GRAPH_EDGE_COL_DOES_NOT_EXIST: Code = Code(1939);
/// empty graph.
pub const GRAPH_EMPTY: Code = Code(1940);
/// internal graph data corrupt.
pub const GRAPH_INTERNAL_DATA_CORRUPT: Code = Code(1941);
/// must not drop collection while part of graph.
pub const GRAPH_MUST_NOT_DROP_COLLECTION: Code = Code(1942);
/// malformed orphan list.
pub const GRAPH_CREATE_MALFORMED_ORPHAN_LIST: Code = Code(1943);
/// edge definition collection is a document collection.
pub const GRAPH_EDGE_DEFINITION_IS_DOCUMENT: Code = Code(1944);
/// initial collection is not allowed to be removed manually.
pub const GRAPH_COLLECTION_IS_INITIAL: Code = Code(1945);
/// no valid initial collection found.
pub const GRAPH_NO_INITIAL_COLLECTION: Code = Code(1946);
/// referenced vertex collection is not part of the graph.
pub const GRAPH_REFERENCED_VERTEX_COLLECTION_NOT_PART_OF_THE_GRAPH: Code = Code(1947);
/// negative edge weight found.
pub const GRAPH_NEGATIVE_EDGE_WEIGHT: Code = Code(1948);
/// the given collection is not part of the graph.
pub const GRAPH_COLLECTION_NOT_PART_OF_THE_GRAPH: Code = Code(1949);
/// unknown session.
pub const SESSION_UNKNOWN: Code = Code(1950);
/// session expired.
pub const SESSION_EXPIRED: Code = Code(1951);
/// failed to parse manifest file.
pub const MALFORMED_MANIFEST_FILE: Code = Code(3000);
/// manifest file is invalid.
pub const INVALID_SERVICE_MANIFEST: Code = Code(3001);
/// service files missing.
pub const SERVICE_FILES_MISSING: Code = Code(3002);
/// service files outdated.
pub const SERVICE_FILES_OUTDATED: Code = Code(3003);
/// service options are invalid.
pub const INVALID_FOXX_OPTIONS: Code = Code(3004);
/// invalid mountpath.
pub const INVALID_MOUNTPOINT: Code = Code(3007);
/// service not found.
pub const SERVICE_NOT_FOUND: Code = Code(3009);
/// service needs configuration.
pub const SERVICE_NEEDS_CONFIGURATION: Code = Code(3010);
/// service already exists.
pub const SERVICE_MOUNTPOINT_CONFLICT: Code = Code(3011);
/// missing manifest file.
pub const SERVICE_MANIFEST_NOT_FOUND: Code = Code(3012);
/// failed to parse service options.
pub const SERVICE_OPTIONS_MALFORMED: Code = Code(3013);
/// source path not found.
pub const SERVICE_SOURCE_NOT_FOUND: Code = Code(3014);
/// error resolving source.
pub const SERVICE_SOURCE_ERROR: Code = Code(3015);
/// unknown script.
pub const SERVICE_UNKNOWN_SCRIPT: Code = Code(3016);
/// service api disabled.
pub const SERVICE_API_DISABLED: Code = Code(3099);
/// cannot locate module.
pub const MODULE_NOT_FOUND: Code = Code(3100);
/// syntax error in module.
pub const MODULE_SYNTAX_ERROR: Code = Code(3101);
/// failed to invoke module.
pub const MODULE_FAILURE: Code = Code(3103);
/// collection is not smart.
pub const NO_SMART_COLLECTION: Code = Code(4000);
/// smart graph attribute not given.
pub const NO_SMART_GRAPH_ATTRIBUTE: Code = Code(4001);
/// cannot drop this smart collection.
pub const CANNOT_DROP_SMART_COLLECTION: Code = Code(4002);
/// in smart vertex collections _key must be a string and prefixed with the value of the smart graph attribute.
pub const KEY_MUST_BE_PREFIXED_WITH_SMART_GRAPH_ATTRIBUTE: Code = Code(4003);
/// attribute cannot be used as smart graph attribute.
pub const ILLEGAL_SMART_GRAPH_ATTRIBUTE: Code = Code(4004);
/// smart graph attribute mismatch.
pub const SMART_GRAPH_ATTRIBUTE_MISMATCH: Code = Code(4005);
/// invalid smart join attribute declaration.
pub const INVALID_SMART_JOIN_ATTRIBUTE: Code = Code(4006);
/// shard key value must be prefixed with the value of the smart join attribute.
pub const KEY_MUST_BE_PREFIXED_WITH_SMART_JOIN_ATTRIBUTE: Code = Code(4007);
/// smart join attribute not given or invalid.
pub const NO_SMART_JOIN_ATTRIBUTE: Code = Code(4008);
/// must not change the value of the smartJoinAttribute.
pub const CLUSTER_MUST_NOT_CHANGE_SMART_JOIN_ATTRIBUTE: Code = Code(4009);
/// non disjoint edge found.
pub const INVALID_DISJOINT_SMART_EDGE: Code = Code(4010);
/// Unsupported alternating Smart and Satellite in Disjoint SmartGraph.
pub const UNSUPPORTED_CHANGE_IN_SMART_TO_SATELLITE_DISJOINT_EDGE_DIRECTION: Code = Code(4011);
/// analyzers in plan could not be modified.
pub const CLUSTER_COULD_NOT_MODIFY_ANALYZERS_IN_PLAN: Code = Code(7021);
/// queue is full.
pub const QUEUE_FULL: Code = Code(21003);
/// queue time violated.
pub const QUEUE_TIME_REQUIREMENT_VIOLATED: Code = Code(21004);

pub(crate) const ALL: &[Entry] = &[
    Entry {
        number: 0,
        name: "ERROR_NO_ERROR",
        status: 200,
        text: "no error",
        group: "General errors",
    },
    Entry {
        number: 1,
        name: "ERROR_FAILED",
        status: 500,
        text: "failed",
        group: "General errors",
    },
    Entry {
        number: 2,
        name: "ERROR_SYS_ERROR",
        status: 500,
        text: "system error",
        group: "General errors",
    },
    Entry {
        number: 3,
        name: "ERROR_OUT_OF_MEMORY",
        status: 500,
        text: "out of memory",
        group: "General errors",
    },
    Entry {
        number: 4,
        name: "ERROR_INTERNAL",
        status: 500,
        text: "internal error",
        group: "General errors",
    },
    Entry {
        number: 5,
        name: "ERROR_ILLEGAL_NUMBER",
        status: 500,
        text: "illegal number",
        group: "General errors",
    },
    Entry {
        number: 6,
        name: "ERROR_NUMERIC_OVERFLOW",
        status: 500,
        text: "numeric overflow",
        group: "General errors",
    },
    Entry {
        number: 7,
        name: "ERROR_ILLEGAL_OPTION",
        status: 500,
        text: "illegal option",
        group: "General errors",
    },
    Entry {
        number: 8,
        name: "ERROR_DEAD_PID",
        status: 500,
        text: "dead process identifier",
        group: "General errors",
    },
    Entry {
        number: 9,
        name: "ERROR_NOT_IMPLEMENTED",
        status: 501,
        text: "not implemented",
        group: "General errors",
    },
    Entry {
        number: 10,
        name: "ERROR_BAD_PARAMETER",
        status: 400,
        text: "bad parameter",
        group: "General errors",
    },
    Entry {
        number: 11,
        name: "ERROR_FORBIDDEN",
        status: 403,
        text: "forbidden",
        group: "General errors",
    },
    Entry {
        number: 13,
        name: "ERROR_CORRUPTED_CSV",
        status: 500,
        text: "csv is corrupt",
        group: "General errors",
    },
    Entry {
        number: 14,
        name: "ERROR_FILE_NOT_FOUND",
        status: 500,
        text: "file not found",
        group: "General errors",
    },
    Entry {
        number: 15,
        name: "ERROR_CANNOT_WRITE_FILE",
        status: 500,
        text: "cannot write file",
        group: "General errors",
    },
    Entry {
        number: 16,
        name: "ERROR_CANNOT_OVERWRITE_FILE",
        status: 500,
        text: "cannot overwrite file",
        group: "General errors",
    },
    Entry {
        number: 17,
        name: "ERROR_TYPE_ERROR",
        status: 400,
        text: "type error",
        group: "General errors",
    },
    Entry {
        number: 18,
        name: "ERROR_LOCK_TIMEOUT",
        status: 409,
        text: "lock timeout",
        group: "General errors",
    },
    Entry {
        number: 19,
        name: "ERROR_CANNOT_CREATE_DIRECTORY",
        status: 500,
        text: "cannot create directory",
        group: "General errors",
    },
    Entry {
        number: 20,
        name: "ERROR_CANNOT_CREATE_TEMP_FILE",
        status: 500,
        text: "cannot create temporary file",
        group: "General errors",
    },
    Entry {
        number: 21,
        name: "ERROR_REQUEST_CANCELED",
        status: 410,
        text: "canceled request",
        group: "General errors",
    },
    Entry {
        number: 22,
        name: "ERROR_DEBUG",
        status: 500,
        text: "intentional debug error",
        group: "General errors",
    },
    Entry {
        number: 25,
        name: "ERROR_IP_ADDRESS_INVALID",
        status: 500,
        text: "IP address is invalid",
        group: "General errors",
    },
    Entry {
        number: 27,
        name: "ERROR_FILE_EXISTS",
        status: 500,
        text: "file exists",
        group: "General errors",
    },
    Entry {
        number: 28,
        name: "ERROR_LOCKED",
        status: 409,
        text: "locked",
        group: "General errors",
    },
    Entry {
        number: 29,
        name: "ERROR_DEADLOCK",
        status: 409,
        text: "deadlock detected",
        group: "General errors",
    },
    Entry {
        number: 30,
        name: "ERROR_SHUTTING_DOWN",
        status: 503,
        text: "shutdown in progress",
        group: "General errors",
    },
    Entry {
        number: 31,
        name: "ERROR_ONLY_ENTERPRISE",
        status: 500,
        text: "only enterprise version",
        group: "General errors",
    },
    Entry {
        number: 32,
        name: "ERROR_RESOURCE_LIMIT",
        status: 500,
        text: "resource limit exceeded",
        group: "General errors",
    },
    Entry {
        number: 33,
        name: "ERROR_ARANGO_ICU_ERROR",
        status: 500,
        text: "icu error: %s",
        group: "General errors",
    },
    Entry {
        number: 34,
        name: "ERROR_CANNOT_READ_FILE",
        status: 500,
        text: "cannot read file",
        group: "General errors",
    },
    Entry {
        number: 35,
        name: "ERROR_INCOMPATIBLE_VERSION",
        status: 500,
        text: "incompatible server version",
        group: "General errors",
    },
    Entry {
        number: 36,
        name: "ERROR_DISABLED",
        status: 403,
        text: "disabled",
        group: "General errors",
    },
    Entry {
        number: 37,
        name: "ERROR_MALFORMED_JSON",
        status: 500,
        text: "malformed json",
        group: "General errors",
    },
    Entry {
        number: 38,
        name: "ERROR_STARTING_UP",
        status: 503,
        text: "startup ongoing",
        group: "General errors",
    },
    Entry {
        number: 39,
        name: "ERROR_DESERIALIZE",
        status: 500,
        text: "error during deserialization",
        group: "General errors",
    },
    Entry {
        number: 40,
        name: "ERROR_END_OF_FILE",
        status: 500,
        text: "reached end of file",
        group: "General errors",
    },
    Entry {
        number: 400,
        name: "ERROR_HTTP_BAD_PARAMETER",
        status: 400,
        text: "bad parameter",
        group: "HTTP error status codes",
    },
    Entry {
        number: 401,
        name: "ERROR_HTTP_UNAUTHORIZED",
        status: 401,
        text: "unauthorized",
        group: "HTTP error status codes",
    },
    Entry {
        number: 403,
        name: "ERROR_HTTP_FORBIDDEN",
        status: 403,
        text: "forbidden",
        group: "HTTP error status codes",
    },
    Entry {
        number: 404,
        name: "ERROR_HTTP_NOT_FOUND",
        status: 404,
        text: "not found",
        group: "HTTP error status codes",
    },
    Entry {
        number: 405,
        name: "ERROR_HTTP_METHOD_NOT_ALLOWED",
        status: 405,
        text: "method not supported",
        group: "HTTP error status codes",
    },
    Entry {
        number: 406,
        name: "ERROR_HTTP_NOT_ACCEPTABLE",
        status: 406,
        text: "request not acceptable",
        group: "HTTP error status codes",
    },
    Entry {
        number: 408,
        name: "ERROR_HTTP_REQUEST_TIMEOUT",
        status: 408,
        text: "request timeout",
        group: "HTTP error status codes",
    },
    Entry {
        number: 409,
        name: "ERROR_HTTP_CONFLICT",
        status: 409,
        text: "conflict",
        group: "HTTP error status codes",
    },
    Entry {
        number: 410,
        name: "ERROR_HTTP_GONE",
        status: 410,
        text: "content permanently deleted",
        group: "HTTP error status codes",
    },
    Entry {
        number: 412,
        name: "ERROR_HTTP_PRECONDITION_FAILED",
        status: 412,
        text: "precondition failed",
        group: "HTTP error status codes",
    },
    Entry {
        number: 420,
        name: "ERROR_HTTP_ENHANCE_YOUR_CALM",
        status: 420,
        text: "enhance your calm",
        group: "HTTP error status codes",
    },
    Entry {
        number: 500,
        name: "ERROR_HTTP_SERVER_ERROR",
        status: 500,
        text: "internal server error",
        group: "HTTP error status codes",
    },
    Entry {
        number: 501,
        name: "ERROR_HTTP_NOT_IMPLEMENTED",
        status: 501,
        text: "not implemented",
        group: "HTTP error status codes",
    },
    Entry {
        number: 503,
        name: "ERROR_HTTP_SERVICE_UNAVAILABLE",
        status: 503,
        text: "service unavailable",
        group: "HTTP error status codes",
    },
    Entry {
        number: 504,
        name: "ERROR_HTTP_GATEWAY_TIMEOUT",
        status: 504,
        text: "gateway timeout",
        group: "HTTP error status codes",
    },
    Entry {
        number: 600,
        name: "ERROR_HTTP_CORRUPTED_JSON",
        status: 400,
        text: "invalid JSON object",
        group: "HTTP processing errors",
    },
    Entry {
        number: 601,
        name: "ERROR_HTTP_SUPERFLUOUS_SUFFICES",
        status: 400,
        text: "superfluous URL suffices",
        group: "HTTP processing errors",
    },
    Entry {
        number: 1000,
        name: "ERROR_ARANGO_ILLEGAL_STATE",
        status: 500,
        text: "illegal state",
        group: "Internal ArangoDB storage errors",
    },
    Entry {
        number: 1004,
        name: "ERROR_ARANGO_READ_ONLY",
        status: 403,
        text: "read only",
        group: "Internal ArangoDB storage errors",
    },
    Entry {
        number: 1005,
        name: "ERROR_ARANGO_DUPLICATE_IDENTIFIER",
        status: 409,
        text: "duplicate identifier",
        group: "Internal ArangoDB storage errors",
    },
    Entry {
        number: 1100,
        name: "ERROR_ARANGO_CORRUPTED_DATAFILE",
        status: 500,
        text: "corrupted datafile",
        group: "External ArangoDB storage errors",
    },
    Entry {
        number: 1101,
        name: "ERROR_ARANGO_ILLEGAL_PARAMETER_FILE",
        status: 500,
        text: "illegal or unreadable parameter file",
        group: "External ArangoDB storage errors",
    },
    Entry {
        number: 1102,
        name: "ERROR_ARANGO_CORRUPTED_COLLECTION",
        status: 500,
        text: "corrupted collection",
        group: "External ArangoDB storage errors",
    },
    Entry {
        number: 1104,
        name: "ERROR_ARANGO_FILESYSTEM_FULL",
        status: 507,
        text: "filesystem full",
        group: "External ArangoDB storage errors",
    },
    Entry {
        number: 1107,
        name: "ERROR_ARANGO_DATADIR_LOCKED",
        status: 500,
        text: "database directory is locked",
        group: "External ArangoDB storage errors",
    },
    Entry {
        number: 1200,
        name: "ERROR_ARANGO_CONFLICT",
        status: 409,
        text: "conflict",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1202,
        name: "ERROR_ARANGO_DOCUMENT_NOT_FOUND",
        status: 404,
        text: "document not found",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1203,
        name: "ERROR_ARANGO_DATA_SOURCE_NOT_FOUND",
        status: 404,
        text: "collection or view not found",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1204,
        name: "ERROR_ARANGO_COLLECTION_PARAMETER_MISSING",
        status: 400,
        text: "parameter 'collection' not found",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1205,
        name: "ERROR_ARANGO_DOCUMENT_HANDLE_BAD",
        status: 400,
        text: "illegal document identifier",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1207,
        name: "ERROR_ARANGO_DUPLICATE_NAME",
        status: 409,
        text: "duplicate name",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1208,
        name: "ERROR_ARANGO_ILLEGAL_NAME",
        status: 400,
        text: "illegal name",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1209,
        name: "ERROR_ARANGO_NO_INDEX",
        status: 500,
        text: "no suitable index known",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1210,
        name: "ERROR_ARANGO_UNIQUE_CONSTRAINT_VIOLATED",
        status: 409,
        text: "unique constraint violated",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1212,
        name: "ERROR_ARANGO_INDEX_NOT_FOUND",
        status: 404,
        text: "index not found",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1213,
        name: "ERROR_ARANGO_CROSS_COLLECTION_REQUEST",
        status: 400,
        text: "cross collection request not allowed",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1214,
        name: "ERROR_ARANGO_INDEX_HANDLE_BAD",
        status: 400,
        text: "illegal index identifier",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1216,
        name: "ERROR_ARANGO_DOCUMENT_TOO_LARGE",
        status: 400,
        text: "document too large",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1218,
        name: "ERROR_ARANGO_COLLECTION_TYPE_INVALID",
        status: 400,
        text: "collection type invalid",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1220,
        name: "ERROR_ARANGO_ATTRIBUTE_PARSER_FAILED",
        status: 400,
        text: "parsing attribute name definition failed",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1221,
        name: "ERROR_ARANGO_DOCUMENT_KEY_BAD",
        status: 400,
        text: "illegal document key",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1222,
        name: "ERROR_ARANGO_DOCUMENT_KEY_UNEXPECTED",
        status: 400,
        text: "unexpected document key",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1224,
        name: "ERROR_ARANGO_DATADIR_NOT_WRITABLE",
        status: 500,
        text: "server database directory not writable",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1225,
        name: "ERROR_ARANGO_OUT_OF_KEYS",
        status: 400,
        text: "out of keys",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1226,
        name: "ERROR_ARANGO_DOCUMENT_KEY_MISSING",
        status: 400,
        text: "missing document key",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1227,
        name: "ERROR_ARANGO_DOCUMENT_TYPE_INVALID",
        status: 400,
        text: "invalid document type",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1228,
        name: "ERROR_ARANGO_DATABASE_NOT_FOUND",
        status: 404,
        text: "database not found",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1229,
        name: "ERROR_ARANGO_DATABASE_NAME_INVALID",
        status: 400,
        text: "database name invalid",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1230,
        name: "ERROR_ARANGO_USE_SYSTEM_DATABASE",
        status: 403,
        text: "operation only allowed in system database",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1232,
        name: "ERROR_ARANGO_INVALID_KEY_GENERATOR",
        status: 400,
        text: "invalid key generator",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1233,
        name: "ERROR_ARANGO_INVALID_EDGE_ATTRIBUTE",
        status: 400,
        text: "expecting both `_from` and `_to` attributes to be defined in the edge document and have the format `<collectionName>/<vertexKey>`",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1235,
        name: "ERROR_ARANGO_INDEX_CREATION_FAILED",
        status: 400,
        text: "index creation failed",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1237,
        name: "ERROR_ARANGO_COLLECTION_TYPE_MISMATCH",
        status: 400,
        text: "collection type mismatch",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1238,
        name: "ERROR_ARANGO_COLLECTION_NOT_LOADED",
        status: 500,
        text: "collection not loaded",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1239,
        name: "ERROR_ARANGO_DOCUMENT_REV_BAD",
        status: 400,
        text: "illegal document revision",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1240,
        name: "ERROR_ARANGO_INCOMPLETE_READ",
        status: 500,
        text: "incomplete read",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1241,
        name: "ERROR_ARANGO_OLD_ROCKSDB_FORMAT",
        status: 500,
        text: "not supported by old legacy data format",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1242,
        name: "ERROR_ARANGO_INDEX_HAS_LEGACY_SORTED_KEYS",
        status: 500,
        text: "an index with legacy sorted keys has been found",
        group: "General ArangoDB storage errors",
    },
    Entry {
        number: 1301,
        name: "ERROR_ARANGO_EMPTY_DATADIR",
        status: 500,
        text: "server database directory is empty",
        group: "Checked ArangoDB storage errors",
    },
    Entry {
        number: 1302,
        name: "ERROR_ARANGO_TRY_AGAIN",
        status: 503,
        text: "operation should be tried again",
        group: "Checked ArangoDB storage errors",
    },
    Entry {
        number: 1303,
        name: "ERROR_ARANGO_BUSY",
        status: 503,
        text: "engine is busy",
        group: "Checked ArangoDB storage errors",
    },
    Entry {
        number: 1304,
        name: "ERROR_ARANGO_MERGE_IN_PROGRESS",
        status: 500,
        text: "merge in progress",
        group: "Checked ArangoDB storage errors",
    },
    Entry {
        number: 1305,
        name: "ERROR_ARANGO_IO_ERROR",
        status: 500,
        text: "storage engine I/O error",
        group: "Checked ArangoDB storage errors",
    },
    Entry {
        number: 1470,
        name: "ERROR_CLUSTER_UNSUPPORTED",
        status: 501,
        text: "this operation is not supported in a cluster",
        group: "Cluster errors",
    },
    Entry {
        number: 1471,
        name: "ERROR_CLUSTER_ONLY_ON_COORDINATOR",
        status: 501,
        text: "this operation is only valid on a coordinator in a cluster",
        group: "Cluster errors",
    },
    Entry {
        number: 1500,
        name: "ERROR_QUERY_KILLED",
        status: 410,
        text: "query killed",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1501,
        name: "ERROR_QUERY_PARSE",
        status: 400,
        text: "%s",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1502,
        name: "ERROR_QUERY_EMPTY",
        status: 400,
        text: "query is empty",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1503,
        name: "ERROR_QUERY_SCRIPT",
        status: 500,
        text: "runtime error '%s'",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1504,
        name: "ERROR_QUERY_NUMBER_OUT_OF_RANGE",
        status: 400,
        text: "number out of range",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1505,
        name: "ERROR_QUERY_INVALID_GEO_VALUE",
        status: 400,
        text: "invalid geo coordinate value",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1510,
        name: "ERROR_QUERY_VARIABLE_NAME_INVALID",
        status: 400,
        text: "variable name '%s' has an invalid format",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1511,
        name: "ERROR_QUERY_VARIABLE_REDECLARED",
        status: 400,
        text: "variable '%s' is assigned multiple times",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1512,
        name: "ERROR_QUERY_VARIABLE_NAME_UNKNOWN",
        status: 400,
        text: "unknown variable '%s'",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1521,
        name: "ERROR_QUERY_COLLECTION_LOCK_FAILED",
        status: 400,
        text: "unable to read-lock collection %s",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1522,
        name: "ERROR_QUERY_TOO_MANY_COLLECTIONS",
        status: 400,
        text: "too many collections/shards",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1524,
        name: "ERROR_QUERY_TOO_MUCH_NESTING",
        status: 400,
        text: "too much nesting or too many objects",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1539,
        name: "ERROR_QUERY_INVALID_OPTIONS_ATTRIBUTE",
        status: 400,
        text: "unknown/invalid OPTIONS attribute used",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1540,
        name: "ERROR_QUERY_FUNCTION_NAME_UNKNOWN",
        status: 400,
        text: "usage of unknown function '%s()'",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1541,
        name: "ERROR_QUERY_FUNCTION_ARGUMENT_NUMBER_MISMATCH",
        status: 400,
        text: "invalid number of arguments for function '%s()', expected number of arguments: minimum: %d, maximum: %d",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1542,
        name: "ERROR_QUERY_FUNCTION_ARGUMENT_TYPE_MISMATCH",
        status: 400,
        text: "invalid argument type in call to function '%s()'",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1543,
        name: "ERROR_QUERY_INVALID_REGEX",
        status: 400,
        text: "invalid regex value",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1550,
        name: "ERROR_QUERY_BIND_PARAMETERS_INVALID",
        status: 400,
        text: "invalid structure of bind parameters",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1551,
        name: "ERROR_QUERY_BIND_PARAMETER_MISSING",
        status: 400,
        text: "no value specified for declared bind parameter '%s'",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1552,
        name: "ERROR_QUERY_BIND_PARAMETER_UNDECLARED",
        status: 400,
        text: "bind parameter '%s' was not declared in the query",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1553,
        name: "ERROR_QUERY_BIND_PARAMETER_TYPE",
        status: 400,
        text: "bind parameter '%s' has an invalid value or type",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1554,
        name: "ERROR_QUERY_VECTOR_SEARCH_NOT_APPLIED",
        status: 400,
        text: "failed vector search",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1555,
        name: "ERROR_QUERY_VECTOR_INDEX_NOT_READY",
        status: 400,
        text: "vector index not ready",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1561,
        name: "ERROR_QUERY_INVALID_ARITHMETIC_VALUE",
        status: 400,
        text: "invalid arithmetic value",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1562,
        name: "ERROR_QUERY_DIVISION_BY_ZERO",
        status: 400,
        text: "division by zero",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1563,
        name: "ERROR_QUERY_ARRAY_EXPECTED",
        status: 400,
        text: "array expected",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1568,
        name: "ERROR_QUERY_COLLECTION_USED_IN_EXPRESSION",
        status: 400,
        text: "collection '%s' used as expression operand",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1569,
        name: "ERROR_QUERY_FAIL_CALLED",
        status: 400,
        text: "FAIL(%s) called",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1570,
        name: "ERROR_QUERY_GEO_INDEX_MISSING",
        status: 400,
        text: "no suitable geo index found for geo restriction on '%s'",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1571,
        name: "ERROR_QUERY_FULLTEXT_INDEX_MISSING",
        status: 400,
        text: "no suitable fulltext index found for fulltext query on '%s'",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1572,
        name: "ERROR_QUERY_INVALID_DATE_VALUE",
        status: 400,
        text: "invalid date value",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1573,
        name: "ERROR_QUERY_MULTI_MODIFY",
        status: 400,
        text: "multi-modify query",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1574,
        name: "ERROR_QUERY_INVALID_AGGREGATE_EXPRESSION",
        status: 400,
        text: "invalid aggregate expression",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1575,
        name: "ERROR_QUERY_COMPILE_TIME_OPTIONS",
        status: 400,
        text: "query options must be readable at query compile time",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1576,
        name: "ERROR_QUERY_DNF_COMPLEXITY",
        status: 400,
        text: "FILTER/PRUNE condition complexity is too high",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1577,
        name: "ERROR_QUERY_FORCED_INDEX_HINT_UNUSABLE",
        status: 400,
        text: "could not use forced index hint",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1578,
        name: "ERROR_QUERY_DISALLOWED_DYNAMIC_CALL",
        status: 400,
        text: "disallowed dynamic call to '%s'",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1579,
        name: "ERROR_QUERY_ACCESS_AFTER_MODIFICATION",
        status: 400,
        text: "access after data-modification by %s",
        group: "ArangoDB query errors",
    },
    Entry {
        number: 1580,
        name: "ERROR_QUERY_FUNCTION_INVALID_NAME",
        status: 400,
        text: "invalid user function name",
        group: "AQL user function errors",
    },
    Entry {
        number: 1581,
        name: "ERROR_QUERY_FUNCTION_INVALID_CODE",
        status: 400,
        text: "invalid user function code",
        group: "AQL user function errors",
    },
    Entry {
        number: 1582,
        name: "ERROR_QUERY_FUNCTION_NOT_FOUND",
        status: 404,
        text: "user function '%s()' not found",
        group: "AQL user function errors",
    },
    Entry {
        number: 1583,
        name: "ERROR_QUERY_FUNCTION_RUNTIME_ERROR",
        status: 500,
        text: "user function runtime error: %s",
        group: "AQL user function errors",
    },
    Entry {
        number: 1584,
        name: "ERROR_QUERY_NOT_ELIGIBLE_FOR_PLAN_CACHING",
        status: 400,
        text: "query is not eligible for plan caching",
        group: "AQL user function errors",
    },
    Entry {
        number: 1590,
        name: "ERROR_QUERY_BAD_JSON_PLAN",
        status: 400,
        text: "bad execution plan JSON",
        group: "AQL query registry errors",
    },
    Entry {
        number: 1591,
        name: "ERROR_QUERY_NOT_FOUND",
        status: 404,
        text: "query ID not found",
        group: "AQL query registry errors",
    },
    Entry {
        number: 1593,
        name: "ERROR_QUERY_USER_ASSERT",
        status: 400,
        text: "%s",
        group: "AQL query registry errors",
    },
    Entry {
        number: 1594,
        name: "ERROR_QUERY_USER_WARN",
        status: 400,
        text: "%s",
        group: "AQL query registry errors",
    },
    Entry {
        number: 1595,
        name: "ERROR_QUERY_WINDOW_AFTER_MODIFICATION",
        status: 400,
        text: "window operation after data-modification",
        group: "AQL query registry errors",
    },
    Entry {
        number: 1600,
        name: "ERROR_CURSOR_NOT_FOUND",
        status: 404,
        text: "cursor not found",
        group: "ArangoDB cursor errors",
    },
    Entry {
        number: 1601,
        name: "ERROR_CURSOR_BUSY",
        status: 409,
        text: "cursor is busy",
        group: "ArangoDB cursor errors",
    },
    Entry {
        number: 1620,
        name: "ERROR_VALIDATION_FAILED",
        status: 400,
        text: "schema validation failed",
        group: "ArangoDB schema validation errors",
    },
    Entry {
        number: 1621,
        name: "ERROR_VALIDATION_BAD_PARAMETER",
        status: 400,
        text: "invalid schema validation parameter",
        group: "ArangoDB schema validation errors",
    },
    Entry {
        number: 1650,
        name: "ERROR_TRANSACTION_INTERNAL",
        status: 500,
        text: "internal transaction error",
        group: "ArangoDB transaction errors",
    },
    Entry {
        number: 1651,
        name: "ERROR_TRANSACTION_NESTED",
        status: 400,
        text: "nested transactions detected",
        group: "ArangoDB transaction errors",
    },
    Entry {
        number: 1652,
        name: "ERROR_TRANSACTION_UNREGISTERED_COLLECTION",
        status: 400,
        text: "unregistered collection used in transaction",
        group: "ArangoDB transaction errors",
    },
    Entry {
        number: 1653,
        name: "ERROR_TRANSACTION_DISALLOWED_OPERATION",
        status: 400,
        text: "disallowed operation inside transaction",
        group: "ArangoDB transaction errors",
    },
    Entry {
        number: 1654,
        name: "ERROR_TRANSACTION_ABORTED",
        status: 410,
        text: "transaction aborted",
        group: "ArangoDB transaction errors",
    },
    Entry {
        number: 1655,
        name: "ERROR_TRANSACTION_NOT_FOUND",
        status: 404,
        text: "transaction not found",
        group: "ArangoDB transaction errors",
    },
    Entry {
        number: 1700,
        name: "ERROR_USER_INVALID_NAME",
        status: 400,
        text: "invalid user name",
        group: "User management errors",
    },
    Entry {
        number: 1702,
        name: "ERROR_USER_DUPLICATE",
        status: 409,
        text: "duplicate user",
        group: "User management errors",
    },
    Entry {
        number: 1703,
        name: "ERROR_USER_NOT_FOUND",
        status: 404,
        text: "user not found",
        group: "User management errors",
    },
    Entry {
        number: 1705,
        name: "ERROR_USER_EXTERNAL",
        status: 403,
        text: "user is external",
        group: "User management errors",
    },
    Entry {
        number: 1752,
        name: "ERROR_SERVICE_DOWNLOAD_FAILED",
        status: 400,
        text: "service download failed",
        group: "Service management errors (legacy)",
    },
    Entry {
        number: 1753,
        name: "ERROR_SERVICE_UPLOAD_FAILED",
        status: 400,
        text: "service upload failed",
        group: "Service management errors (legacy)",
    },
    Entry {
        number: 1850,
        name: "ERROR_TASK_INVALID_ID",
        status: 400,
        text: "invalid task id",
        group: "Task errors",
    },
    Entry {
        number: 1851,
        name: "ERROR_TASK_DUPLICATE_ID",
        status: 409,
        text: "duplicate task id",
        group: "Task errors",
    },
    Entry {
        number: 1852,
        name: "ERROR_TASK_NOT_FOUND",
        status: 404,
        text: "task not found",
        group: "Task errors",
    },
    Entry {
        number: 1901,
        name: "ERROR_GRAPH_INVALID_GRAPH",
        status: 400,
        text: "invalid graph",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1906,
        name: "ERROR_GRAPH_INVALID_EDGE",
        status: 400,
        text: "invalid edge",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1910,
        name: "ERROR_GRAPH_INVALID_FILTER_RESULT",
        status: 400,
        text: "invalid filter result",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1920,
        name: "ERROR_GRAPH_COLLECTION_MULTI_USE",
        status: 400,
        text: "multi use of edge collection in edge def",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1921,
        name: "ERROR_GRAPH_COLLECTION_USE_IN_MULTI_GRAPHS",
        status: 409,
        text: "edge collection already used in edge def",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1922,
        name: "ERROR_GRAPH_CREATE_MISSING_NAME",
        status: 400,
        text: "missing graph name",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1923,
        name: "ERROR_GRAPH_CREATE_MALFORMED_EDGE_DEFINITION",
        status: 400,
        text: "malformed edge definition",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1924,
        name: "ERROR_GRAPH_NOT_FOUND",
        status: 404,
        text: "graph '%s' not found",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1925,
        name: "ERROR_GRAPH_DUPLICATE",
        status: 409,
        text: "graph already exists",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1926,
        name: "ERROR_GRAPH_VERTEX_COL_DOES_NOT_EXIST",
        status: 404,
        text: "vertex collection does not exist or is not part of the graph",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1927,
        name: "ERROR_GRAPH_WRONG_COLLECTION_TYPE_VERTEX",
        status: 400,
        text: "collection not a vertex collection",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1928,
        name: "ERROR_GRAPH_NOT_IN_ORPHAN_COLLECTION",
        status: 400,
        text: "collection is not in list of orphan collections",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1929,
        name: "ERROR_GRAPH_COLLECTION_USED_IN_EDGE_DEF",
        status: 400,
        text: "collection already used in edge def",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1930,
        name: "ERROR_GRAPH_EDGE_COLLECTION_NOT_USED",
        status: 404,
        text: "edge collection not used in graph",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1932,
        name: "ERROR_GRAPH_NO_GRAPH_COLLECTION",
        status: 400,
        text: "collection _graphs does not exist",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1935,
        name: "ERROR_GRAPH_INVALID_NUMBER_OF_ARGUMENTS",
        status: 400,
        text: "Invalid number of arguments. Expected:",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1936,
        name: "ERROR_GRAPH_INVALID_PARAMETER",
        status: 400,
        text: "Invalid parameter type",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1938,
        name: "ERROR_GRAPH_COLLECTION_USED_IN_ORPHANS",
        status: 400,
        text: "collection used in orphans",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1939,
        name: "ERROR_GRAPH_EDGE_COL_DOES_NOT_EXIST",
        status: 404,
        text: "edge collection does not exist or is not part of the graph",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1940,
        name: "ERROR_GRAPH_EMPTY",
        status: 400,
        text: "empty graph",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1941,
        name: "ERROR_GRAPH_INTERNAL_DATA_CORRUPT",
        status: 400,
        text: "internal graph data corrupt",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1942,
        name: "ERROR_GRAPH_MUST_NOT_DROP_COLLECTION",
        status: 403,
        text: "must not drop collection while part of graph",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1943,
        name: "ERROR_GRAPH_CREATE_MALFORMED_ORPHAN_LIST",
        status: 400,
        text: "malformed orphan list",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1944,
        name: "ERROR_GRAPH_EDGE_DEFINITION_IS_DOCUMENT",
        status: 400,
        text: "edge definition collection is a document collection",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1945,
        name: "ERROR_GRAPH_COLLECTION_IS_INITIAL",
        status: 403,
        text: "initial collection is not allowed to be removed manually",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1946,
        name: "ERROR_GRAPH_NO_INITIAL_COLLECTION",
        status: 400,
        text: "no valid initial collection found",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1947,
        name: "ERROR_GRAPH_REFERENCED_VERTEX_COLLECTION_NOT_PART_OF_THE_GRAPH",
        status: 404,
        text: "referenced vertex collection is not part of the graph",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1948,
        name: "ERROR_GRAPH_NEGATIVE_EDGE_WEIGHT",
        status: 400,
        text: "negative edge weight found",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1949,
        name: "ERROR_GRAPH_COLLECTION_NOT_PART_OF_THE_GRAPH",
        status: 404,
        text: "the given collection is not part of the graph",
        group: "Graph / traversal errors",
    },
    Entry {
        number: 1950,
        name: "ERROR_SESSION_UNKNOWN",
        status: 500,
        text: "unknown session",
        group: "Session errors",
    },
    Entry {
        number: 1951,
        name: "ERROR_SESSION_EXPIRED",
        status: 500,
        text: "session expired",
        group: "Session errors",
    },
    Entry {
        number: 3000,
        name: "ERROR_MALFORMED_MANIFEST_FILE",
        status: 400,
        text: "failed to parse manifest file",
        group: "Foxx management errors",
    },
    Entry {
        number: 3001,
        name: "ERROR_INVALID_SERVICE_MANIFEST",
        status: 400,
        text: "manifest file is invalid",
        group: "Foxx management errors",
    },
    Entry {
        number: 3002,
        name: "ERROR_SERVICE_FILES_MISSING",
        status: 400,
        text: "service files missing",
        group: "Foxx management errors",
    },
    Entry {
        number: 3003,
        name: "ERROR_SERVICE_FILES_OUTDATED",
        status: 400,
        text: "service files outdated",
        group: "Foxx management errors",
    },
    Entry {
        number: 3004,
        name: "ERROR_INVALID_FOXX_OPTIONS",
        status: 400,
        text: "service options are invalid",
        group: "Foxx management errors",
    },
    Entry {
        number: 3007,
        name: "ERROR_INVALID_MOUNTPOINT",
        status: 400,
        text: "invalid mountpath",
        group: "Foxx management errors",
    },
    Entry {
        number: 3009,
        name: "ERROR_SERVICE_NOT_FOUND",
        status: 400,
        text: "service not found",
        group: "Foxx management errors",
    },
    Entry {
        number: 3010,
        name: "ERROR_SERVICE_NEEDS_CONFIGURATION",
        status: 400,
        text: "service needs configuration",
        group: "Foxx management errors",
    },
    Entry {
        number: 3011,
        name: "ERROR_SERVICE_MOUNTPOINT_CONFLICT",
        status: 409,
        text: "service already exists",
        group: "Foxx management errors",
    },
    Entry {
        number: 3012,
        name: "ERROR_SERVICE_MANIFEST_NOT_FOUND",
        status: 400,
        text: "missing manifest file",
        group: "Foxx management errors",
    },
    Entry {
        number: 3013,
        name: "ERROR_SERVICE_OPTIONS_MALFORMED",
        status: 400,
        text: "failed to parse service options",
        group: "Foxx management errors",
    },
    Entry {
        number: 3014,
        name: "ERROR_SERVICE_SOURCE_NOT_FOUND",
        status: 400,
        text: "source path not found",
        group: "Foxx management errors",
    },
    Entry {
        number: 3015,
        name: "ERROR_SERVICE_SOURCE_ERROR",
        status: 400,
        text: "error resolving source",
        group: "Foxx management errors",
    },
    Entry {
        number: 3016,
        name: "ERROR_SERVICE_UNKNOWN_SCRIPT",
        status: 400,
        text: "unknown script",
        group: "Foxx management errors",
    },
    Entry {
        number: 3099,
        name: "ERROR_SERVICE_API_DISABLED",
        status: 403,
        text: "service api disabled",
        group: "Foxx management errors",
    },
    Entry {
        number: 3100,
        name: "ERROR_MODULE_NOT_FOUND",
        status: 400,
        text: "cannot locate module",
        group: "JavaScript module loader errors",
    },
    Entry {
        number: 3101,
        name: "ERROR_MODULE_SYNTAX_ERROR",
        status: 400,
        text: "syntax error in module",
        group: "JavaScript module loader errors",
    },
    Entry {
        number: 3103,
        name: "ERROR_MODULE_FAILURE",
        status: 400,
        text: "failed to invoke module",
        group: "JavaScript module loader errors",
    },
    Entry {
        number: 4000,
        name: "ERROR_NO_SMART_COLLECTION",
        status: 500,
        text: "collection is not smart",
        group: "Enterprise Edition errors",
    },
    Entry {
        number: 4001,
        name: "ERROR_NO_SMART_GRAPH_ATTRIBUTE",
        status: 500,
        text: "smart graph attribute not given",
        group: "Enterprise Edition errors",
    },
    Entry {
        number: 4002,
        name: "ERROR_CANNOT_DROP_SMART_COLLECTION",
        status: 500,
        text: "cannot drop this smart collection",
        group: "Enterprise Edition errors",
    },
    Entry {
        number: 4003,
        name: "ERROR_KEY_MUST_BE_PREFIXED_WITH_SMART_GRAPH_ATTRIBUTE",
        status: 500,
        text: "in smart vertex collections _key must be a string and prefixed with the value of the smart graph attribute",
        group: "Enterprise Edition errors",
    },
    Entry {
        number: 4004,
        name: "ERROR_ILLEGAL_SMART_GRAPH_ATTRIBUTE",
        status: 500,
        text: "attribute cannot be used as smart graph attribute",
        group: "Enterprise Edition errors",
    },
    Entry {
        number: 4005,
        name: "ERROR_SMART_GRAPH_ATTRIBUTE_MISMATCH",
        status: 500,
        text: "smart graph attribute mismatch",
        group: "Enterprise Edition errors",
    },
    Entry {
        number: 4006,
        name: "ERROR_INVALID_SMART_JOIN_ATTRIBUTE",
        status: 500,
        text: "invalid smart join attribute declaration",
        group: "Enterprise Edition errors",
    },
    Entry {
        number: 4007,
        name: "ERROR_KEY_MUST_BE_PREFIXED_WITH_SMART_JOIN_ATTRIBUTE",
        status: 500,
        text: "shard key value must be prefixed with the value of the smart join attribute",
        group: "Enterprise Edition errors",
    },
    Entry {
        number: 4008,
        name: "ERROR_NO_SMART_JOIN_ATTRIBUTE",
        status: 500,
        text: "smart join attribute not given or invalid",
        group: "Enterprise Edition errors",
    },
    Entry {
        number: 4009,
        name: "ERROR_CLUSTER_MUST_NOT_CHANGE_SMART_JOIN_ATTRIBUTE",
        status: 500,
        text: "must not change the value of the smartJoinAttribute",
        group: "Enterprise Edition errors",
    },
    Entry {
        number: 4010,
        name: "ERROR_INVALID_DISJOINT_SMART_EDGE",
        status: 500,
        text: "non disjoint edge found",
        group: "Enterprise Edition errors",
    },
    Entry {
        number: 4011,
        name: "ERROR_UNSUPPORTED_CHANGE_IN_SMART_TO_SATELLITE_DISJOINT_EDGE_DIRECTION",
        status: 500,
        text: "Unsupported alternating Smart and Satellite in Disjoint SmartGraph",
        group: "Enterprise Edition errors",
    },
    Entry {
        number: 7021,
        name: "ERROR_CLUSTER_COULD_NOT_MODIFY_ANALYZERS_IN_PLAN",
        status: 500,
        text: "analyzers in plan could not be modified",
        group: "Plan Analyzers errors",
    },
    Entry {
        number: 21003,
        name: "ERROR_QUEUE_FULL",
        status: 503,
        text: "queue is full",
        group: "Dispatcher errors",
    },
    Entry {
        number: 21004,
        name: "ERROR_QUEUE_TIME_REQUIREMENT_VIOLATED",
        status: 412,
        text: "queue time violated",
        group: "Dispatcher errors",
    },
];
