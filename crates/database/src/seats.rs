//! Who this process is to its store: its seat, the identifiers it may give out, and its sign of
//! life.
//!
//! An embedded store has one process, which gives out all identifiers. Of a store that is shared
//! each process takes a *seat*: a number that its identifiers have in their lowest bits, so that
//! no two processes give out the same one, whatever their clocks show. The row of a seat says who
//! has it and up to where it may give identifiers out; whoever has the seat next begins above.
//!
//! Whoever has a seat also changes its *sign of life* now and then. Others compare what they read
//! with what they read before, by their own clock: when it has not changed for `seat_lease` they
//! remove it and make the seat free. No clock is compared with another one. A process that was
//! only held up finds that it lost its seat, and takes another one; until it does so it gives out
//! identifiers that are its own in any case. Whatever else is held in the name of a seat (locks,
//! tasks, index builds) belongs to nobody when the sign of life is gone, and who takes it over
//! writes what the former holder guards.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use error_codes::codes;
use parking_lot::Mutex;
use platform::{Clock, Ticks};
use store::{Batch, BeginOptions, Scan, Txn};

use crate::databases::Databases;
use crate::error::{Error, ErrorKind, Result};
use crate::layout;
use crate::shared::{COUNTER_BITS, Shared};

/// Bits of an identifier that name the seat.
const SEAT_BITS: u32 = 10;
/// Processes that share a store at most.
const SEATS_MAX: u64 = 1 << SEAT_BITS;

/// Who holds something in a shared store: a seat, and a random number for who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Holder {
    pub seat: u64,
    pub who: u64,
}

/// What a process gives out identifiers by.
pub(crate) struct Seat {
    /// `None` where nobody else shares the store.
    holder: Option<Holder>,
    ticks: Ticks,
    /// The largest identifier that the store says may have been given out.
    ceiling: AtomicU64,
}

/// Signs of life as they were when they last changed, and when that was by the monotonic clock.
#[derive(Default)]
pub(crate) struct Observed {
    by_holder: HashMap<Holder, (u64, Duration)>,
}

/// The row of a seat.
#[derive(Clone, Copy)]
struct Row {
    /// 0 for nobody.
    who: u64,
    ceiling: u64,
}

impl Row {
    fn decode(bytes: &[u8]) -> Result<Self> {
        let [who, ceiling] =
            layout::decode_numbers(bytes).ok_or_else(|| Error::corrupt("a seat"))?;
        Ok(Self { who, ceiling })
    }

    fn encode(self) -> bytes::Bytes {
        layout::encode_numbers([self.who, self.ceiling])
    }
}

impl Holder {
    pub fn encode(self) -> bytes::Bytes {
        layout::encode_numbers([self.seat, self.who])
    }

    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let [seat, who] =
            layout::decode_numbers(bytes).ok_or_else(|| Error::corrupt("a holder"))?;
        Ok(Self { seat, who })
    }

    /// Whether whoever that is shows a sign of life in a snapshot.
    pub fn is_alive(self, txn: &mut dyn Txn) -> Result<bool> {
        let life = txn.get(&layout::life(self.seat))?;
        Ok(match life {
            Some(life) => decode_life(&life)?.0 == self.who,
            None => false,
        })
    }
}

impl Seat {
    /// Gives out identifiers above `floor`, none of which is reserved yet.
    pub fn alone(clock: Arc<dyn Clock>, floor: u64) -> Self {
        Self {
            holder: None,
            ticks: Ticks::new(clock, floor),
            ceiling: AtomicU64::new(floor),
        }
    }

    fn shared(clock: Arc<dyn Clock>, floor: u64, holder: Holder) -> Self {
        Self {
            holder: Some(holder),
            ticks: Ticks::with_remainder(clock, floor, SEAT_BITS, holder.seat),
            ceiling: AtomicU64::new(floor),
        }
    }
}

fn decode_life(bytes: &[u8]) -> Result<(u64, u64)> {
    let [who, beat] =
        layout::decode_numbers(bytes).ok_or_else(|| Error::corrupt("a sign of life"))?;
    Ok((who, beat))
}

/// The largest identifier that may have been given out by anybody.
fn read_ceiling(txn: &mut dyn Txn) -> Result<u64> {
    match txn.get(&layout::server_value(layout::TICK_CEILING))? {
        Some(bytes) => {
            layout::decode_number(&bytes).ok_or_else(|| Error::corrupt("ceiling of identifiers"))
        }
        None => Ok(0),
    }
}

/// Every seat that was ever taken.
fn read_seats(txn: &mut dyn Txn) -> Result<Vec<(u64, Row)>> {
    let scan = Scan::forward(layout::seats()).with_entries_max(SEATS_MAX as usize);
    let entries = txn.scan(&scan)?.entries.into_iter();
    let seats = entries.map(|(key, row)| Ok((crate::catalog::id_at(&key, 1)?, Row::decode(&row)?)));
    seats.collect()
}

/// Above what a process that is alone with its store begins.
pub(crate) fn floor_alone(txn: &mut dyn Txn) -> Result<u64> {
    let seats = read_seats(txn)?;
    let ceilings = seats.iter().map(|(_, row)| row.ceiling);
    Ok(ceilings.fold(read_ceiling(txn)?, u64::max))
}

impl Shared {
    /// Who this process is to others; `None` where there are none.
    pub fn holder(&self) -> Option<Holder> {
        self.seat.load().holder
    }

    /// A new identifier, above all that were given out before here, also by earlier runs, and
    /// different from all that others give out.
    pub fn next_tick(&self) -> Result<u64> {
        loop {
            let seat = self.seat.load();
            let tick = seat.ticks.next();
            if tick <= seat.ceiling.load(Ordering::Acquire) {
                return Ok(tick);
            }
            let _one_at_a_time = self.raising.lock();
            let is_current = Arc::ptr_eq(&seat, &self.seat.load());
            if !is_current {
                continue;
            }
            if tick > seat.ceiling.load(Ordering::Acquire) {
                let reserve = self.settings.tick_reserve_ms << COUNTER_BITS;
                if !self.write_ceiling(&seat, tick.saturating_add(reserve))? {
                    self.take_seat()?;
                    continue;
                }
            }
            return Ok(tick);
        }
    }

    /// An identifier for the next revision of a document, above its last one. The clock of who
    /// made that one may be ahead.
    pub fn next_revision(&self, last: u64) -> Result<u64> {
        let tick = self.next_tick()?;
        if tick > last {
            return Ok(tick);
        }
        let seat = self.seat.load_full();
        let skew = u64::try_from(self.settings.clock_skew_max.as_millis()).unwrap_or(u64::MAX);
        let latest = self.platform.clock.unix_ms().saturating_add(skew);
        if last >> COUNTER_BITS <= latest {
            seat.ticks.raise(last);
            return self.next_tick();
        }
        // Somebody has put it there. It must not take everything else into the future with it.
        Ok(seat.ticks.following(last))
    }

    /// The revision of a catalog or list that comes after another one. Nobody else gives the same
    /// one, so that a commit whose outcome is unknown can be told from one of another process.
    pub fn revision_after(&self, revision: u64) -> Result<u64> {
        match self.holder() {
            Some(_) => self.next_revision(revision),
            None => Ok(revision + 1),
        }
    }

    /// The first number above another one that only this process gives out.
    pub fn following(&self, number: u64) -> u64 {
        self.seat.load().ticks.following(number)
    }

    /// Gives back the identifiers that were reserved and not used, and the seat.
    pub fn release_ticks(&self) -> Result<()> {
        let _one_at_a_time = self.raising.lock();
        let seat = self.seat.load_full();
        let tick = seat.ticks.next();
        match seat.holder {
            Some(holder) => {
                let ceiling = tick.min(seat.ceiling.load(Ordering::Acquire));
                self.retry(|| {
                    let (mut txn, row) = self.find_seat(holder)?;
                    if row.who == holder.who {
                        let mut batch = Batch::new();
                        let free = Row { who: 0, ceiling };
                        batch.put(layout::seat(holder.seat), free.encode());
                        batch.delete(layout::life(holder.seat));
                        txn.write(batch)?;
                    }
                    txn.commit()?;
                    Ok(())
                })?;
                seat.ceiling.store(ceiling, Ordering::Release);
            }
            None if tick < seat.ceiling.load(Ordering::Acquire) => {
                self.write_ceiling(&seat, tick)?;
            }
            None => {}
        }
        Ok(())
    }

    /// Persists an end of identifiers. False if the seat is somebody else's by now.
    fn write_ceiling(&self, seat: &Seat, ceiling: u64) -> Result<bool> {
        let written = self.retry(|| {
            let mut batch = Batch::new();
            let mut txn = match seat.holder {
                Some(holder) => {
                    let (txn, row) = self.find_seat(holder)?;
                    if row.who != holder.who {
                        return Ok(false);
                    }
                    let row = Row { ceiling, ..row };
                    batch.put(layout::seat(holder.seat), row.encode());
                    txn
                }
                None => {
                    let key = layout::server_value(layout::TICK_CEILING);
                    batch.put(key, layout::encode_number(ceiling));
                    self.engine.begin(BeginOptions::read_write())?
                }
            };
            txn.write(batch)?;
            txn.commit()?;
            Ok(true)
        })?;
        if written {
            seat.ceiling.store(ceiling, Ordering::Release);
        }
        Ok(written)
    }

    /// A transaction, and the row of a seat in it.
    fn find_seat(&self, holder: Holder) -> Result<(Box<dyn Txn>, Row)> {
        let key = layout::seat(holder.seat);
        let (txn, mut values) = self
            .engine
            .begin_reading(BeginOptions::read_write(), &[&key])?;
        let row = values
            .pop()
            .flatten()
            .ok_or_else(|| Error::corrupt("a seat that is gone"))?;
        Ok((txn, Row::decode(&row)?))
    }

    /// Takes the first free seat. Errors: 32 when there is none; the engine's.
    pub fn take_seat(&self) -> Result<()> {
        let clock = Arc::clone(&self.platform.clock);
        let seat = self.retry(|| {
            let mut txn = self.engine.begin(BeginOptions::read_write())?;
            let rows: HashMap<u64, Row> = read_seats(txn.as_mut())?.into_iter().collect();
            let is_free = |number: &u64| rows.get(number).is_none_or(|row| row.who == 0);
            let seat = (0..SEATS_MAX).find(is_free).ok_or_else(no_seat)?;
            let above = rows.get(&seat).map_or(0, |row| row.ceiling);
            let floor = above.max(read_ceiling(txn.as_mut())?);
            let holder = Holder {
                seat,
                // 0 is nobody.
                who: self.platform.random.next_u64().max(1),
            };
            let row = Row {
                who: holder.who,
                ceiling: floor,
            };
            let mut batch = Batch::new();
            batch.put(layout::seat(seat), row.encode());
            batch.put(layout::life(seat), layout::encode_numbers([holder.who, 0]));
            txn.write(batch)?;
            txn.commit()?;
            Ok(Seat::shared(Arc::clone(&clock), floor, holder))
        })?;
        // Identifiers go on growing here though the seat is another one.
        seat.ticks.raise(self.seat.load().ticks.latest());
        self.seat.store(Arc::new(seat));
        Ok(())
    }

    /// Changes the own sign of life; takes another seat if this one was lost.
    fn show_life(&self) -> Result<()> {
        let Some(holder) = self.holder() else {
            return Ok(());
        };
        let shown = self.retry(|| {
            let (seat, life) = (layout::seat(holder.seat), layout::life(holder.seat));
            let options = BeginOptions::read_write();
            let (mut txn, values) = self.engine.begin_reading(options, &[&seat, &life])?;
            let [row, life_before] = values.as_slice() else {
                return Ok(false);
            };
            let row = row.as_deref().map(Row::decode).transpose()?;
            let is_own = row.is_some_and(|row| row.who == holder.who);
            let Some(life_before) = life_before.as_deref().filter(|_| is_own) else {
                return Ok(false);
            };
            let (_, beat) = decode_life(life_before)?;
            let mut batch = Batch::new();
            batch.put(
                life,
                layout::encode_numbers([holder.who, beat.wrapping_add(1)]),
            );
            txn.write(batch)?;
            txn.commit()?;
            Ok(true)
        })?;
        if !shown {
            let _one_at_a_time = self.raising.lock();
            if self.holder() == Some(holder) {
                tracing::warn!(
                    seat = holder.seat,
                    "others took this process for dead; it goes on under another seat"
                );
                self.take_seat()?;
            }
        }
        Ok(())
    }

    /// Frees the seats of those who gave no sign of life for too long.
    fn free_dead_seats(&self) -> Result<()> {
        let now = self.platform.clock.monotonic();
        let mut txn = self.engine.begin(BeginOptions::read_only())?;
        let scan = Scan::forward(layout::lives()).with_entries_max(SEATS_MAX as usize);
        let mut dead = Vec::new();
        {
            let mut observed = self.observed.lock();
            let mut seen = HashMap::new();
            for (key, life) in txn.scan(&scan)?.entries {
                let (who, beat) = decode_life(&life)?;
                let seat = crate::catalog::id_at(&key, 1)?;
                let holder = Holder { seat, who };
                let since = match observed.by_holder.get(&holder) {
                    Some((before, since)) if *before == beat => *since,
                    _ => now,
                };
                if now.saturating_sub(since) >= self.settings.seat_lease
                    && Some(holder) != self.holder()
                {
                    dead.push((holder, life));
                }
                seen.insert(holder, (beat, since));
            }
            observed.by_holder = seen;
        }
        drop(txn);
        for (holder, life) in dead {
            self.free_seat(holder, &life)?;
        }
        Ok(())
    }

    /// Frees a seat unless there was another sign of life.
    fn free_seat(&self, holder: Holder, life: &[u8]) -> Result<()> {
        let (seat_key, life_key) = (layout::seat(holder.seat), layout::life(holder.seat));
        self.retry(|| {
            let options = BeginOptions::read_write();
            let (mut txn, values) = self
                .engine
                .begin_reading(options, &[&seat_key, &life_key])?;
            let [row, life_now] = values.as_slice() else {
                return Ok(());
            };
            if life_now.as_deref() != Some(life) {
                return Ok(());
            }
            let mut batch = Batch::new();
            batch.delete(life_key.clone());
            let row = row.as_deref().map(Row::decode).transpose()?;
            if let Some(row) = row.filter(|row| row.who == holder.who) {
                let free = Row { who: 0, ..row };
                batch.put(seat_key.clone(), free.encode());
            }
            txn.write(batch)?;
            txn.commit()?;
            Ok(())
        })
    }

    /// Whether this process does a task that one of all is to do: it does already, or nobody who
    /// is alive does. Without others always.
    ///
    /// Two may think so for a moment, so the task must bear that.
    pub fn leads(&self, task: &str) -> Result<bool> {
        let Some(holder) = self.holder() else {
            return Ok(true);
        };
        let key = layout::task(task);
        self.retry(|| {
            let options = BeginOptions::read_write();
            let (mut txn, mut values) = self.engine.begin_reading(options, &[&key])?;
            if let Some(leader) = values.pop().flatten() {
                let leader = Holder::decode(&leader)?;
                if leader == holder {
                    return Ok(true);
                }
                if leader.is_alive(txn.as_mut())? {
                    return Ok(false);
                }
            }
            let mut batch = Batch::new();
            batch.put(key.clone(), holder.encode());
            txn.write(batch)?;
            txn.commit()?;
            Ok(true)
        })
    }
}

fn no_seat() -> Error {
    let code = codes::RESOURCE_LIMIT;
    let message = format!("{SEATS_MAX} processes share the store already");
    Error::with_message(ErrorKind::Limit, code, message)
}

/// For [`Shared`]: what a process keeps about others.
pub(crate) type ObservedOthers = Mutex<Observed>;

impl Databases {
    /// Shows the other processes of a shared store that this one is alive, and gives free what
    /// those held who died. To be called about once a second, several times within `seat_lease`.
    /// Does nothing where nobody shares the store.
    ///
    /// Errors: the engine's; 32 when the own seat was lost and there is no other.
    pub fn show_life(&self) -> Result<()> {
        let shared = self.shared();
        if shared.engine.is_shared() {
            shared.show_life()?;
            shared.free_dead_seats()?;
            shared.release_leftovers()?;
        }
        Ok(())
    }
}
