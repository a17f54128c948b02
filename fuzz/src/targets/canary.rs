//! A bug on purpose. A fuzzer that watches coverage finds it within seconds; one that only
//! guesses would need about 2^48 inputs.

/// Panics for inputs that begin with one certain word.
pub(crate) fn run(data: &[u8]) {
    let mut matched = 0;
    for (at, expected) in b"vulpes".iter().enumerate() {
        if data.get(at) != Some(expected) {
            break;
        }
        matched += 1;
    }
    assert!(matched < 6, "the canary was found, as it should be");
}
