//! VMs come and go, on one thread and on several, and give their memory back.

use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use crate::support::{define, eval, vm};
use js_engine::{PromiseState, RunError, RunLimits, Value, WORKER_STACK_BYTES};
use platform::{ThreadSettings, spawn_thread};

const MIB: usize = 1 << 20;

/// Resident memory of this process.
fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("a line");
    let kib = line.split_whitespace().nth(1).expect("a number");
    kib.parse::<usize>().expect("a number") << 10
}

fn on_worker<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    worker(body).join().expect("the worker ends well")
}

fn worker<T: Send + 'static>(
    body: impl FnOnce() -> T + Send + 'static,
) -> std::thread::JoinHandle<T> {
    let stack_bytes = Some(WORKER_STACK_BYTES);
    spawn_thread(
        ThreadSettings {
            name: "worker".into(),
            stack_bytes,
        },
        body,
    )
    .expect("a thread")
}

/// Runs the test of this name again in a process of its own, whose memory nobody else uses.
/// True in that process, where the test then does its work.
fn is_alone(test: &str) -> bool {
    const ALONE: &str = "JS_ENGINE_TEST_ALONE";
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let mut command = Command::new(env::current_exe().expect("the test binary"));
    let name = format!("lifetime::{test}");
    let output = command
        .args(["--exact", &name])
        .env(ALONE, "1")
        .output()
        .expect("runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    false
}

#[test]
fn many_vms_live_on_one_thread() {
    let vms: Vec<_> = (0..20).map(|_| vm()).collect();
    for (index, vm) in vms.iter().enumerate() {
        vm.global().set("index", &vm.number(index as f64)).unwrap();
    }
    for (index, vm) in vms.iter().enumerate() {
        assert_eq!(eval(vm, "index"), index.to_string());
    }
}

#[test]
fn a_host_function_may_use_another_vm() {
    let (outer, inner) = (vm(), vm());
    define(&outer, "ask", move |scope, args| {
        let answer = inner
            .eval(&args.text(0)?, "inner.js", 1)
            .map_err(|e| scope.error(&e.to_string()))?;
        Ok(scope.number(answer.to_f64().unwrap_or(f64::NAN)))
    });
    assert_eq!(eval(&outer, "ask('1 + 2') + 1"), "4");
    assert_eq!(
        eval(
            &outer,
            "try { ask('null.x') } catch (e) { e instanceof Error }"
        ),
        "true"
    );
}

#[test]
fn vms_run_on_threads_in_parallel() {
    let fib = "(function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) })";
    let threads = (0..4).map(|_| {
        worker(move || {
            (0..10)
                .map(|_| eval(&vm(), &format!("{fib}(20)")))
                .collect::<Vec<_>>()
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        assert_eq!(thread.join().unwrap(), ["6765"; 10]);
    }
}

#[test]
fn the_recommended_stack_bears_the_deepest_recursion() {
    let deepest = on_worker(|| {
        let vm = vm();
        define(&vm, "host", |_, args| args.get(0).call(&[]));
        let source = "let n = 0; function f() { n++; [1].map(() => host(f)) }; \
            try { f() } catch (e) { if (!(e instanceof RangeError)) throw e }; n";
        eval(&vm, source).parse::<u32>()
    });
    assert!(deepest.unwrap() > 500);
}

#[test]
fn dropped_vms_give_their_memory_back() {
    if !is_alone("dropped_vms_give_their_memory_back") {
        return;
    }
    let fill = "globalThis.a = []; for (let i = 0; i < 1e5; i++) a.push({i, s: 'text ' + i}); \
        globalThis.b = new Uint8Array(4e6).fill(1); a.length";
    let round = move || {
        let kept: Vec<(Value, Value)> = (0..30)
            .map(|_| {
                let vm = vm();
                assert_eq!(eval(&vm, fill), "100000");
                let kept = vm.eval("a[0]", "t", 1).unwrap();
                let captured = kept.clone();
                let function = vm.function("f", move |_, _| Ok(captured.clone()));
                vm.global().set("f", &function).unwrap();
                (kept, function)
            })
            .collect();
        drop(kept);
    };
    on_worker(round);
    let before = resident_bytes();
    (0..4).for_each(|_| on_worker(round));
    let grown = resident_bytes().saturating_sub(before);
    assert!(
        grown < 150 * MIB,
        "120 VMs of 15 MB left {} MB",
        grown / MIB
    );
}

#[test]
fn handles_outlive_their_vm_harmlessly() {
    let vm = vm();
    let value = vm.object();
    let copy = value.clone();
    drop(vm);
    assert_eq!(format!("{value:?}"), "Dead");
    drop((value, copy));
}

#[test]
fn captures_are_dropped_with_their_function() {
    let vm = vm();
    let token = std::rc::Rc::new(());
    for _ in 0..100 {
        let token = token.clone();
        define(&vm, "f", move |scope, _| {
            let _keep = &token;
            Ok(scope.undefined())
        });
    }
    vm.collect_garbage();
    let left = std::rc::Rc::strong_count(&token);
    assert!(left < 20, "{left} closures are alive");
    drop(vm);
    assert_eq!(std::rc::Rc::strong_count(&token), 1);
}

#[test]
fn unhandled_rejections_are_reported_once_nobody_can_handle_them() {
    let vm = vm();
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let sink = seen.clone();
    vm.on_unhandled_rejection(move |_, _, reason| {
        sink.borrow_mut().push(reason.to_text().unwrap())
    })
    .unwrap();
    vm.run(&RunLimits::default(), |vm| {
        vm.eval(
            "Promise.reject('handled').catch(() => 1); Promise.reject('lost'); 1",
            "t",
            1,
        )
    })
    .unwrap();
    assert_eq!(*seen.borrow(), ["lost"]);
}

#[test]
fn promises_settle_within_a_run() {
    let vm = vm();
    let state = vm.run(&RunLimits::default(), |vm| {
        let promise = vm.eval("(async () => { await 0; await 0; return 7 })()", "t", 1)?;
        Ok(vm.watch_promise(&promise)?.state())
    });
    let Ok(PromiseState::Fulfilled(value)) = state else {
        panic!("{state:?}")
    };
    assert_eq!(value.to_f64().unwrap(), 7.0);
}

#[test]
fn a_soak_with_bombs_leaves_the_rest_unharmed() {
    if !is_alone("a_soak_with_bombs_leaves_the_rest_unharmed") {
        return;
    }
    const BOMBS: [&str; 5] = [
        "for (;;);",
        "const a = []; for (;;) a.push({a: [a.length]})",
        "const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1))",
        "(async () => { for (;;) await 0 })()",
        "let s = 'ab'; const a = []; for (;;) { s += s; a.push(s); s.charCodeAt(1); }",
    ];
    let limits = RunLimits {
        time: Some(Duration::from_millis(60)),
        heap_bytes_max: Some(48 * MIB),
    };
    let patient = RunLimits {
        time: Some(Duration::from_secs(60)),
        ..limits
    };
    let (before, after) = on_worker(move || {
        let mut service = vm();
        let mut before = 0;
        for request in 0..2000 {
            if request == 500 {
                before = resident_bytes();
            }
            if request % 100 == 99 {
                let bomb = BOMBS[request / 100 % BOMBS.len()];
                let end = service.run(&limits, |vm| vm.eval(bomb, "bomb.js", 1));
                assert!(
                    matches!(end, Err(RunError::TimeLimit(_) | RunError::HeapLimit(_))),
                    "{end:?}"
                );
                assert!(service.is_poisoned());
                service = vm();
                continue;
            }
            let answer = service.run(&patient, |vm| {
                let body = vm.from_json(r#"{"list":[3,1,2]}"#)?;
                vm.global().set("body", &body)?;
                vm.eval("JSON.stringify(body.list.sort())", "handler.js", 1)?
                    .to_text()
            });
            assert_eq!(answer.unwrap(), "[1,2,3]");
        }
        (before, resident_bytes())
    });
    let grown = after.saturating_sub(before);
    println!("from {} MB to {} MB", before / MIB, after / MIB);
    assert!(
        grown < 200 * MIB,
        "from {} MB to {} MB",
        before / MIB,
        after / MIB
    );
}

/// The process may use signals as it likes: the engine's own are not in its way.
#[test]
fn the_engine_leaves_the_usual_signals_alone() {
    if !is_alone("the_engine_leaves_the_usual_signals_alone") {
        return;
    }
    let caught = || {
        let status = fs::read_to_string("/proc/self/status").expect("Linux");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))
            .expect("a line");
        u64::from_str_radix(line.trim(), 16).expect("a mask")
    };
    let before = caught();
    let vm = vm();
    let limits = RunLimits {
        time: Some(Duration::from_millis(50)),
        heap_bytes_max: None,
    };
    let end = vm.run(&limits, |vm| vm.eval("for (;;);", "t", 1));
    assert!(matches!(end, Err(RunError::TimeLimit(_))), "{end:?}");
    let more = caught() & !before;
    let signals: Vec<_> = (1..=64)
        .filter(|signal| more >> (signal - 1) & 1 == 1)
        .collect();
    assert_eq!(
        signals,
        [10],
        "only SIGUSR1, by which the collector stops other threads"
    );
}
