//! A small database in memory.

use std::sync::Arc;

use database::{
    Collection, CollectionOptions, Database, Databases, Settings, Transaction, TransactionOptions,
    WriteOptions,
};
use platform::Platform;
use store::memory::MemoryEngine;
use value::{Value, json};

/// 2023-11-14T22:13:20Z
const START_MS: u64 = 1_700_000_000_000;

/// A database with simulated time.
pub(super) struct World {
    pub(super) platform: Platform,
    pub(super) databases: Databases,
    pub(super) database: Database,
}

impl World {
    pub(super) fn new() -> Self {
        let (platform, _) = Platform::simulated(START_MS, 1);
        let mut settings = Settings::recommended();
        settings.password.memory_kib = 8;
        settings.password.passes = 1;
        settings.password.lanes = 1;
        let engine = Arc::new(MemoryEngine::new());
        let databases = Databases::open(engine, platform.clone(), settings).expect("open");
        let database = databases.system();
        Self {
            platform,
            databases,
            database,
        }
    }

    /// A new collection with these documents and indexes, as JSON texts.
    pub(super) fn fill(&self, name: &str, documents: &str, indexes: &[&str]) {
        let collection = self.create(name, indexes);
        let documents = parse(documents);
        let documents = documents.as_array().unwrap_or_default().to_vec();
        let mut txn = self.begin();
        let written = txn.insert(&collection, documents, &WriteOptions::default());
        for result in written.expect("insert") {
            result.expect("insert a document");
        }
        txn.commit().expect("commit");
    }

    /// A new, empty collection.
    pub(super) fn create(&self, name: &str, indexes: &[&str]) -> Arc<Collection> {
        self.database
            .create_collection(&CollectionOptions::new(name))
            .expect("create");
        for index in indexes {
            self.database
                .create_index(name, &parse(index))
                .expect("create an index");
        }
        self.database.collection(name).expect("it was created")
    }

    pub(super) fn begin(&self) -> Transaction {
        self.database
            .begin(TransactionOptions::default())
            .expect("begin")
    }
}

/// A value from a text of this crate.
pub(super) fn parse(text: &str) -> Value {
    json::parse(text.as_bytes()).expect("the text is JSON")
}
