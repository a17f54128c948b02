//! Hints that something changed, faster than polling.

/// A way to tell the other coordinators that something changed, such as `NOTIFY`. Hints carry
/// nothing and promise nothing: whoever gets one looks at the store.
pub trait Hints: Send + Sync + 'static {
    /// Tells the others. Does not block for long; failures are logged where they occur.
    fn tell(&self);

    /// Has `then` called whenever another coordinator may have told, on any thread; also after a
    /// connection was lost and is back. `then` does not block.
    fn listen(&self, then: Box<dyn Fn() + Send + Sync>);
}

/// Nobody is told; polling has to do.
pub struct NoHints;

impl Hints for NoHints {
    fn tell(&self) {}

    fn listen(&self, _then: Box<dyn Fn() + Send + Sync>) {}
}
