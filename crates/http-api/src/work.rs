//! Where handlers get their transaction from: the only door to documents besides queries.

use database::{Transaction, TransactionOptions};

use crate::error::Result;
use crate::state::Call;

impl Call<'_> {
    /// Reads documents of the request's database in one snapshot.
    ///
    /// # Errors
    /// Those of `body`.
    pub(crate) fn read<T>(
        &self,
        body: impl FnOnce(&mut Transaction) -> database::Result<T>,
    ) -> Result<T> {
        let mut txn = self.database()?.begin(TransactionOptions::read_only())?;
        Ok(body(&mut txn)?)
    }

    /// Writes documents of the request's database, all that `body` did or nothing. `body` may run
    /// several times and must have no effect outside of the transaction.
    ///
    /// # Errors
    /// Those of `body`; 1200 if other transactions got there first again and again.
    pub(crate) fn write<T>(
        &self,
        body: impl FnMut(&mut Transaction) -> database::Result<T>,
    ) -> Result<T> {
        Ok(self.database()?.run(&TransactionOptions::default(), body)?)
    }
}
