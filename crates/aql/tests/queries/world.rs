//! Databases over each engine, filled from data sets, and queries on them.

use std::path::Path;
use std::sync::Arc;

use aql::{
    Cancel, ComputedExpressions, Context, Cursor, Environment, Limits, Options, Queries, Query,
};
use database::{
    CollectionOptions, Database, Databases, PasswordSettings, Settings, Transaction,
    TransactionOptions, WriteOptions,
};
use platform::Platform;
use store::Engine;
use store::memory::MemoryEngine;
use store_redb::RedbEngine;
use value::{Object, Value, json};

/// 2023-11-14T22:13:20Z
const START_MS: u64 = 1_700_000_000_000;

/// The engines that every case runs on. `VULPES_TEST_STORE` puts another in the memory's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    Memory,
    Redb,
}

/// A database with what queries run with.
pub struct World {
    pub databases: Databases,
    pub database: Database,
    pub environment: Environment,
    pub queries: Arc<Queries>,
    /// The store's file; gone with the world.
    _folder: Option<tempfile::TempDir>,
}

/// How a query runs, besides its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub optimize: bool,
    pub batch_rows: usize,
    /// Rows are taken as JSON text and parsed again.
    pub as_json: bool,
}

/// The usual way.
pub const PLAIN: Run = Run {
    optimize: true,
    batch_rows: 1000,
    as_json: false,
};

/// What a query gave.
#[derive(Clone, Debug)]
pub struct Answer {
    pub rows: Vec<Value>,
    pub warnings: Vec<u32>,
    pub stats: aql::Stats,
}

impl World {
    pub fn new(engine: EngineKind) -> Self {
        let (engine, folder) = match engine {
            EngineKind::Memory => {
                let engine = store_postgres::testing::open_wanted();
                (
                    engine.unwrap_or_else(|| Arc::new(MemoryEngine::new())),
                    None,
                )
            }
            EngineKind::Redb => {
                let folder = tempfile::tempdir().expect("make a folder");
                let file = folder.path().join("store");
                let settings = store_redb::Settings::new(8 << 20);
                let engine = RedbEngine::open(&file, settings).expect("open the store");
                (Arc::new(engine) as Arc<dyn Engine>, Some(folder))
            }
        };
        let (platform, _) = Platform::simulated(START_MS, 1);
        let settings = Settings {
            password: PasswordSettings {
                memory_kib: 8,
                passes: 1,
                lanes: 1,
            },
            ..Settings::recommended()
        };
        let databases =
            Databases::open(engine, platform.clone(), settings).expect("open the databases");
        let limits = Arc::new(Limits::recommended());
        databases.set_expressions(ComputedExpressions::new(platform.clone(), limits));
        let environment = Environment {
            platform,
            user: Some("root".into()),
            version: "3.12.0".into(),
            cancel: Cancel::new(),
        };
        Self {
            database: databases.system(),
            databases,
            environment,
            queries: Queries::new(aql::Settings::recommended(), None),
            _folder: folder,
        }
    }

    /// A world with a data set of the corpus.
    pub fn of_file(engine: EngineKind, file: &Path) -> Self {
        let world = Self::new(engine);
        let text = std::fs::read(file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        let set = json::parse(&text).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        world.load(&set);
        world
    }

    /// Creates what a data set describes; the README of the corpus says how it looks.
    pub fn load(&self, set: &Value) {
        let collections = set
            .get("collections")
            .as_object()
            .cloned()
            .unwrap_or_default();
        for (name, definition) in collections.iter() {
            let mut options = definition.as_object().cloned().unwrap_or_default();
            options.insert("name", &**name);
            let options = CollectionOptions::parse(&options.into()).expect("options");
            let collection = self.database.create_collection(&options).expect("create");
            let documents = definition.get("documents").as_array().unwrap_or_default();
            let mut txn = self.begin();
            let options = WriteOptions::default();
            let written = txn.insert(&collection, documents.to_vec(), &options);
            for result in written.expect("insert") {
                result.expect("insert a document");
            }
            txn.commit().expect("commit");
            for index in definition.get("indexes").as_array().unwrap_or_default() {
                self.database
                    .create_index(name, index)
                    .expect("create an index");
            }
        }
        for query in set.get("fill").as_array().unwrap_or_default() {
            let mut txn = self.begin();
            let text = query.as_str().expect("a query");
            let run = self.run(&mut txn, text, &Object::new(), &Options::default(), PLAIN);
            run.unwrap_or_else(|error| panic!("{text}: {error}"));
            txn.commit().expect("commit");
        }
    }

    pub fn begin(&self) -> Transaction {
        self.database
            .begin(TransactionOptions::default())
            .expect("begin")
    }

    /// All rows of a query.
    pub fn run(
        &self,
        txn: &mut Transaction,
        text: &str,
        bind: &Object,
        options: &Options,
        run: Run,
    ) -> aql::Result<Answer> {
        let ctx = self.context(run.batch_rows);
        let query = self.query(text, bind, options, run.optimize);
        let mut cursor = aql::execute(&ctx, txn, &query)?;
        let rows = if run.as_json {
            json_rows(&mut cursor, txn)?
        } else {
            cursor.all_values(txn)?
        };
        Ok(Answer {
            rows,
            warnings: cursor
                .warnings()
                .iter()
                .map(|warning| warning.code.number())
                .collect(),
            stats: cursor.stats(),
        })
    }

    /// The optimised plan.
    pub fn explain(
        &self,
        txn: &mut Transaction,
        text: &str,
        bind: &Object,
        options: &Options,
    ) -> aql::Result<aql::Explanation> {
        let batch_rows = Limits::recommended().batch_rows;
        aql::explain(
            &self.context(batch_rows),
            txn,
            &self.query(text, bind, options, true),
        )
    }

    pub fn context(&self, batch_rows: usize) -> Context<'_> {
        let limits = Limits {
            batch_rows,
            ..Limits::recommended()
        };
        Context {
            environment: self.environment.clone(),
            limits: Arc::new(limits),
            queries: &self.queries,
        }
    }

    fn query<'q>(
        &self,
        text: &'q str,
        bind: &Object,
        options: &Options,
        optimize: bool,
    ) -> Query<'q> {
        let mut options = options.clone();
        if !optimize {
            options.rules = vec!["-all".to_owned()];
        }
        Query {
            text,
            bind: bind.clone(),
            options,
        }
    }
}

fn json_rows(cursor: &mut Cursor, txn: &mut Transaction) -> aql::Result<Vec<Value>> {
    let mut text = b"[".to_vec();
    cursor.write_json_rows(txn, usize::MAX, &mut text)?;
    text.push(b']');
    let rows = json::parse(&text)
        .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&text)));
    Ok(rows.as_array().expect("an array was written").to_vec())
}
