//! How often each operation waits for the database.

use store::{BeginOptions, Engine, KeyRange, Scan};

use super::proxy::Proxy;
use super::{open, write};
use crate::testing::Instance;

/// Ending a transaction is a message that nobody waits for.
const END: u64 = 1;

#[test]
fn each_operation_is_one_round_trip() {
    let instance = Instance::of_this_process();
    let proxy = Proxy::start(instance);
    let engine = open(&proxy.between(instance.fresh()));
    let begin = || engine.begin(BeginOptions::read_write()).unwrap();
    // Connections are made and kept.
    let mut txn = begin();
    write(&mut txn, |batch| {
        for n in 0..2_000 {
            batch.put(format!("{n:05}"), "value");
        }
    });
    txn.commit().unwrap();

    let (mut txn, count) = proxy.flights(begin);
    assert_eq!(count, 1, "begin");
    let (_, count) = proxy.flights(|| txn.get(b"00001").unwrap());
    assert_eq!(count, 1, "get");
    let keys: Vec<String> = (0..1_000).map(|n| format!("{n:05}")).collect();
    let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
    let (values, count) = proxy.flights(|| txn.get_many(&keys).unwrap());
    assert_eq!((values.len(), count), (1_000, 1), "get_many");
    let scan = Scan::forward(KeyRange::all());
    let (page, count) = proxy.flights(|| txn.scan(&scan).unwrap());
    assert_eq!((page.entries.len(), count), (1_000, 1), "scan");
    let scan = Scan::reverse(KeyRange::all()).with_keys_only();
    let (_, count) = proxy.flights(|| txn.scan(&scan).unwrap());
    assert_eq!(count, 1, "scan of keys");

    let ((), count) = proxy.flights(|| {
        write(&mut txn, |batch| {
            for n in 0..1_000 {
                batch.put(format!("{n:05}"), "changed");
            }
            batch.delete("01500").add("counter", 1).guard("guard");
            batch.delete_range(KeyRange::prefix("018"));
        });
        let savepoint = txn.savepoint().unwrap();
        write(&mut txn, |batch| {
            batch.put("undone", "");
        });
        txn.rollback_to(savepoint).unwrap();
        assert_eq!(txn.get(b"00001").unwrap().unwrap(), "changed");
    });
    assert_eq!(count, 0, "writing, savepoints, reading what was written");
    let (_, count) = proxy.flights(|| txn.commit().unwrap());
    assert_eq!(count, 1 + END, "commit");

    let options = BeginOptions::read_only();
    let (begun, count) = proxy.flights(|| engine.begin_reading(options, &[b"00001", b"x"]));
    let (txn, values) = begun.unwrap();
    assert_eq!((values.len(), count), (2, 1), "begin and read");
    let (_, count) = proxy.flights(|| txn.commit().unwrap());
    assert!(count <= END, "commit of nothing");
}
