//! What must be stopped is stopped, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{define, eval, vm};
use platform::{ManualClock, ThreadSettings, spawn_thread};

use js_engine::{RunError, RunLimits, Scope, Vm, VmSettings};

fn vm_with_manual_clock() -> (Arc<ManualClock>, Vm) {
    let clock = Arc::new(ManualClock::new(0));
    (clock.clone(), Vm::new(VmSettings::default(), clock))
}

const MIB: usize = 1 << 20;

fn limits(ms: u64) -> RunLimits {
    RunLimits {
        time: Some(Duration::from_millis(ms)),
        heap_bytes_max: Some(64 * MIB),
    }
}

/// How a script ends.
fn end_of(vm: &Scope, source: &str, limits: &RunLimits) -> &'static str {
    match vm.run(limits, |vm| vm.eval(source, "bomb.js", 1)) {
        Ok(_) => "ends",
        Err(RunError::Exception(_)) => "throws",
        Err(RunError::TimeLimit(_)) => "time",
        Err(RunError::HeapLimit(_)) => "heap",
        Err(RunError::Cancelled) => "cancelled",
        Err(_) => "other",
    }
}

/// Defines `host`, which calls its argument.
fn define_host(vm: &Scope) {
    define(vm, "host", |scope, args| {
        let f = args.get(0);
        if f.is_function() {
            f.call(&[])
        } else {
            Ok(scope.undefined())
        }
    });
}

/// Fails unless `source` ends in one of `ways`, in a VM of its own that is then dropped while
/// another one still works.
fn check(source: &str, ways: &[&str]) {
    let (other, bombed) = (vm(), vm());
    define_host(&bombed);
    // Where only the heap limit may strike, a slow machine must not let the clock win.
    let ms = if ways.contains(&"time") { 200 } else { 30_000 };
    let end = end_of(&bombed, source, &limits(ms));
    assert!(ways.contains(&end), "{source}: {end}, not {ways:?}");
    if end == "throws" {
        assert_eq!(eval(&bombed, "6 * 7"), "42", "after {source}");
    } else {
        assert!(bombed.is_poisoned());
        assert!(bombed.eval("1", "t", 1).is_err());
        assert_eq!(end_of(&bombed, "1", &limits(ms)), end);
    }
    drop(bombed);
    assert_eq!(eval(&other, "6 * 7"), "42", "beside {source}");
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
    deep_json: "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a)" => "throws" | "time";
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
    string_concat: "''.concat(...Array(50).fill('x'.repeat(6e7)))" => "throws" | "heap";
    global_names: "for (let i = 0;; i++) globalThis['a' + i] = i" => "heap";
    intl: "const a = []; for (;;) a.push(new Intl.NumberFormat('de'))" => "heap" | "time";
}

#[test]
fn another_thread_cancels() {
    let vm = vm();
    let handle = vm.cancel_handle();
    define(&vm, "started", move |scope, _| {
        let handle = handle.clone();
        let settings = ThreadSettings {
            name: "cancel".into(),
            stack_bytes: None,
        };
        let thread = spawn_thread(settings, move || handle.cancel()).expect("a thread");
        thread.join().expect("cancels");
        Ok(scope.undefined())
    });
    let source = "for (;;) { try { started(); } catch {} finally { for (;;); } }";
    assert_eq!(end_of(&vm, source, &RunLimits::default()), "cancelled");
    assert!(vm.is_poisoned());
}

#[test]
fn a_panic_ends_the_run_and_not_the_process() {
    let vm = vm();
    define(&vm, "broken", |_, _| panic!("a bug"));
    let source = "for (;;) { try { broken() } catch {} }";
    let end = vm.run(&limits(30_000), |vm| vm.eval(source, "t", 1));
    assert!(
        matches!(&end, Err(RunError::Panic(message)) if message == "a bug"),
        "{end:?}"
    );
    assert!(vm.is_poisoned());
}

#[test]
fn time_in_host_functions_counts() {
    let (clock, vm) = vm_with_manual_clock();
    define(&vm, "wait", move |scope, _| {
        clock.advance(Duration::from_secs(1));
        Ok(scope.undefined())
    });
    let calls = "globalThis.n = 0; for (;;) { try { wait() } catch {} finally { n++ } }";
    assert_eq!(end_of(&vm, calls, &limits(3_500)), "time");
}

#[test]
fn the_narrower_of_nested_limits_holds() {
    let vm = vm();
    define(&vm, "nested", |scope, _| {
        let inner = RunLimits {
            time: Some(Duration::from_secs(60)),
            heap_bytes_max: None,
        };
        let end = scope.run(&inner, |scope| scope.eval("for (;;);", "t", 1));
        assert!(matches!(end, Err(RunError::TimeLimit(_))), "{end:?}");
        Ok(scope.undefined())
    });
    assert_eq!(
        end_of(&vm, "for (;;) try { nested() } catch {}", &limits(100)),
        "time"
    );
}

#[test]
fn a_leak_of_many_short_runs_is_found() {
    let vm = vm();
    let leak = "globalThis.a ??= []; a.push(new Array(1e5).fill(1.5)); a.length";
    let runs = (0..1000).take_while(|_| {
        let end = end_of(&vm, leak, &limits(30_000));
        assert_eq!(end, "ends");
        !vm.is_poisoned()
    });
    let runs = runs.count();
    assert!((60..400).contains(&runs), "{runs} runs of 0.8 MB each");
    assert_eq!(end_of(&vm, "1", &limits(30_000)), "heap");
}

#[test]
fn garbage_does_not_count() {
    let vm = vm();
    let source =
        "let n = 0; for (let i = 0; i < 2000; i++) n += new Array(1e5).fill(1.5).length; n";
    assert_eq!(end_of(&vm, source, &limits(30_000)), "ends");
    assert!(!vm.is_poisoned());
}

#[test]
fn nested_promise_storms_die_with_their_vm() {
    let vm = vm();
    let source = "for (let i = 0; i < 1000; i++) (async () => { for (;;) await 0 })()";
    assert_eq!(end_of(&vm, source, &limits(100)), "time");
}

#[test]
fn what_could_escape_is_gone() {
    let vm = vm();
    let names = "[typeof SharedArrayBuffer, typeof Atomics, typeof WebAssembly].join()";
    assert_eq!(eval(&vm, names), "\"undefined,undefined,undefined\"");
}

#[test]
fn bounded_built_ins_still_do_their_work() {
    let vm = vm();
    for (source, expected) in [
        (
            "'ab'.repeat(3) + 'x'.padStart(3, '-') + 'x'.padEnd(3)",
            "\"ababab--xx  \"",
        ),
        (
            "String.prototype.repeat.length + String.prototype.repeat.name",
            "\"1repeat\"",
        ),
        (
            "'a.b.c'.replaceAll('.', '$$') + 'abc'.replace(/b/, '[$&]')",
            "\"a$b$ca[b]c\"",
        ),
        ("'aXbX'.replace(/x/gi, m => m + 1)", "\"aX1bX1\""),
        (
            "[1, 2, 3].join() + [1].join('-') + Array(3).fill(0).join('')",
            "\"1,2,31000\"",
        ),
        ("Array.from({length: 2}, (_, i) => i)", "[0,1]"),
        (
            "[...new Uint8Array([1, 2]), ...Uint8Array.from('34'), ...Uint8Array.of(5)]",
            "[1,2,3,4,5]",
        ),
        (
            "new Uint8Array(2) instanceof Uint8Array && new Uint8Array(2).constructor === Uint8Array",
            "true",
        ),
        (
            "new Uint8Array(new ArrayBuffer(8), 2, 3).map(() => 7).join()",
            "\"7,7,7\"",
        ),
        (
            "class B extends Uint8Array { sum() { return this.reduce((a, b) => a + b) } } \
          const b = new B([1, 2]); [b.sum(), b instanceof B, b.subarray(1) instanceof B]",
            "[3,true,true]",
        ),
        ("new ArrayBuffer(4).slice(1).byteLength", "3"),
        (
            "new ArrayBuffer('4').byteLength + new ArrayBuffer().byteLength",
            "4",
        ),
        (
            "Object.prototype.toString.call(new Float64Array(1))",
            "\"[object Float64Array]\"",
        ),
        (
            "ArrayBuffer.isView(new DataView(new ArrayBuffer(1)))",
            "true",
        ),
        ("new ArrayBuffer(2, {maxByteLength: 4}).resizable", "true"),
    ] {
        assert_eq!(eval(&vm, source), expected, "{source}");
    }
}

#[test]
fn conversions_to_rust_are_limited_too() {
    for source in [
        "({toJSON() { for (;;); }})",
        "({get a() { for (;;); }})",
        "new Proxy({}, {ownKeys() { for (;;); }})",
        "({toString() { for (;;); }})",
    ] {
        let vm = vm();
        let end = vm.run(&limits(100), |vm| {
            let value = vm.eval(source, "t", 1)?;
            value.get("a")?;
            value.to_json(0)?;
            value.to_text()
        });
        assert!(
            matches!(end, Err(RunError::TimeLimit(_))),
            "{source}: {end:?}"
        );
    }
    let vm = vm();
    let long = vm.eval(
        "let s = 'abcdefgh'; for (let i = 0; i < 24; i++) s += s; s",
        "t",
        1,
    );
    let error = long
        .expect("a rope")
        .to_text()
        .expect_err("is too long")
        .details();
    assert_eq!(error.name, "RangeError");
    assert!(
        error.message.contains("string_units_max"),
        "{}",
        error.message
    );
}
