//! Random operations against a plain model; indexes must agree with documents after each.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::OverwriteMode;

#[derive(Clone, Debug)]
enum Step {
    Insert(u8, u8, Option<u8>),
    Overwrite(u8, u8),
    Update(u8, Option<u8>, u8),
    Replace(u8, u8),
    Remove(u8),
    Truncate,
    Savepoint,
    Rollback,
    Commit,
    Abort,
    CreateIndex(u8),
    DropIndex(u8),
}

const INDEXES: &[&str] = &[
    r#"{"type":"persistent","name":"i0","fields":["a"]}"#,
    r#"{"type":"persistent","name":"i1","fields":["b","a"],"sparse":true}"#,
    r#"{"type":"persistent","name":"i2","fields":["l[*]"],"storedValues":["b"]}"#,
    r#"{"type":"persistent","name":"i3","fields":["a","b"],"unique":true,"sparse":true}"#,
];

fn any_step() -> impl Strategy<Value = Step> {
    let key = 0u8..6;
    prop_oneof![
        4 => (key.clone(), 0u8..4, any::<Option<u8>>()).prop_map(|(k, a, b)| {
            Step::Insert(k, a, b.map(|b| b % 3))
        }),
        1 => (key.clone(), 0u8..4).prop_map(|(k, a)| Step::Overwrite(k, a)),
        3 => (key.clone(), any::<Option<u8>>(), 0u8..3)
            .prop_map(|(k, a, b)| Step::Update(k, a.map(|a| a % 4), b)),
        1 => (key.clone(), 0u8..4).prop_map(|(k, a)| Step::Replace(k, a)),
        2 => key.prop_map(Step::Remove),
        1 => Just(Step::Savepoint),
        1 => Just(Step::Rollback),
        2 => Just(Step::Commit),
        1 => Just(Step::Abort),
        1 => (0u8..4).prop_map(Step::CreateIndex),
        1 => (0u8..4).prop_map(Step::DropIndex),
        1 => Just(Step::Truncate),
    ]
}

/// The model: the `a` and `b` of each document.
type Model = BTreeMap<String, (Option<u8>, Option<u8>)>;

fn text(key: &str, a: Option<u8>, b: Option<u8>) -> Value {
    let show = |value: Option<u8>| value.map_or("null".to_owned(), |value| value.to_string());
    parse(&format!(
        r#"{{"_key":"{key}","a":{},"b":{},"l":[{},{},1]}}"#,
        show(a),
        show(b),
        show(a),
        show(b)
    ))
}

struct World {
    database: Database,
    collection: Arc<Collection>,
    transaction: Option<Transaction>,
    savepoint: Option<(crate::Savepoint, Model)>,
    committed: Model,
    current: Model,
}

impl World {
    fn new() -> Self {
        let (database, collection) = open_with(&CollectionOptions::new("c"));
        Self {
            database,
            collection,
            transaction: None,
            savepoint: None,
            committed: Model::new(),
            current: Model::new(),
        }
    }

    fn transaction(&mut self) -> &mut Transaction {
        let database = &self.database;
        self.transaction
            .get_or_insert_with(|| database.begin(TransactionOptions::default()).unwrap())
    }

    /// Whether the unique index forbids this pair of values to `key`.
    fn is_taken(&self, key: &str, a: Option<u8>, b: Option<u8>) -> bool {
        let c = self.database.collection("c").unwrap();
        c.find_index("i3").is_some()
            && a.is_some()
            && b.is_some()
            && self
                .current
                .iter()
                .any(|(other, pair)| other != key && *pair == (a, b))
    }

    fn end(&mut self, commit: bool) {
        if let Some(transaction) = self.transaction.take()
            && commit
        {
            transaction.commit().unwrap();
            self.committed = self.current.clone();
        }
        self.current = self.committed.clone();
        self.savepoint = None;
    }

    fn apply(&mut self, step: &Step) {
        let c = Arc::clone(&self.collection);
        let options = WriteOptions::default();
        let name = |k: &u8| format!("k{k}");
        match step {
            Step::Insert(k, a, b) => {
                let (key, a) = (name(k), Some(*a));
                let result = self
                    .transaction()
                    .insert(&c, vec![text(&key, a, *b)], &options)
                    .unwrap();
                let fails = self.current.contains_key(&key) || self.is_taken(&key, a, *b);
                assert_eq!(result[0].is_err(), fails);
                if !fails {
                    self.current.insert(key, (a, *b));
                }
            }
            Step::Overwrite(k, a) => {
                let (key, a, b) = (name(k), Some(*a), Some(1));
                let options = WriteOptions {
                    overwrite_mode: OverwriteMode::Replace,
                    ..options
                };
                let result = self
                    .transaction()
                    .insert(&c, vec![text(&key, a, b)], &options)
                    .unwrap();
                let fails = self.is_taken(&key, a, b);
                assert_eq!(result[0].is_err(), fails);
                if !fails {
                    self.current.insert(key, (a, b));
                }
            }
            Step::Update(k, a, b) => {
                let (key, b) = (name(k), Some(*b));
                let change = (Selector::key(&key).unwrap(), text(&key, *a, b));
                let result = self
                    .transaction()
                    .update(&c, vec![change], &options)
                    .unwrap();
                let fails = !self.current.contains_key(&key) || self.is_taken(&key, *a, b);
                assert_eq!(result[0].is_err(), fails);
                if !fails {
                    self.current.insert(key, (*a, b));
                }
            }
            Step::Replace(k, a) => {
                let key = name(k);
                let change = (Selector::key(&key).unwrap(), text(&key, Some(*a), None));
                let result = self
                    .transaction()
                    .replace(&c, vec![change], &options)
                    .unwrap();
                assert_eq!(result[0].is_err(), !self.current.contains_key(&key));
                if let Some(pair) = self.current.get_mut(&key) {
                    *pair = (Some(*a), None);
                }
            }
            Step::Remove(k) => {
                let key = name(k);
                let selectors = vec![Selector::key(&key).unwrap()];
                let result = self.transaction().remove(&c, selectors, &options).unwrap();
                assert_eq!(result[0].is_err(), self.current.remove(&key).is_none());
            }
            other => self.apply_other(other),
        }
    }

    /// Steps that are about more than one document.
    fn apply_other(&mut self, step: &Step) {
        let c = Arc::clone(&self.collection);
        match step {
            Step::Truncate => {
                let count = self.transaction().truncate(&c).unwrap();
                assert_eq!(count, self.current.len() as u64);
                self.current.clear();
            }
            Step::Savepoint => {
                let savepoint = self.transaction().savepoint().unwrap();
                self.savepoint = Some((savepoint, self.current.clone()));
            }
            Step::Rollback => {
                if let Some((savepoint, model)) = self.savepoint.clone() {
                    self.transaction().rollback_to(savepoint).unwrap();
                    self.current = model;
                }
            }
            Step::Commit => self.end(true),
            Step::Abort => self.end(false),
            Step::CreateIndex(at) => {
                self.end(true);
                let definition = parse(INDEXES[usize::from(*at)]);
                let result = self.database.create_index("c", &definition);
                let mut pairs: Vec<_> = self.committed.values().collect();
                pairs.retain(|(a, b)| a.is_some() && b.is_some());
                let all = pairs.len();
                pairs.sort();
                pairs.dedup();
                let violated = *at == 3 && pairs.len() < all;
                assert_eq!(result.is_err(), violated);
            }
            Step::DropIndex(at) => {
                self.end(true);
                let _ = self.database.drop_index("c", &format!("i{at}"));
            }
            writes => unreachable!("{writes:?} is about one document"),
        }
    }

    fn check(&mut self) {
        let c = Arc::clone(&self.collection);
        let expected = self.current.clone();
        let transaction = self.transaction();
        assert_eq!(transaction.count(&c).unwrap(), expected.len() as u64);
        let page = transaction.scan(&c, None, 100).unwrap();
        let found: Model = page
            .documents
            .iter()
            .map(|document| {
                let number = |name| document.get(name).unwrap().as_i64().map(|n| n as u8);
                (document.key().to_string(), (number("a"), number("b")))
            })
            .collect();
        assert_eq!(found, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn indexes_never_disagree_with_documents(
        steps in prop::collection::vec(any_step(), 1..50)
    ) {
        let mut world = World::new();
        for step in &steps {
            world.apply(step);
            world.check();
        }
        world.end(true);
        check_verified(&world.database);
    }
}
