//! What somebody knows of the server: what was acknowledged, and what may have been carried out
//! without an answer.

use std::fmt::Debug;

use serde_json::Value;

use crate::process::Client;

/// Somebody who asks for one change after the other, and knows what must then be there.
pub trait Load: Send {
    /// Makes what is needed, on a server without any load, after every start.
    fn prepare(&mut self, client: &Client, is_first: bool) -> Result<(), String>;

    /// Asks for one change; false if there was no answer. Errors: an answer that must not be.
    fn step(&mut self, client: &Client) -> Result<bool, String>;

    /// Compares what is there after a restart with what was acknowledged. Errors: what differs.
    fn check(&mut self, client: &Client, counts: &mut Counts) -> Result<(), String>;
}

/// What came of all requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub acknowledged: u64,
    pub unanswered: u64,
    pub unanswered_happened: u64,
}

/// A state that one change after the other is made to.
pub struct Known<T> {
    /// As acknowledged.
    pub state: T,
    /// As it is if the change without an answer was carried out.
    perhaps: Option<T>,
    acknowledged: u64,
}

impl<T: Clone + PartialEq + Debug> Known<T> {
    pub fn new(state: T) -> Self {
        Self {
            state,
            perhaps: None,
            acknowledged: 0,
        }
    }

    /// A change is asked for that leaves `after`.
    pub fn ask(&mut self, after: T) {
        self.perhaps = Some(after);
    }

    /// It was carried out.
    pub fn acknowledge(&mut self) {
        if let Some(after) = self.perhaps.take() {
            self.state = after;
        }
        self.acknowledged += 1;
    }

    /// It was refused, and has done nothing.
    pub fn refuse(&mut self) {
        self.perhaps = None;
    }

    /// Takes in an answer: nothing was done if it says that something else was in the way. False
    /// if there was none. Errors: any other refusal.
    pub fn take_answer(
        &mut self,
        what: &str,
        answer: Result<(u16, Value), String>,
    ) -> Result<bool, String> {
        let Ok((status, answer)) = answer else {
            return Ok(false);
        };
        let refused = |item: &Value| item.get("error") == Some(&Value::Bool(true));
        let mut items = answer.as_array().into_iter().flatten();
        match status {
            ..300 if !items.any(refused) => self.acknowledge(),
            _ if answer["errorNum"] == 1200 => self.refuse(),
            _ => return Err(format!("{what}: {status} {answer}")),
        }
        Ok(true)
    }

    /// Compares with what was found, and goes on from there. Errors: it is neither of the two.
    pub fn compare(&mut self, found: T, counts: &mut Counts) -> Result<(), String> {
        counts.acknowledged += std::mem::take(&mut self.acknowledged);
        let perhaps = self.perhaps.take();
        counts.unanswered += u64::from(perhaps.is_some());
        if found == self.state {
            return Ok(());
        }
        if perhaps.as_ref() != Some(&found) {
            let known = &self.state;
            return Err(format!(
                "found {found:#?}, acknowledged {known:#?}, or perhaps {perhaps:#?}"
            ));
        }
        counts.unanswered_happened += 1;
        self.state = found;
        Ok(())
    }
}
