//! Values in both directions, host functions, exceptions.

use crate::support::{define, eval, show, vm};
use bytes::Bytes;
use js_engine::{Atom, Kind, PromiseState, RunError, RunLimits};

#[test]
fn values_go_both_ways() {
    let vm = vm();
    assert_eq!(eval(&vm, "1 + 1"), "2");
    let long = "x".repeat(1000);
    for text in [
        "",
        "abc",
        "grüße",
        "日本語",
        "a\0b",
        "😀",
        "\u{7f}\u{80}",
        &long,
    ] {
        let value = vm.text(text);
        assert_eq!(value.to_text().unwrap(), text);
        assert_eq!(value.length_of_text(), text.encode_utf16().count());
    }
    assert_eq!(
        vm.eval("'a\\ud800b'", "t", 1).unwrap().to_text().unwrap(),
        "a\u{fffd}b"
    );
    let object = vm.from_json(r#"{"a":[1,2,{"b":null}]}"#).unwrap();
    assert_eq!(show(&object), r#"{"a":[1,2,{"b":null}]}"#);
    let name = Atom::new("a");
    assert_eq!(object.get(&name).unwrap().length().unwrap(), 3);
    assert_eq!(object.keys(), ["a"]);
    assert!(object.has("a") && object.delete("a").unwrap() && !object.has("a"));
    assert!(vm.from_json("{").is_err());
    assert_eq!(vm.undefined().to_json(0).unwrap(), None);
    assert_eq!(
        vm.from_json("[1]").unwrap().to_json(2).unwrap().as_deref(),
        Some("[\n  1\n]")
    );
}

trait LengthOfText {
    fn length_of_text(&self) -> usize;
}

impl LengthOfText for js_engine::Value {
    fn length_of_text(&self) -> usize {
        let scope = self.scope();
        let length = scope.eval("(s => s.length)", "t", 1).expect("valid");
        length
            .call(&[self])
            .and_then(|n| n.to_f64())
            .expect("a number") as usize
    }
}

#[test]
fn kinds_are_told_apart() {
    let vm = vm();
    let cases = [
        ("undefined", Kind::Undefined),
        ("null", Kind::Null),
        ("true", Kind::Boolean),
        ("NaN", Kind::Number),
        ("''", Kind::String),
        ("Symbol()", Kind::Symbol),
        ("10n", Kind::BigInt),
        ("(() => 1)", Kind::Function),
        ("[]", Kind::Array),
        ("new Date()", Kind::Date),
        ("new TypeError()", Kind::Error),
        ("Promise.resolve()", Kind::Promise),
        ("new ArrayBuffer(1)", Kind::ArrayBuffer),
        ("new Float32Array(1)", Kind::TypedArray),
        ("({})", Kind::Object),
    ];
    for (source, kind) in cases {
        assert_eq!(vm.eval(source, "t", 1).unwrap().kind(), kind, "{source}");
    }
}

#[test]
fn bytes_are_shared_not_copied() {
    let vm = vm();
    let data = vec![1_u8, 2, 3];
    let start = data.as_ptr();
    let array = vm.bytes(Bytes::from(data)).unwrap();
    vm.global().set("array", &array).unwrap();
    assert_eq!(
        eval(
            &vm,
            "array[1] = 9; [array instanceof Uint8Array, array.length]"
        ),
        "[true,3]"
    );
    assert_eq!(
        array.with_bytes(|b| (b.as_ptr() == start, b.to_vec())),
        Some((true, vec![1, 9, 3]))
    );
    let view = vm.eval("array.subarray(1)", "t", 1).unwrap();
    assert_eq!(view.to_bytes().as_deref(), Some(&[9, 3][..]));
    let buffer = vm.eval("array.buffer", "t", 1).unwrap();
    assert_eq!(buffer.to_bytes().as_deref(), Some(&[1, 9, 3][..]));
    assert_eq!(vm.object().to_bytes(), None);
    let shared = Bytes::from(vec![5_u8; 4]);
    let copy = vm.bytes(shared.clone()).unwrap();
    vm.global().set("copy", &copy).unwrap();
    assert_eq!(eval(&vm, "copy.fill(7); [...copy]"), "[7,7,7,7]");
    assert_eq!(&shared[..], [5; 4]);
}

#[test]
fn host_functions_take_return_and_throw() {
    let vm = vm();
    define(&vm, "add", |scope, args| {
        Ok(scope.number(args.get(0).to_f64()? + args.get(1).to_f64()?))
    });
    define(&vm, "fail", |scope, args| {
        Err(scope.type_error(&args.text(0)?))
    });
    assert_eq!(eval(&vm, "add(1, 2)"), "3");
    assert_eq!(
        eval(&vm, "typeof add + add.name + (add instanceof Function)"),
        "\"functionaddtrue\""
    );
    assert_eq!(eval(&vm, "[1, 2].map(n => add.call(null, n, 1))"), "[2,3]");
    assert_eq!(
        eval(
            &vm,
            "try { fail('no') } catch (e) { `${e instanceof TypeError} ${e.message}` }"
        ),
        "\"true no\""
    );
    assert_eq!(
        eval(&vm, "add(Symbol(), 1)"),
        "throws TypeError: Cannot convert a symbol to a number (test.js:1:4)"
    );
}

#[test]
fn exceptions_say_where() {
    let vm = vm();
    let body = "  null.x;";
    let module = vm
        .compile_function(&["exports", "module"], body, "lib/a.js")
        .unwrap();
    let details = module.call(&[]).unwrap_err().details();
    assert_eq!(
        (details.name.as_str(), details.line, details.column),
        ("TypeError", Some(1), Some(7))
    );
    assert_eq!(details.file.as_deref(), Some("lib/a.js"));
    assert_eq!(details.stack.lines().next(), Some("@lib/a.js:1:7"));

    let body = "\nfunction f() {\n  throw new RangeError('far');\n}\nf();";
    let module = vm.compile_function(&[], body, "lib/b.js").unwrap();
    let details = module.call(&[]).unwrap_err().details();
    assert_eq!((details.line, details.column), (Some(3), Some(23)));
    assert_eq!(details.stack, "f@lib/b.js:3:23\n@lib/b.js:5:2");

    let broken = vm.check_function(&[], "\nvar x = 1;\nlet let = 5 5;", "lib/c.js");
    let details = broken.unwrap_err().details();
    assert_eq!(
        (details.name.as_str(), details.line),
        ("SyntaxError", Some(3))
    );
    assert_eq!(details.file.as_deref(), Some("lib/c.js"));
    assert!(vm.check_function(&["a"], "return a;", "lib/d.js").is_ok());
}

#[test]
fn promises_settle_when_the_outermost_call_returns() {
    let vm = vm();
    let (promise, resolver) = vm.promise().unwrap();
    vm.global().set("promise", &promise).unwrap();
    let after = vm.eval("promise.then(x => x + 1)", "t", 1).unwrap();
    let watch = vm.watch_promise(&after).unwrap();
    assert!(matches!(watch.state(), PromiseState::Pending));
    resolver.resolve(&vm.number(1)).unwrap();
    let PromiseState::Fulfilled(value) = watch.state() else {
        panic!("not fulfilled")
    };
    assert_eq!(value.to_f64().unwrap(), 2.0);
    let rejected = vm.eval("(async () => { throw 5 })()", "t", 1).unwrap();
    let state = vm.watch_promise(&rejected).unwrap().state();
    assert!(matches!(state, PromiseState::Rejected(_)), "{state:?}");
}

#[test]
fn an_endless_loop_is_stopped() {
    let vm = vm();
    let limits = RunLimits {
        time: Some(std::time::Duration::from_millis(50)),
        ..Default::default()
    };
    let stopped = vm.run(&limits, |vm| {
        vm.eval(
            "for (;;) try { for (;;); } catch {} finally { continue }",
            "t",
            1,
        )
    });
    assert!(
        matches!(stopped, Err(RunError::TimeLimit(_))),
        "{stopped:?}"
    );
    assert!(vm.is_poisoned());
}
