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

/// Runs every other script of the list, so that two threads share it.
fn check_bombs(parity: usize) {
    let lines = include_str!("bombs.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    for line in lines.skip(parity).step_by(2) {
        let mut parts = line.splitn(3, " | ").skip(1);
        let ways: Vec<_> = parts.next().expect("ways").split(' ').collect();
        check(parts.next().expect("a script"), &ways);
    }
}

#[test]
fn every_bomb_is_stopped_even() {
    check_bombs(0);
}

#[test]
fn every_bomb_is_stopped_odd() {
    check_bombs(1);
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
            "const u = new Uint8Array(2); u instanceof Uint8Array && u.constructor === Uint8Array",
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
