//! What must be stopped is stopped, and nothing else.

use std::time::Duration;

use crate::support::{define, vm};
use js_engine::{RunError, RunLimits, Scope, Vm};

fn limits() -> RunLimits {
    RunLimits {
        time: Some(Duration::from_millis(300)),
        heap_bytes_max: Some(64 << 20),
    }
}

/// How a script ends.
fn end_of(vm: &Scope, source: &str) -> &'static str {
    match vm.run(&limits(), |vm| vm.eval(source, "bomb.js", 1)) {
        Ok(_) => "ends",
        Err(RunError::Exception(_)) => "throws",
        Err(RunError::TimeLimit(_)) => "time",
        Err(RunError::HeapLimit(_)) => "heap",
        Err(RunError::Cancelled) => "cancelled",
        Err(_) => "other",
    }
}

/// Fails unless `source` ends in one of `ways`, in a VM of its own that is then dropped.
fn check(source: &str, ways: &[&str]) {
    let clock = std::time::Instant::now();
    let vm: Vm = vm();
    define(&vm, "host", |scope, args| {
        let f = args.get(0);
        if f.is_function() {
            f.call(&[])
        } else {
            Ok(scope.undefined())
        }
    });
    let end = end_of(&vm, source);
    let ran = clock.elapsed();
    drop(vm);
    eprintln!(
        "{end} {ran:?} drop {:?} {}",
        clock.elapsed() - ran,
        source.get(..source.len().min(70)).unwrap_or("")
    );
    assert!(ways.contains(&end), "{source}: {end}, not {ways:?}");
}
macro_rules! stops {
    ($($name:ident: $source:expr => $($way:literal)|+;)*) => {$(
        #[test]
        fn $name() {
            check($source, &[$($way),+]);
        }
    )*};
}

stops! {
    a_loop: "while (true);" => "time";
    a_loop_that_catches: "for (;;) { try { for (;;); } catch {} finally { continue; } }" => "time";
    a_loop_in_finally: "try { for (;;); } finally { for (;;); }" => "time";
    a_loop_through_host_calls: "for (;;) { try { host(() => { for (;;); }) } catch {} }" => "time";
    a_loop_in_nested_host_calls:
        "function f() { try { host(f) } catch {} finally { for (;;); } } f()" => "time";
    a_loop_of_host_calls: "for (;;) host()" => "time";
    arrays: "const a = []; for (;;) a.push([1, 2, 3])" => "heap";
    objects: "const a = []; for (;;) a.push({a: {b: {c: 1}}})" => "heap";
    one_array: "const a = []; for (;;) a.push(1.5)" => "heap" | "throws";
    a_map: "const m = new Map(); for (let i = 0;; i++) m.set(i, {})" => "heap" | "throws";
    closures: "let f = () => 1; for (;;) { const g = f; f = () => g }" => "heap";
    doubling_strings: "let s = 'x'; for (;;) s += s" => "throws";
    flattened_strings: "let s = 'ab'; const a = []; for (;;) { s += s; a.push(s); s.charCodeAt(1); }" => "throws" | "heap";
    many_strings: "const a = []; for (let i = 0;; i++) a.push('some text ' + i)" => "heap";
    one_giant_string: "'x'.repeat(2 ** 30)" => "throws";
    giant_strings: "const a = []; for (;;) try { a.push('x'.repeat(2 ** 30)) } catch {}" => "time" | "heap";
    padded_strings: "const a = []; for (;;) try { a.push('x'.padEnd(2 ** 30, 'abc')) } catch {}" => "time" | "heap";
    joined_strings: "const a = []; for (;;) try { a.push(Array(2 ** 24).fill('abcdefgh').join('abcdefgh')) } catch {}" => "time" | "heap";
    buffers: "const a = []; for (;;) a.push(new ArrayBuffer(1 << 30))" => "throws" | "heap";
    caught_buffers: "const a = []; for (;;) try { a.push(new ArrayBuffer(1 << 30)) } catch {}" => "time" | "heap";
    typed_arrays: "const a = []; for (;;) try { a.push(new Uint8Array(1 << 26).fill(1)) } catch {}" => "time" | "heap";
    double_arrays: "const a = []; for (;;) try { a.push(new Float64Array(1 << 27).fill(1)) } catch {}" => "time" | "heap";
    growing_buffers: "const a = []; for (;;) try { const b = new ArrayBuffer(0, {maxByteLength: 2 ** 30}); b.resize(2 ** 30); a.push(new Uint8Array(b).fill(1)) } catch {}" => "time" | "heap";
    recursion: "function f() { f() } f()" => "throws";
    caught_recursion: "function f() { try { f() } finally { f() } } f()" => "time";
    recursion_through_host: "function f() { host(f) } f()" => "throws";
    deep_json: "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a)" => "throws";
    deep_json_text: "JSON.parse('['.repeat(1e6))" => "throws";
    deep_regex: "new RegExp('('.repeat(1e6) + ')'.repeat(1e6))" => "throws";
    deep_source: "eval('('.repeat(1e6) + '1' + ')'.repeat(1e6))" => "throws";
    endless_sort: "[1, 2, 3].sort(() => { for (;;); })" => "time";
    long_sort: "const a = Array.from({length: 1e6}, Math.random); for (;;) a.sort((x, y) => { try { return Math.random() - 0.5 } catch { return 0 } })" => "time" | "heap";
    regex: "/^(a+)+$/.test('a'.repeat(40) + 'b')" => "time";
    caught_regex: "for (;;) try { /^(a+)+$/.test('a'.repeat(40) + 'b') } catch {}" => "time";
    microtasks: "(function f() { Promise.resolve().then(f) })()" => "time";
    async_loop: "(async () => { for (;;) await 0 })()" => "time";
    microtasks_that_hold: "const a = []; (function f() { a.push(new Array(100).fill(1.5)); Promise.resolve().then(f) })()" => "heap";
    getter: "JSON.stringify({get a() { for (;;); }})" => "time";
    proxy: "JSON.stringify(new Proxy({}, {ownKeys() { for (;;); }}))" => "time";
    endless_json: "const o = {toJSON() { return {a: o} }}; JSON.stringify({o, get x() { return o }})" => "throws" | "time";
    wide_json: "const o = {toJSON() { return Array(1e4).fill(o) }}; try { JSON.stringify(o) } catch {}; const t = {get a() { return [t, t] }}; JSON.stringify(t)" => "throws" | "time" | "heap";
    array_of_holes: "Array(2 ** 32 - 1).join('x')" => "throws" | "time";
    endless_iterator: "[...{*[Symbol.iterator]() { for (;;) yield 1 }}]" => "heap" | "throws";
    endless_fill: "for (;;) Array(1e8).fill(0)" => "time" | "heap" | "throws";
    endless_generator: "function* g() { for (;;) try { yield 1 } finally { continue } } for (const x of g());" => "time";
    bigints: "let a = 3n; for (;;) a *= a" => "time" | "throws" | "heap";
    bigint_power: "for (;;) try { 7n ** (2n ** 24n) } catch {}" => "time" | "heap";
    array_like: "Array.prototype.indexOf.call({length: 2 ** 53 - 1}, 1)" => "time";
    replace_all: "let s = 'a'.repeat(1e5); for (;;) try { s = s.replaceAll('a', 'a'.repeat(1e5)) } catch {}" => "time" | "heap";
    date_parse: "for (;;) new Date('x'.repeat(1e6))" => "time";
    symbols: "const a = []; for (;;) a.push(Symbol('x'))" => "heap";
    functions: "const a = []; for (let i = 0;; i++) a.push(new Function('return ' + i))" => "heap" | "time";
    weak_refs: "const a = []; for (;;) a.push(new WeakRef({}))" => "heap";
    spread_arguments: "Math.max(...Array(1e7).fill(1))" => "throws" | "heap";
    apply_arguments: "Math.max.apply(null, {length: 2 ** 30})" => "throws" | "heap";
    string_concat: "''.concat(...Array(50).fill('x'.repeat(6e7)))" => "throws";
    global_names: "for (let i = 0;; i++) globalThis['a' + i] = i" => "heap";
    intl: "const a = []; for (;;) a.push(new Intl.NumberFormat('de'))" => "heap" | "time";
}
