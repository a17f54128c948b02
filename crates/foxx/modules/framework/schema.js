// What services may give as a schema, brought into one form: an object with `validate(value)`.
'use strict';

const { requireFile } = require('../runtime/builtins.js');

function isJsonSchema(value) {
  if (typeof value.type === 'string' || typeof value.$schema === 'string') return true;
  return (
    ['anyOf', 'oneOf', 'allOf'].some((key) => Array.isArray(value[key])) ||
    (isPlain(value.properties) && !hasValidator(value.properties))
  );
}

function isPlain(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function hasValidator(value) {
  return value !== null && typeof value === 'object' && typeof value.validate === 'function';
}

// JSON Schema as a schema with the joi-like interface.
class JsonSchema {
  constructor(definition) {
    this.definition = definition;
    this.validator = undefined;
  }

  validate(value) {
    if (value === undefined) return { value };
    if (this.validator === undefined) {
      const { Validator } = requireFile('_json-schema');
      this.validator = new Validator();
    }
    const coerced = coerce(value, this.definition);
    const { errors } = this.validator.validate(coerced, this.definition);
    if (errors.length === 0) return { value: coerced };
    const [{ path, message }] = errors;
    const place = path.length === 0 ? '"value"' : `"${path.join('.')}"`;
    return { value, error: new Error(`${place} ${message}`) };
  }
}

// Parameters arrive as text, whatever the schema says: numbers and booleans are read from it.
function coerce(value, definition) {
  if (typeof value !== 'string') return value;
  if (definition.type === 'number' || definition.type === 'integer') {
    const number = Number(value);
    return value.trim() === '' || Number.isNaN(number) ? value : number;
  }
  if (definition.type === 'boolean' && (value === 'true' || value === 'false'))
    return value === 'true';
  return value;
}

function toSchema(given) {
  if (given === undefined || given === null) return undefined;
  if (hasValidator(given)) return given;
  if (!isPlain(given)) throw new Error(`Expected a schema but got ${typeof given}`);
  if (isJsonSchema(given)) return new JsonSchema(given);
  return requireFile('joi').object().keys(given);
}

// Validates; answers the value or throws what the validator says, in the form {error}.
function runSchema(schema, value) {
  let result;
  try {
    result = schema.validate(value);
  } catch (error) {
    return { error, value };
  }
  return result === null || typeof result !== 'object' ? { value: result } : result;
}

module.exports = { JsonSchema, hasValidator, isPlain, runSchema, toSchema };
