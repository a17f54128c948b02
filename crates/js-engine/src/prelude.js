// Runs first in every VM: takes away what could escape the limits, bounds the built-ins that
// allocate much in a single step (the watchdog looks only between steps), and returns the
// built-in objects that the host uses, as they are before any script can change them.
(function (stringUnitsMax, bufferBytesMax) {
  'use strict';
  const { apply, construct, defineProperty } = Reflect;
  const { isView } = ArrayBuffer;
  const { min } = Math;
  const NativeBuffer = ArrayBuffer;
  const NativeRangeError = RangeError;
  const elementsMax = bufferBytesMax / 8;

  for (const name of ['SharedArrayBuffer', 'Atomics', 'WebAssembly']) {
    delete globalThis[name];
  }

  function refuse(what, setting, max) {
    throw new NativeRangeError(`Out of memory: ${what} is over ${setting}, ${max}`);
  }
  function checkString(units) {
    if (units > stringUnitsMax) refuse(`a string of ${units}`, 'string_units_max', stringUnitsMax);
  }
  function checkBuffer(bytes) {
    if (bytes > bufferBytesMax) refuse(`a buffer of ${bytes}`, 'buffer_bytes_max', bufferBytesMax);
  }
  function checkElements(count) {
    if (count > elementsMax) refuse(`an array of ${count}`, 'buffer_bytes_max', bufferBytesMax);
  }

  // Puts `check` before a method; it sees the receiver and the arguments.
  function bound(holder, name, check) {
    const native = holder[name];
    if (native === undefined) return;
    const { [name]: method } = {
      [name](...args) {
        check(this, args);
        return apply(native, this, args);
      },
    };
    defineProperty(method, 'length', { value: native.length, configurable: true });
    defineProperty(holder, name, { value: method });
  }

  const lengthOf = text => (typeof text === 'string' ? text.length : 0);
  bound(String.prototype, 'repeat', (text, args) => {
    if (text != null && (args[0] = +args[0]) > 0) checkString(`${text}`.length * args[0]);
  });
  for (const name of ['padStart', 'padEnd']) {
    bound(String.prototype, name, (text, args) => checkString(args[0] = +args[0]));
  }
  // Replacing text by text: the result is known to be small, or counted.
  bound(String.prototype, 'replaceAll', (text, args) => {
    const [pattern, by] = args;
    const size = lengthOf(text);
    if (typeof pattern !== 'string' || size * lengthOf(by) <= stringUnitsMax) return;
    let total = size;
    let at = text.indexOf(pattern);
    while (at >= 0 && total <= stringUnitsMax) {
      total += by.length;
      at = at < size ? text.indexOf(pattern, at + (pattern.length || 1)) : -1;
    }
    checkString(total);
  });
  for (const name of ['replace', 'replaceAll']) {
    bound(String.prototype, name, (text, args) => {
      const [pattern, by] = args;
      const risky = typeof pattern === 'object' && lengthOf(text) * lengthOf(by) > stringUnitsMax;
      if (!risky || by.indexOf('$') >= 0) return;
      let total = text.length;
      args[1] = () => {
        checkString(total += by.length);
        return by;
      };
    });
  }
  bound(Array.prototype, 'fill', list => {
    if (list != null && !isView(list)) checkElements(list.length);
  });
  bound(Array.prototype, 'join', (list, args) => {
    const size = list == null ? 0 : list.length;
    if (size > 1) checkString(lengthOf(args[0]) * (size - 1));
  });
  bound(Array, 'from', (_, args) => {
    const list = args[0];
    if (typeof list === 'object' && list !== null && !(Symbol.iterator in list)) {
      checkElements(list.length);
    }
  });

  // A constructor whose first argument is a size or has one.
  function boundConstructor(name, check) {
    const native = globalThis[name];
    if (native === undefined) return;
    const proxy = new Proxy(native, {
      construct(target, args, newTarget) {
        check(args, target.BYTES_PER_ELEMENT);
        return construct(target, args, newTarget);
      },
    });
    defineProperty(native.prototype, 'constructor', { value: proxy });
    defineProperty(globalThis, name, { value: proxy });
  }
  boundConstructor('ArrayBuffer', args => {
    checkBuffer(args[0] = +args[0] || 0);
    const max = args[1] == null ? undefined : args[1].maxByteLength;
    if (max !== undefined) {
      checkBuffer(+max);
      args[1] = { maxByteLength: max };
    }
  });
  for (const name of ['transfer', 'transferToFixedLength']) {
    bound(NativeBuffer.prototype, name, (_, args) => checkBuffer(min(args[0], Infinity)));
  }
  for (const name of [
    'Int8Array', 'Int16Array', 'Int32Array', 'Uint8Array', 'Uint8ClampedArray', 'Uint16Array',
    'Uint32Array', 'Float16Array', 'Float32Array', 'Float64Array', 'BigInt64Array',
    'BigUint64Array',
  ]) {
    boundConstructor(name, (args, size) => {
      const [source] = args;
      if (typeof source === 'number') checkBuffer(source * size);
      else if (typeof source === 'string') checkBuffer(+source * size);
      else if (typeof source === 'object' && source !== null && !isView(source)) {
        if (!(source instanceof NativeBuffer)) checkBuffer(source.length * size);
      }
    });
  }

  return [
    Error, TypeError, RangeError, SyntaxError, Promise, Promise.prototype.then, Function.prototype,
  ];
});
