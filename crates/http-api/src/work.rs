//! Where handlers get their transaction from: the only door to documents besides queries.

use database::{
    Collection, ExpectedDocument, LeasedTransaction, Transaction, TransactionId, TransactionOptions,
};

use error_codes::codes;

use crate::error::{Error, Result};
use crate::state::Call;

/// Names the open transaction that a request is part of.
const HEADER: &str = "x-arango-trx-id";

impl Call<'_> {
    /// The open transaction that the request is part of, for the time of the request.
    ///
    /// # Errors
    /// 1655, 1654, 1653 and 28 for one that cannot be used.
    pub(crate) fn lease(&self) -> Result<Option<LeasedTransaction<'_>>> {
        let Some(id) = self.request.headers.get(HEADER) else {
            return Ok(None);
        };
        let id = TransactionId::parse(id.to_str().unwrap_or_default())?;
        self.lease_by_id(id).map(Some)
    }

    /// A transaction that the caller holds open.
    ///
    /// # Errors
    /// As [`Self::lease`].
    pub(crate) fn lease_by_id(&self, id: TransactionId) -> Result<LeasedTransaction<'_>> {
        let open = self.api.databases.open_transactions();
        Ok(open.lease(id, &self.database()?, self.identity.user())?)
    }

    /// Refuses to change a collection or its indexes in the name of a transaction that declared
    /// it. Such changes are no part of transactions: they happen at once, and stay.
    ///
    /// # Errors
    /// 1653; as [`Self::lease`].
    pub(crate) fn check_change(&self, name_or_id: &str) -> Result<()> {
        let Some(lease) = self.lease()? else {
            return Ok(());
        };
        match lease.collection(name_or_id) {
            Ok(collection) if lease.declares(&collection) => {
                let code = codes::TRANSACTION_DISALLOWED_OPERATION;
                let text = format!("{}: {}", code.text(), collection.name());
                Err(Error::new(code, text))
            }
            _ => Ok(()),
        }
    }

    /// Reads documents of the request's database in one snapshot, that of the request's open
    /// transaction if it is part of one.
    ///
    /// # Errors
    /// Those of `body` and of [`Self::lease`].
    pub(crate) fn read<T>(
        &self,
        body: impl FnOnce(&mut Transaction) -> database::Result<T>,
    ) -> Result<T> {
        self.read_expecting(Vec::new(), body)
    }

    /// The same for a `body` that will ask for these documents.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn read_expecting<T>(
        &self,
        expected: Vec<ExpectedDocument>,
        body: impl FnOnce(&mut Transaction) -> database::Result<T>,
    ) -> Result<T> {
        if let Some(mut lease) = self.lease()? {
            return Ok(body(&mut lease)?);
        }
        let options = TransactionOptions {
            expected,
            ..TransactionOptions::read_only()
        };
        Ok(body(&mut self.database()?.begin(options)?)?)
    }

    /// Writes documents of the request's database, all that `body` did or nothing. `body` may run
    /// several times and must have no effect outside of the transaction. In an open transaction
    /// it takes effect when that is committed.
    ///
    /// # Errors
    /// Those of `body` and of [`Self::lease`]; 1200 if other transactions got there first again
    /// and again.
    pub(crate) fn write<T>(
        &self,
        body: impl FnMut(&mut Transaction) -> database::Result<T>,
    ) -> Result<T> {
        self.write_expecting(Vec::new(), body)
    }

    /// The same for a `body` that will ask for these documents.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub(crate) fn write_expecting<T>(
        &self,
        expected: Vec<ExpectedDocument>,
        body: impl FnMut(&mut Transaction) -> database::Result<T>,
    ) -> Result<T> {
        if let Some(mut lease) = self.lease()? {
            return Ok(all_or_nothing(&mut lease, body)?);
        }
        let options = TransactionOptions {
            expected,
            ..TransactionOptions::default()
        };
        Ok(self.database()?.run(&options, body)?)
    }

    /// Removes all documents of a collection, in the request's open transaction if it is part of
    /// one.
    ///
    /// # Errors
    /// Those of the crate `database` and of [`Self::lease`].
    pub(crate) fn truncate(&self, collection: &Collection) -> Result<()> {
        if let Some(mut lease) = self.lease()? {
            lease.truncate(collection)?;
            return Ok(());
        }
        let name = collection.id().to_string();
        self.database()?.truncate_collection(&name)?;
        Ok(())
    }
}

/// Undoes in an open transaction what `body` has done before it failed.
///
/// # Errors
/// Those of `body`, and the engine's.
pub(crate) fn all_or_nothing<T, E: From<database::Error>>(
    txn: &mut Transaction,
    body: impl FnOnce(&mut Transaction) -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    let before = txn.savepoint()?;
    let outcome = body(txn);
    if outcome.is_err() {
        txn.rollback_to(before)?;
    }
    txn.release(before)?;
    outcome
}
