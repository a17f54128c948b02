//! Prints what crossing the boundary costs: `cargo run --release -p js-engine --example costs`.

#![expect(clippy::print_stdout, reason = "it is a report")]
#![expect(clippy::unwrap_used, reason = "it stops at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use js_engine::{Atom, Exception, RunLimits, Scope, Vm, VmSettings};
use platform::{Clock, SystemClock};

const ROUNDS: u32 = 200_000;

fn main() {
    let clock = Arc::new(SystemClock::new());
    let start = clock.monotonic();
    let vms: Vec<_> = (0..20)
        .map(|_| Vm::new(VmSettings::default(), clock.clone()))
        .collect();
    println!(
        "{:>9.0} ns  new VM",
        (clock.monotonic() - start).as_nanos() as f64 / 20.0
    );
    let vm = vms.first().unwrap();
    let noop = vm.function("noop", |scope, _| Ok(scope.undefined()));
    let add = vm.function("add", |scope, args| {
        Ok(scope.number(args.get(0).to_f64()? + args.get(1).to_f64()?))
    });
    let echo = vm.function("echo", |scope, args| Ok(scope.text(&args.text(0)?)));
    for (name, function) in [("noop", &noop), ("add", &add), ("echo", &echo)] {
        vm.global().set(name, function).unwrap();
    }
    let limits = RunLimits {
        time: Some(Duration::from_secs(60)),
        heap_bytes_max: Some(1 << 30),
    };
    let in_js = |label: &str, body: &str| {
        let source = format!("(n => {{ for (let i = 0; i < n; i++) {{ {body} }} }})");
        let function = vm.eval(&source, "costs.js", 1).unwrap();
        let count = vm.number(ROUNDS);
        measure(&*clock, label, || {
            vm.run(&limits, |_| function.call(&[&count]))
                .map(drop)
                .unwrap()
        });
    };
    in_js("JS to native, no arguments", "noop()");
    in_js("JS to native, two numbers and one back", "add(i, 1)");
    in_js("JS to native, text of 13 and back", "echo('hello, world!')");
    in_js("new Uint8Array(16)", "new Uint8Array(16)");
    in_js("await", "(async () => { await 0 })()");
    let identity = vm.eval("(x => x)", "costs.js", 1).unwrap();
    let object = vm.from_json(r#"{"name":"value","n":1}"#).unwrap();
    let (one, name) = (vm.number(1), Atom::new("n"));
    let in_rust = |label: &str, body: &dyn Fn(&Scope) -> Result<(), Exception>| {
        let all = |scope: &Scope| (0..ROUNDS).try_for_each(|_| body(scope));
        measure(&*clock, label, || vm.run(&limits, all).unwrap());
    };
    in_rust("native to JS, one number", &|_| {
        identity.call(&[&one]).map(drop)
    });
    in_rust("native to JS, an object", &|_| {
        identity.call(&[&object]).map(drop)
    });
    in_rust("clone and drop a handle", &|_| {
        drop(object.clone());
        Ok(())
    });
    in_rust("get a property by atom", &|_| object.get(&name).map(drop));
    in_rust("get a property by text", &|_| object.get("n").map(drop));
    in_rust("to JSON and back", &|vm| {
        vm.from_json(&object.to_json(0)?.unwrap_or_default())
            .map(drop)
    });
    measure(&*clock, "an empty run", || {
        (0..ROUNDS)
            .try_for_each(|_| vm.run(&limits, |_| Ok(())))
            .unwrap();
    });
}

fn measure(clock: &dyn Clock, label: &str, body: impl Fn()) {
    body();
    let start = clock.monotonic();
    body();
    let each = (clock.monotonic() - start).as_nanos() as f64 / f64::from(ROUNDS);
    println!("{each:>9.0} ns  {label}");
}
