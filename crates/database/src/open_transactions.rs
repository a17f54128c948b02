//! Transactions that clients hold open from call to call.
//!
//! A transaction is *running* until its owner commits or aborts it, nobody used it for
//! `open_transaction_idle_timeout`, or its database is dropped. A call that works with it leases
//! it, one call at a time; each use begins the idle time anew. How it ended is remembered for
//! the last `finished_transactions_max` of them, so that ending it twice is told from ending
//! what never was. A crash loses all of them, and with them what they wrote.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use error_codes::{Code, codes};
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::database::Database;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::DatabaseId;
use crate::locks::LockRequest;
use crate::shared::Shared;
use crate::transaction::{Transaction, TransactionOptions};

/// The longest idle time that can be set.
const IDLE_TIMEOUT_MAX: Duration = Duration::from_secs(120);

/// Identifies an open transaction in the whole server; clients see the decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(u64);

impl TransactionId {
    /// Reads the public form; errors: 1655, as no transaction has another id.
    pub fn parse(text: &str) -> Result<Self> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_number);
        number.map(Self).ok_or_else(not_found)
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    /// It can be used.
    Running,
    /// Its writes are durable.
    Committed,
    /// Its writes are gone.
    Aborted,
}

impl TransactionStatus {
    /// The public name: `running`, `committed` or `aborted`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Committed => "committed",
            Self::Aborted => "aborted",
        }
    }
}

/// A running transaction in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTransaction {
    /// Its id.
    pub id: TransactionId,
    /// Who began it.
    pub user: Option<Arc<str>>,
    /// Bytes it wrote so far, as of its last use.
    pub bytes: usize,
}

/// The open transactions of a server; see [`crate::Databases::open_transactions`].
///
/// Whoever names a transaction also names the database and the user that it must belong to:
/// others are told that there is none.
pub struct OpenTransactions {
    shared: Arc<Shared>,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    slots: HashMap<TransactionId, Slot>,
    /// The finished ones, oldest first.
    finished: VecDeque<TransactionId>,
    running: usize,
    /// Bytes of all running ones.
    bytes: usize,
}

struct Slot {
    database: DatabaseId,
    user: Option<Arc<str>>,
    state: State,
    /// Bytes that the transaction counts for in [`Table::bytes`].
    bytes: usize,
    /// When it expires unless it is leased, by the monotonic clock.
    deadline: Duration,
    /// Signalled when a lease ends.
    free: Arc<Condvar>,
}

enum State {
    Idle(Box<Transaction>),
    Leased {
        /// It ends together with the lease.
        doomed: bool,
    },
    Committed,
    Aborted,
    Expired,
}

/// The exclusive use of an open transaction. Dropping it ends the use, not the transaction; after
/// a panic it ends the transaction too.
pub struct LeasedTransaction<'a> {
    table: &'a OpenTransactions,
    id: TransactionId,
    transaction: Option<Box<Transaction>>,
}

impl OpenTransactions {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            table: Mutex::default(),
        }
    }

    /// Begins a transaction. Waits for its locks.
    ///
    /// Errors: 1203 (a declared collection), 32 (`open_transactions_max`), and those of
    /// [`Database::begin`].
    pub fn begin(
        &self,
        database: &Database,
        user: Option<&str>,
        options: TransactionOptions,
    ) -> Result<TransactionId> {
        let locks = database.request_locks(&options);
        self.begin_with(database, user, options, locks)
    }

    /// The same with locks that were asked for with the same options; see
    /// [`Database::request_locks`].
    ///
    /// Errors: as [`Self::begin`].
    pub fn begin_with(
        &self,
        database: &Database,
        user: Option<&str>,
        mut options: TransactionOptions,
        locks: LockRequest,
    ) -> Result<TransactionId> {
        if let Some(access) = &options.access {
            access.check(database)?;
        }
        self.check_room()?;
        options.claims_documents = true;
        let transaction = database.begin_with(options, locks)?;
        let id = TransactionId(self.shared.next_tick()?);
        // Others may have begun while this one waited for locks.
        self.check_room()?;
        let mut table = self.table.lock();
        table.running += 1;
        let slot = Slot {
            database: database.id(),
            user: user.map(Into::into),
            bytes: 0,
            state: State::Idle(Box::new(transaction)),
            deadline: self.deadline(),
            free: Arc::default(),
        };
        table.slots.insert(id, slot);
        Ok(id)
    }

    fn check_room(&self) -> Result<()> {
        let settings = &self.shared.settings;
        let table = self.table.lock();
        let (running_max, bytes_max) = (
            settings.open_transactions_max,
            settings.open_transactions_bytes_max,
        );
        if table.running >= running_max {
            let wanted = table.running + 1;
            return Err(Error::resource_limit(
                "open_transactions_max",
                running_max,
                wanted,
            ));
        }
        check_bytes(table.bytes, bytes_max)
    }

    fn deadline(&self) -> Duration {
        let idle = self.shared.settings.open_transaction_idle_timeout;
        self.shared.platform.clock.monotonic() + idle.min(IDLE_TIMEOUT_MAX)
    }

    /// Takes a running transaction to work with it. Waits for a call that works with it already.
    ///
    /// Errors: 1655 (unknown, or another owner's), 1654 (aborted or expired), 1653 (committed),
    /// 28 when the other call takes longer than `open_transaction_lease_timeout`, 32
    /// (`open_transactions_bytes_max`: commit or abort it).
    pub fn lease(
        &self,
        id: TransactionId,
        database: &Database,
        user: Option<&str>,
    ) -> Result<LeasedTransaction<'_>> {
        self.lease_for(id, database, user, "use")
    }

    fn lease_for(
        &self,
        id: TransactionId,
        database: &Database,
        user: Option<&str>,
        purpose: &str,
    ) -> Result<LeasedTransaction<'_>> {
        let settings = &self.shared.settings;
        let mut table = self.table.lock();
        loop {
            self.expire(&mut table, id);
            let bytes = table.bytes;
            let slot = table.find(id, database, user)?;
            match &slot.state {
                State::Idle(_) if purpose == "use" => {
                    check_bytes(bytes, settings.open_transactions_bytes_max)?;
                }
                State::Idle(_) | State::Leased { doomed: false } => {}
                State::Leased { doomed: true } | State::Aborted | State::Expired => {
                    return Err(ended(codes::TRANSACTION_ABORTED, purpose, "aborted"));
                }
                State::Committed => {
                    let code = codes::TRANSACTION_DISALLOWED_OPERATION;
                    return Err(ended(code, purpose, "committed"));
                }
            }
            if let Some(transaction) = slot.take() {
                return Ok(LeasedTransaction {
                    table: self,
                    id,
                    transaction: Some(transaction),
                });
            }
            let free = Arc::clone(&slot.free);
            let timeout = settings.open_transaction_lease_timeout;
            if free.wait_for(&mut table, timeout).timed_out() {
                let code = codes::LOCKED;
                let message = format!(
                    "{}: transaction {id} is used by another request",
                    code.text()
                );
                return Err(Error::with_message(ErrorKind::Conflict, code, message));
            }
        }
    }

    /// How far a transaction has come. Does not count as use.
    ///
    /// Errors: 1655.
    pub fn status(
        &self,
        id: TransactionId,
        database: &Database,
        user: Option<&str>,
    ) -> Result<TransactionStatus> {
        let mut table = self.table.lock();
        self.expire(&mut table, id);
        Ok(table.find(id, database, user)?.status())
    }

    /// Commits a transaction; of a committed one says so again.
    ///
    /// Errors: 1655; 1653 (aborted), 1654 (expired); 28; those of [`Transaction::commit`], after
    /// which it is aborted.
    pub fn commit(
        &self,
        id: TransactionId,
        database: &Database,
        user: Option<&str>,
    ) -> Result<TransactionStatus> {
        if self.status(id, database, user)? == TransactionStatus::Committed {
            return Ok(TransactionStatus::Committed);
        }
        let mut lease = match self.lease_for(id, database, user, "commit") {
            Ok(lease) => lease,
            Err(error) => return self.commit_failed(id, error),
        };
        let Some(transaction) = lease.transaction.take() else {
            return Err(not_found());
        };
        let result = transaction.commit();
        let end = match &result {
            Ok(()) => State::Committed,
            Err(_) => State::Aborted,
        };
        self.finish(id, end);
        result.map(|()| TransactionStatus::Committed)
    }

    /// Another request may have committed it while this one waited.
    fn commit_failed(&self, id: TransactionId, error: Error) -> Result<TransactionStatus> {
        match self.table.lock().slots.get(&id).map(|slot| &slot.state) {
            Some(State::Committed) => Ok(TransactionStatus::Committed),
            Some(State::Aborted) => {
                let code = codes::TRANSACTION_DISALLOWED_OPERATION;
                Err(ended(code, "commit", "aborted"))
            }
            _ => Err(error),
        }
    }

    /// Rolls a transaction back; of an aborted one says so again.
    ///
    /// Errors: 1655, 1653 (committed), 28.
    pub fn abort(
        &self,
        id: TransactionId,
        database: &Database,
        user: Option<&str>,
    ) -> Result<TransactionStatus> {
        if self.status(id, database, user)? == TransactionStatus::Aborted {
            return Ok(TransactionStatus::Aborted);
        }
        match self.lease_for(id, database, user, "abort") {
            Ok(mut lease) => {
                // The locks are free when the answer is there.
                drop(lease.transaction.take());
                self.finish(id, State::Aborted);
            }
            Err(error) if error.code() == codes::TRANSACTION_ABORTED => {}
            Err(error) => return Err(error),
        }
        Ok(TransactionStatus::Aborted)
    }

    /// The running transactions of a database, oldest first: those of `user`, or with `None`
    /// those of everybody.
    pub fn list(&self, database: &Database, user: Option<&str>) -> Vec<OpenTransaction> {
        let table = self.table.lock();
        let mut all: Vec<OpenTransaction> = table
            .slots
            .iter()
            .filter(|(_, slot)| slot.is_running() && slot.database == database.id())
            .filter(|(_, slot)| user.is_none() || slot.user.as_deref() == user)
            .map(|(id, slot)| OpenTransaction {
                id: *id,
                user: slot.user.clone(),
                bytes: slot.bytes,
            })
            .collect();
        all.sort_unstable_by_key(|transaction| transaction.id);
        all
    }

    /// Aborts the running transactions of a database: those of `user`, or with `None` those of
    /// everybody. One that is in use ends with the call that uses it. How many there were.
    pub fn abort_all(&self, database: &Database, user: Option<&str>) -> usize {
        let of_user = |slot: &Slot| user.is_none() || slot.user.as_deref() == user;
        self.doom(
            |slot| slot.database == database.id() && of_user(slot),
            || State::Aborted,
        )
    }

    /// The same for all databases.
    pub(crate) fn abort_everything(&self) {
        self.doom(|_| true, || State::Aborted);
    }

    /// Rolls back what nobody used in time. To be called about once a second.
    pub fn sweep(&self) {
        let now = self.shared.platform.clock.monotonic();
        let is_late = |slot: &Slot| matches!(slot.state, State::Idle(_)) && slot.deadline <= now;
        self.doom(is_late, || State::Expired);
    }

    fn doom(&self, selects: impl Fn(&Slot) -> bool, end: impl Fn() -> State) -> usize {
        let mut table = self.table.lock();
        let chosen: Vec<TransactionId> = table
            .slots
            .iter()
            .filter(|(_, slot)| slot.is_running() && selects(slot))
            .map(|(id, _)| *id)
            .collect();
        let mut rolled_back = Vec::new();
        for id in &chosen {
            let Some(slot) = table.slots.get_mut(id) else {
                continue;
            };
            match &mut slot.state {
                State::Leased { doomed } => *doomed = true,
                _ => {
                    rolled_back.push(std::mem::replace(&mut slot.state, end()));
                    self.note_finished(&mut table, *id);
                }
            }
        }
        // Giving back locks and large buffers keeps nobody from the table.
        drop(table);
        drop(rolled_back);
        chosen.len()
    }

    /// Notices that the time of one transaction is over, before the next sweep does.
    fn expire(&self, table: &mut MutexGuard<'_, Table>, id: TransactionId) {
        let now = self.shared.platform.clock.monotonic();
        let Some(slot) = table.slots.get_mut(&id) else {
            return;
        };
        if matches!(slot.state, State::Idle(_)) && slot.deadline <= now {
            let state = std::mem::replace(&mut slot.state, State::Expired);
            self.note_finished(table, id);
            MutexGuard::unlocked(table, || drop(state));
        }
    }

    /// The end of a leased transaction; nothing if it has ended already.
    fn finish(&self, id: TransactionId, end: State) {
        let mut table = self.table.lock();
        if let Some(slot) = table.slots.get_mut(&id).filter(|slot| slot.is_running()) {
            slot.state = end;
            slot.free.notify_all();
            self.note_finished(&mut table, id);
        }
    }

    /// Counts a transaction that has just ended, and forgets the oldest such ones.
    fn note_finished(&self, table: &mut Table, id: TransactionId) {
        table.running -= 1;
        if let Some(slot) = table.slots.get_mut(&id) {
            table.bytes -= std::mem::take(&mut slot.bytes);
        }
        table.finished.push_back(id);
        while table.finished.len() > self.shared.settings.finished_transactions_max {
            if let Some(oldest) = table.finished.pop_front() {
                table.slots.remove(&oldest);
            }
        }
    }

    fn give_back(&self, id: TransactionId, transaction: Box<Transaction>) {
        let bytes = transaction.bytes();
        let deadline = self.deadline();
        let mut table = self.table.lock();
        let Some(slot) = table.slots.get_mut(&id) else {
            return;
        };
        let is_over =
            matches!(slot.state, State::Leased { doomed: true }) || std::thread::panicking();
        if is_over {
            drop(table);
            drop(transaction);
            return self.finish(id, State::Aborted);
        }
        slot.state = State::Idle(transaction);
        slot.deadline = deadline;
        let before = std::mem::replace(&mut slot.bytes, bytes);
        slot.free.notify_one();
        table.bytes = table.bytes - before + bytes;
    }
}

impl Table {
    /// Errors: 1655.
    fn find(
        &mut self,
        id: TransactionId,
        database: &Database,
        user: Option<&str>,
    ) -> Result<&mut Slot> {
        let slot = self
            .slots
            .get_mut(&id)
            .filter(|slot| slot.database == database.id() && slot.user.as_deref() == user);
        slot.ok_or_else(not_found)
    }
}

impl Slot {
    fn take(&mut self) -> Option<Box<Transaction>> {
        let leased = State::Leased { doomed: false };
        match std::mem::replace(&mut self.state, leased) {
            State::Idle(transaction) => Some(transaction),
            other => {
                self.state = other;
                None
            }
        }
    }

    fn is_running(&self) -> bool {
        self.status() == TransactionStatus::Running
    }

    fn status(&self) -> TransactionStatus {
        match self.state {
            State::Idle(_) | State::Leased { .. } => TransactionStatus::Running,
            State::Committed => TransactionStatus::Committed,
            State::Aborted | State::Expired => TransactionStatus::Aborted,
        }
    }
}

impl LeasedTransaction<'_> {
    /// Which one it is.
    pub fn id(&self) -> TransactionId {
        self.id
    }
}

impl Deref for LeasedTransaction<'_> {
    type Target = Transaction;

    fn deref(&self) -> &Transaction {
        self.transaction
            .as_deref()
            .expect("it is only taken by those who consume the lease")
    }
}

impl DerefMut for LeasedTransaction<'_> {
    fn deref_mut(&mut self) -> &mut Transaction {
        self.transaction
            .as_deref_mut()
            .expect("it is only taken by those who consume the lease")
    }
}

impl Drop for LeasedTransaction<'_> {
    fn drop(&mut self) {
        match self.transaction.take() {
            Some(transaction) => self.table.give_back(self.id, transaction),
            // Ended by whoever took it; by a panic, unless it has an end already.
            None => self.table.finish(self.id, State::Aborted),
        }
    }
}

fn check_bytes(bytes: usize, bytes_max: usize) -> Result<()> {
    if bytes <= bytes_max {
        return Ok(());
    }
    Err(Error::resource_limit(
        "open_transactions_bytes_max",
        bytes_max,
        bytes,
    ))
}

fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, codes::TRANSACTION_NOT_FOUND)
}

fn ended(code: Code, purpose: &str, how: &str) -> Error {
    let message = format!(
        "{}: cannot {purpose} a transaction that is {how}",
        code.text()
    );
    Error::with_message(ErrorKind::Forbidden, code, message)
}
