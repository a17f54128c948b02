//! What steps keep from call to call, and the memory that they were charged for it.

use crate::error::Result;
use crate::exec::pipeline::{Step, Upstream};
use crate::exec::row::{Batch, Parts, Slot};
use crate::exec::state::Exec;

/// Bytes that were charged to a query and not given back.
#[derive(Default)]
pub(super) struct Charged(usize);

impl Charged {
    /// Charges for more; fails beyond the query's limit.
    pub(super) fn add(&mut self, bytes: usize, exec: &mut Exec<'_>) -> Result<()> {
        exec.charge(bytes)?;
        self.0 += bytes;
        Ok(())
    }

    /// Gives everything back.
    pub(super) fn release(&mut self, exec: &mut Exec<'_>) {
        exec.release(std::mem::take(&mut self.0));
    }

    /// Gives everything back to whoever collects it in `freed`; see [`Step::start`].
    pub(super) fn free(&mut self, freed: &mut usize) {
        *freed += std::mem::take(&mut self.0);
    }
}

/// Rows that were all read before the first of them is handed out.
#[derive(Default)]
pub(super) struct Buffered {
    rows: Option<Parts>,
    charged: Charged,
}

impl Buffered {
    /// Whether the rows were read.
    pub(super) fn is_filled(&self) -> bool {
        self.rows.is_some()
    }

    /// Keeps rows, and what was charged for them.
    pub(super) fn fill(&mut self, rows: Batch, charged: Charged) {
        self.rows = Some(rows.into_parts());
        self.charged = charged;
    }

    pub(super) fn reset(&mut self, freed: &mut usize) {
        self.charged.free(freed);
        self.rows = None;
    }

    /// At most `want` rows; at the end none, and the memory is given back.
    pub(super) fn hand_out(&mut self, want: usize, exec: &mut Exec<'_>) -> Option<Batch> {
        let batch = self.rows.as_mut().and_then(|rows| rows.next(want));
        if batch.is_none() {
            self.charged.release(exec);
        }
        batch
    }
}

/// All rows of the step before, and what was charged for them.
pub(super) fn drain(upstream: &mut Upstream<'_>, exec: &mut Exec<'_>) -> Result<(Batch, Charged)> {
    let want = exec.state.limits.batch_rows;
    let mut all = Batch::default();
    let mut charged = Charged::default();
    while let Some(batch) = upstream.next(exec, want)? {
        exec.check_now()?;
        charged.add(batch.size(), exec)?;
        all.append(batch);
    }
    Ok((all, charged))
}

/// All rows are read before the first one goes on.
#[derive(Default)]
pub(super) struct BufferStep(Buffered);

impl Step for BufferStep {
    fn start(&mut self, _: &[Slot], freed: &mut usize) {
        self.0.reset(freed);
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        if !self.0.is_filled() {
            let (rows, charged) = drain(upstream, exec)?;
            self.0.fill(rows, charged);
        }
        Ok(self.0.hand_out(want, exec))
    }
}
