// What user-defined functions find besides the language, and how they are called: with their
// arguments as JSON text, answered by the result as JSON text.
(function (warn) {
  'use strict';
  const { parse, stringify } = JSON;
  const { apply } = Reflect;

  function AQL_WARNING(code, message) {
    warn(Number(code), String(message));
  }
  Object.defineProperty(globalThis, 'AQL_WARNING', { value: AQL_WARNING });

  return (fn, name, args) => stringify(apply(fn, { name }, parse(args)));
})
