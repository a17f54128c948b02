//! One embedded engine as several processes would have it, if they could.

use std::sync::Arc;

use store::{BeginOptions, Engine, Limits, Result, Seen, Txn, WhenDurable};

/// One of the processes' engines.
pub struct Handle(pub Arc<dyn Engine>);

impl Engine for Handle {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn limits(&self) -> &Limits {
        self.0.limits()
    }

    fn begin(&self, options: BeginOptions) -> Result<Box<dyn Txn>> {
        self.0.begin(options)
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn when_durable(&self, seen: Seen, then: WhenDurable) {
        self.0.when_durable(seen, then);
    }

    fn sync_now(&self) {
        self.0.sync_now();
    }

    /// Others go on.
    fn close(&self) -> Result<()> {
        Ok(())
    }
}
