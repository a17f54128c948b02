//! What the ops of one VM share: the service, the running request, the current database.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use database::{CollectionAccess, Database, Level, Transaction, TransactionOptions, Unsynced};
use js_engine::{Exception, Scope, Value};

use super::OpError;
use super::queries::OpenCursor;
use super::rights::AccessOf;
use crate::registry::Service;
use crate::request::{ServiceRequest, ServiceResponse};
use crate::shared::Shared;

/// One per VM; stays on its worker's thread.
pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    /// The pool's worker that the VM is on; `None` if it is on a caller's thread.
    pub(crate) worker: Option<usize>,
    service: Arc<Service>,
    make_error: OnceCell<Value>,
    pub(super) request: RefCell<Option<Arc<ServiceRequest>>>,
    pub(super) response: RefCell<Option<ServiceResponse>>,
    /// Who asked for what runs; `None` for nobody in particular.
    user: RefCell<Option<Arc<str>>>,
    /// The collections that whoever asked last might touch.
    pub(super) known_access: RefCell<Option<(AccessOf, Option<Arc<CollectionAccess>>)>>,
    /// The database in use, if it is not the service's own.
    pub(super) other_database: RefCell<Option<Database>>,
    pub(super) transaction: RefCell<Option<Transaction>>,
    /// Transactions that the request keeps open, by id.
    pub(super) streams: RefCell<HashMap<String, Transaction>>,
    /// What the code, all requests together, has seen of commits that may not be durable. An
    /// answer waits for it; so does everything else that leaves the process.
    unsynced: Unsynced,
    /// Queries with rows to come, by id.
    pub(super) cursors: RefCell<HashMap<String, OpenCursor>>,
    /// Folders of services whose exports this one uses: readable.
    pub(super) providers: RefCell<Vec<PathBuf>>,
}

impl Context {
    pub(crate) fn new(shared: Arc<Shared>, service: Arc<Service>, worker: Option<usize>) -> Self {
        let unsynced = shared.databases.unsynced();
        Self {
            shared,
            unsynced,
            worker,
            service,
            make_error: OnceCell::new(),
            request: RefCell::default(),
            response: RefCell::default(),
            user: RefCell::default(),
            known_access: RefCell::default(),
            other_database: RefCell::default(),
            transaction: RefCell::default(),
            streams: RefCell::default(),
            cursors: RefCell::default(),
            providers: RefCell::default(),
        }
    }

    /// The service of the VM.
    pub(crate) fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Takes the runtime's function that makes errors.
    pub(crate) fn set_make_error(&self, make_error: Value) {
        // A VM boots once; a second function would be the same.
        drop(self.make_error.set(make_error));
    }

    pub(crate) fn begin_request(&self, request: &Arc<ServiceRequest>) {
        self.response.replace(None);
        self.request.replace(Some(Arc::clone(request)));
        self.act_as(request.user.as_deref());
    }

    /// From now on the code runs for this user; `None` stands for requests without login, scripts
    /// and loading.
    pub(crate) fn act_as(&self, user: Option<&str>) {
        self.user.replace(user.map(Arc::from));
    }

    /// Who asked for what runs.
    pub(super) fn user(&self) -> Option<Arc<str>> {
        self.user.borrow().clone()
    }

    pub(crate) fn take_response(&self) -> Option<ServiceResponse> {
        self.response.take()
    }

    /// Forgets the request and ends what it left open.
    pub(crate) fn clean_up(&self) {
        self.request.replace(None);
        self.response.replace(None);
        self.user.replace(None);
        self.other_database.replace(None);
        self.cursors.borrow_mut().clear();
        let mut streams = self.streams.borrow_mut();
        if self.transaction.take().is_some() || !streams.is_empty() {
            streams.clear();
            tracing::warn!(
                target: "foxx",
                mount = self.service.mount.as_str(),
                "a transaction was left open and is rolled back"
            );
        }
    }

    /// The user whose rights bound what ops may do; `None` for all rights, which everybody has
    /// where the server asks for no logins.
    pub(super) fn limited_user(&self) -> Option<Arc<str>> {
        let user = self.user.borrow();
        let limited = user.as_ref()?;
        let asks = self.shared.settings.authentication_enabled;
        asks.then(|| Arc::clone(limited))
    }

    /// The database that ops act on.
    pub(super) fn database(&self) -> Result<Database, OpError> {
        if let Some(database) = &*self.other_database.borrow() {
            return Ok(database.clone());
        }
        Ok(self.shared.databases.get(&self.service.database)?)
    }

    /// How the code's transactions begin: they do not wait until they are durable.
    pub(super) fn transaction_options(&self) -> TransactionOptions {
        TransactionOptions {
            unsynced: Some(self.unsynced.clone()),
            ..TransactionOptions::default()
        }
    }

    /// What the code has seen that may not be durable.
    pub(crate) fn unsynced(&self) -> &Unsynced {
        &self.unsynced
    }

    /// Returns when all that the code has seen and done is durable: before anything leaves the
    /// process by another way than an answer, and before what only sees durable commits.
    pub(super) fn settle(&self) -> Result<(), OpError> {
        Ok(self.unsynced.wait()?)
    }

    /// Runs `body` in the VM's transaction, or in one of its own that is committed, and begun
    /// again after a conflict. It writes to a collection, and to this document if one is known.
    pub(super) fn write<T>(
        &self,
        collection: &str,
        key: Option<&str>,
        body: impl Fn(&mut Transaction) -> database::Result<T>,
    ) -> Result<T, OpError> {
        if let Some(transaction) = &mut *self.transaction.borrow_mut() {
            return Ok(body(transaction)?);
        }
        let database = self.database()?;
        let options = TransactionOptions {
            expected: database.expect(collection, key),
            ..self.transaction_options()
        };
        Ok(database.run(&options, body)?)
    }

    /// Removes all documents of a collection, in the VM's transaction or in one of its own.
    pub(super) fn truncate(&self, name: &str) -> Result<(), OpError> {
        if let Some(transaction) = &mut *self.transaction.borrow_mut() {
            let collection = self.writable(transaction, name)?;
            transaction.truncate(&collection)?;
            return Ok(());
        }
        // What the code has written to it is to go too.
        self.settle()?;
        let database = self.database()?;
        let collection = database.collection(name)?;
        self.allow(database.name(), collection.name(), Level::ReadWrite)?;
        database.truncate_collection(&collection.id().to_string())?;
        Ok(())
    }

    /// Runs `body` in the VM's transaction, or in one that only reads.
    pub(super) fn read<T>(
        &self,
        body: impl FnOnce(&mut Transaction) -> database::Result<T>,
    ) -> Result<T, OpError> {
        self.read_documents("", &[], body)
    }

    /// The same for a `body` that reads these documents.
    pub(super) fn read_documents<T>(
        &self,
        collection: &str,
        keys: &[&str],
        body: impl FnOnce(&mut Transaction) -> database::Result<T>,
    ) -> Result<T, OpError> {
        if let Some(transaction) = &mut *self.transaction.borrow_mut() {
            return Ok(body(transaction)?);
        }
        let database = self.database()?;
        let options = TransactionOptions {
            read_only: true,
            expected: database.expect(collection, keys.iter().copied()),
            ..self.transaction_options()
        };
        Ok(body(&mut database.begin(options)?)?)
    }

    /// The exception that an op throws.
    pub(super) fn to_exception(self: &Rc<Self>, scope: &Scope, error: OpError) -> Exception {
        let (code, message) = match error {
            OpError::Thrown(exception) => return exception,
            OpError::Public(code, message) => (code, message),
        };
        let Some(make_error) = self.make_error.get() else {
            return scope.error(&format!("{code}: {message}"));
        };
        match make_error.call(&[&scope.number(code.number()), &scope.text(&message)]) {
            Ok(error) => Exception::new(error),
            Err(exception) => exception,
        }
    }
}
