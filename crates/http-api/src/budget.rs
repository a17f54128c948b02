//! Memory that many requests share: whoever would take more than is left is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use error_codes::codes;
use hyper::StatusCode;

use crate::error::{Error, Result};

/// An amount of bytes and how much of it is taken.
#[derive(Debug)]
pub(crate) struct Budget {
    /// What the bytes are for and the setting that limits them, for the error.
    name: &'static str,
    bytes_max: usize,
    used: AtomicUsize,
}

/// A part of a budget; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(name: &'static str, bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            name,
            bytes_max,
            used: AtomicUsize::new(0),
        })
    }

    /// A share of nothing, to grow.
    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share {
            budget: Arc::clone(self),
            bytes: 0,
        }
    }

    /// How much is taken.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Takes more.
    ///
    /// # Errors
    /// 503/32 when that much is not left; nothing was taken then.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<()> {
        let max = self.budget.bytes_max;
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= max);
        let used = &self.budget.used;
        match used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => {
                self.bytes += bytes;
                Ok(())
            }
            Err(used) => {
                let name = self.budget.name;
                let text = format!("{name}: {used} of {max} bytes are taken, {bytes} more asked");
                Err(Error::new(codes::RESOURCE_LIMIT, text)
                    .with_status(StatusCode::SERVICE_UNAVAILABLE))
            }
        }
    }

    /// Gives a part back.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.budget.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back() {
        let budget = Budget::new("texts (texts_bytes_max)", 10);
        let (mut one, mut two) = (budget.share(), budget.share());
        one.grow(6).unwrap();
        two.grow(4).unwrap();
        let error = two.grow(1).unwrap_err();
        assert_eq!(error.code.number(), 32);
        assert!(error.message.contains("texts_bytes_max"), "{error}");
        assert!(two.grow(usize::MAX).is_err(), "no overflow");
        one.shrink(100);
        assert_eq!(budget.used(), 4);
        two.grow(6).unwrap();
        drop(two);
        assert_eq!(budget.used(), 0);
    }
}
