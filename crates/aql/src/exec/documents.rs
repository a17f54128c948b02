//! Documents and collections as functions see them.

use std::time::Duration;

use database::{Transaction, parse_document_id};
use error_codes::codes;
use value::Value;

use super::state::Environment;
use crate::functions::{DocumentSource, Error, Warnings};
use crate::queries::{Queries, UserCall};

/// How long a wait lasts before it looks whether the query was killed.
const WAIT_STEP: Duration = Duration::from_millis(10);

pub(super) struct Documents<'a> {
    pub(super) txn: &'a mut Transaction,
    pub(super) environment: &'a Environment,
    pub(super) queries: &'a Queries,
    pub(super) deadline: Option<Duration>,
    pub(super) lookups: &'a mut u64,
}

impl DocumentSource for Documents<'_> {
    fn fetch(&mut self, id: &str) -> Result<Option<Value>, Error> {
        let Ok((name, key)) = parse_document_id(id) else {
            return Ok(None);
        };
        let collection = self.txn.collection(name).map_err(to_error)?;
        *self.lookups += 1;
        let found = self.txn.get(&collection, key.as_str()).map_err(to_error)?;
        found
            .map(|document| document.to_value().map_err(to_error))
            .transpose()
    }

    fn count(&mut self, collection: &str) -> Result<u64, Error> {
        let collection = self.txn.collection(collection).map_err(to_error)?;
        self.txn.count(&collection).map_err(to_error)
    }

    fn schema(&mut self, collection: &str) -> Result<Value, Error> {
        let collection = self.txn.collection(collection).map_err(to_error)?;
        Ok(collection.schema_value())
    }

    fn collections(&mut self) -> Result<Vec<(String, String)>, Error> {
        let all = self.txn.collections();
        Ok(all
            .map(|found| (found.id().to_string(), found.name().to_owned()))
            .collect())
    }

    fn call_user(
        &mut self,
        name: &str,
        args: &[Value],
        warnings: &mut Warnings,
    ) -> Result<Value, Error> {
        let Some(function) = self.queries.find_function(self.txn.database(), name)? else {
            let code = codes::QUERY_FUNCTION_NOT_FOUND;
            return Err(Error::new(
                code,
                format!("user function '{name}()' not found"),
            ));
        };
        let mut call = UserCall {
            name,
            warnings,
            cancel: &self.environment.cancel,
            deadline: self.deadline,
        };
        function.call(&mut call, args)
    }

    fn wait(&mut self, duration: Duration) -> Result<(), Error> {
        let clock = &self.environment.platform.clock;
        let wanted = clock.monotonic() + duration;
        let end = self
            .deadline
            .map_or(wanted, |deadline| deadline.min(wanted));
        loop {
            let now = clock.monotonic();
            if self.environment.cancel.is_killed() || (now >= end && end < wanted) {
                let code = codes::QUERY_KILLED;
                return Err(Error::new(code, code.text()));
            }
            if now >= end {
                return Ok(());
            }
            std::thread::park_timeout((end - now).min(WAIT_STEP));
        }
    }
}

fn to_error(error: database::Error) -> Error {
    Error::new(error.code(), error.message())
}
