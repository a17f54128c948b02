//! `WINDOW`
//!
//! Source: public documentation, "AQL / High-level operations / WINDOW".

use std::sync::Arc;

use error_codes::codes;
use value::Value;

use super::aggregate::Accumulator;
use super::kept::{Buffered, Charged, drain};
use crate::error::Result;
use crate::exec::eval::eval;
use crate::exec::pipeline::{Place, Step, Upstream};
use crate::exec::row::{Batch, Slot, value_size};
use crate::exec::state::Exec;
use crate::functions::{instant_of, shift};
use crate::plan::{Aggregate, Bound, Node, Window};

/// `WINDOW`
pub(super) struct WindowStep {
    place: Place,
    buffered: Buffered,
}

/// The rows of a frame: a part of the order.
type Frame = std::ops::Range<usize>;

/// Which rows see which.
struct Frames {
    /// Rows by what they are compared by.
    order: Vec<usize>,
    /// The frame of each row, in places of `order`.
    of_row: Vec<Frame>,
}

impl Frames {
    /// Whether every frame that is not empty reaches the end, and they do not begin alike.
    fn end_alike(&self) -> bool {
        let mut frames = self.of_row.iter().filter(|frame| !frame.is_empty());
        let end = self.order.len();
        frames.all(|frame| frame.end == end) && self.of_row.iter().any(|frame| frame.start > 0)
    }

    /// The rows in the order in which frames move on: places of `order`, or the other way round;
    /// then those that see nobody.
    fn visits(&self, backward: bool) -> impl Iterator<Item = usize> {
        let count = self.order.len();
        let at = move |nth: usize| if backward { count - 1 - nth } else { nth };
        let ordered = (0..count).filter_map(move |nth| self.order.get(at(nth)).copied());
        let unseen = self.of_row.iter().enumerate();
        let unseen = unseen.filter(move |(_, frame)| count < self.of_row.len() && frame.is_empty());
        ordered.chain(unseen.map(|(row, _)| row))
    }
}

/// One aggregate over the frame of one row after another.
struct Running {
    kind: Aggregate,
    accumulator: Accumulator,
    /// Frames that end alike grow towards the front when rows are visited from the last on. The
    /// aggregate must not depend on the order then.
    backward: bool,
    /// What the accumulator has seen.
    done: Frame,
}

impl Running {
    fn new(kind: Aggregate, backward: bool) -> Self {
        Self {
            kind,
            accumulator: Accumulator::new(kind),
            backward,
            done: 0..0,
        }
    }

    /// The places to add for a frame: what is new if the frame has only grown, else all of it.
    fn move_to(&mut self, frame: Frame) -> Box<dyn Iterator<Item = usize>> {
        let (start, end) = (frame.start, frame.end.max(frame.start));
        let grows = match self.backward {
            true => end == self.done.end && start <= self.done.start,
            false => start == self.done.start && end >= self.done.end,
        };
        if !grows {
            self.accumulator = Accumulator::new(self.kind);
            self.done = match self.backward {
                true => end..end,
                false => start..start,
            };
        }
        let done = std::mem::replace(&mut self.done, start..end);
        match self.backward {
            true => Box::new((start..done.start).rev()),
            false => Box::new(done.end..end),
        }
    }
}

impl WindowStep {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            buffered: Buffered::default(),
        }
    }

    fn fill(
        &mut self,
        window: &Window,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
    ) -> Result<()> {
        let (mut rows, mut charged) = drain(upstream, exec)?;
        let frames = match window.key {
            None => row_frames(window, rows.len()),
            Some(_) => range_frames(window, &rows, exec)?,
        };
        let arguments = arguments(window, &rows, &mut charged, exec)?;
        let backward = frames.end_alike();
        for (column, (var, kind, _)) in window.aggregates.iter().enumerate() {
            let mut frame = Running::new(*kind, backward && kind.is_free_of_order());
            let argument = |row: usize| arguments.get(row * window.aggregates.len() + column);
            for row in frames.visits(frame.backward) {
                let wanted = frames.of_row.get(row).cloned().unwrap_or_default();
                for place in frame.move_to(wanted) {
                    exec.check()?;
                    let value = frames.order.get(place).and_then(|row| argument(*row));
                    let bytes = frame.accumulator.add(value.cloned().unwrap_or_default());
                    charged.add(bytes, exec)?;
                }
                let result = frame.accumulator.result(*kind, exec)?;
                charged.add(value_size(&result), exec)?;
                rows.set(row, var.index(), Slot::Value(result));
            }
        }
        self.buffered.fill(rows, charged);
        Ok(())
    }
}

/// What is aggregated: for each row a value for each aggregate.
fn arguments(
    window: &Window,
    rows: &Batch,
    charged: &mut Charged,
    exec: &mut Exec<'_>,
) -> Result<Vec<Value>> {
    let mut values = Vec::with_capacity(rows.len() * window.aggregates.len());
    for at in 0..rows.len() {
        exec.check()?;
        for (_, _, argument) in &window.aggregates {
            let value = match argument {
                Some(argument) => eval(argument, rows.row(at), exec)?,
                None => Value::Null,
            };
            charged.add(value_size(&value), exec)?;
            values.push(value);
        }
    }
    Ok(values)
}

fn row_frames(window: &Window, count: usize) -> Frames {
    let start = |at: usize| match window.preceding {
        Bound::Rows(rows) => at.saturating_sub(rows),
        _ => 0,
    };
    let end = |at: usize| match window.following {
        Bound::Rows(rows) => at.saturating_add(rows).saturating_add(1).min(count),
        _ => count,
    };
    Frames {
        order: (0..count).collect(),
        of_row: (0..count).map(|at| start(at)..end(at)).collect(),
    }
}

/// Rows whose key cannot be compared see nobody and are seen by nobody.
fn range_frames(window: &Window, rows: &Batch, exec: &mut Exec<'_>) -> Result<Frames> {
    let by_time = [window.preceding, window.following]
        .iter()
        .any(|bound| matches!(bound, Bound::Time(_)));
    let mut keys = Vec::with_capacity(rows.len());
    for at in 0..rows.len() {
        let key = match &window.key {
            Some(key) => eval(key, rows.row(at), exec)?,
            None => Value::Null,
        };
        let (number, code) = if by_time {
            let ms = instant_of(&key).map(|ms| ms as f64);
            (ms, codes::QUERY_INVALID_DATE_VALUE)
        } else {
            let number = key.as_f64().filter(|_| key.is_number());
            (number, codes::QUERY_INVALID_ARITHMETIC_VALUE)
        };
        if number.is_none() {
            exec.warn(code, code.text())?;
        }
        keys.push(number);
    }
    let mut sorted: Vec<(f64, usize)> = keys
        .iter()
        .enumerate()
        .filter_map(|(at, key)| key.map(|key| (key, at)))
        .collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let frame = |key: &Option<f64>| {
        let Some(key) = *key else { return 0..0 };
        let low = limit(key, window.preceding, -1);
        let high = limit(key, window.following, 1);
        sorted.partition_point(|(other, _)| *other < low)
            ..sorted.partition_point(|(other, _)| *other <= high)
    };
    Ok(Frames {
        of_row: keys.iter().map(frame).collect(),
        order: sorted.iter().map(|(_, at)| *at).collect(),
    })
}

/// The least or largest key that a frame reaches.
fn limit(key: f64, bound: Bound, sign: i64) -> f64 {
    let unbounded = f64::INFINITY * sign as f64;
    match bound {
        Bound::Unbounded | Bound::Rows(_) => unbounded,
        Bound::Distance(distance) => key + distance * sign as f64,
        Bound::Time(span) => shift(key as i64, span, sign).map_or(unbounded, |ms| ms as f64),
    }
}

impl Step for WindowStep {
    fn start(&mut self, _: &[Slot], freed: &mut usize) {
        self.buffered.reset(freed);
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::Window(window) = self.place.node(&plan) else {
            return Ok(None);
        };
        if !self.buffered.is_filled() {
            self.fill(window, upstream, exec)?;
        }
        Ok(self.buffered.hand_out(want, exec))
    }
}
