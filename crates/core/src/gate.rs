//! Shutdown and drain (RFC 0002, "Graceful shutdown"): a gate counts what was accepted and not finished, and can be shut.
//!
//! The ticket is taken when a message is accepted, travels inside it, and is given back when it was handled, answered or
//! thrown away. So "drained" means processed, and a panic or a cancellation cannot lose count.
//!
//! One atomic holds everything: bit 0 is "shut", bit 1 is "somebody waits", the rest counts tickets. There is no moment
//! between looking at the one and changing the other.

use crate::inbox::Wake;
use crate::sync::{Arc, AtomicUsize, Ordering};
use crate::waiters::{Entry, Waiters};

const SHUT: usize = 1;
const WAITED_FOR: usize = 2;
const ONE: usize = 4;

/// The gate is shut: nothing new is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("shutdown is in progress; nothing new is accepted")]
pub struct ShutdownInProgress;

/// Counts what is in flight. `W` wakes those who wait until nothing is.
#[derive(Debug)]
pub struct Gate<W: Wake + Clone> {
    state: AtomicUsize,
    waiters: Waiters<W>,
}

/// One accepted piece of work. Dropping it says that the work is done.
#[must_use = "the work counts as done when its ticket is dropped"]
#[derive(Debug)]
pub struct Ticket<W: Wake + Clone>(Arc<Gate<W>>);

impl<W: Wake + Clone> Default for Gate<W> {
    fn default() -> Self {
        Self { state: AtomicUsize::new(0), waiters: Waiters::default() }
    }
}

impl<W: Wake + Clone> Gate<W> {
    /// Accepts a piece of work, unless the gate is shut.
    pub fn begin_operation(self: &Arc<Self>) -> Result<Ticket<W>, ShutdownInProgress> {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            if state & SHUT != 0 {
                return Err(ShutdownInProgress);
            }
            match self.state.compare_exchange_weak(state, state + ONE, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Ok(Ticket(Arc::clone(self))),
                Err(now) => state = now,
            }
        }
    }

    /// Shuts the gate. True for exactly one caller.
    pub fn shutdown(&self) -> bool {
        self.state.fetch_or(SHUT, Ordering::AcqRel) & SHUT == 0
    }

    /// Whether the gate is shut.
    pub fn is_shutdown(&self) -> bool {
        self.state.load(Ordering::Acquire) & SHUT != 0
    }

    /// Accepted and not finished.
    pub fn pending_count(&self) -> usize {
        self.state.load(Ordering::Acquire) / ONE
    }

    /// Enters the caller among those who are woken when nothing is in flight any more. Enter first, then look at
    /// [`Gate::pending_count`], then wait.
    pub fn enter(&self, wake: W) -> Entry<W> {
        let entry = self.waiters.enter(wake);
        self.state.fetch_or(WAITED_FOR, Ordering::AcqRel);
        entry
    }
}

impl<W: Wake + Clone> Drop for Ticket<W> {
    fn drop(&mut self) {
        let before = self.0.state.fetch_sub(ONE, Ordering::AcqRel);
        if before / ONE == 1 && before & WAITED_FOR != 0 {
            self.0.waiters.wake_all();
        }
    }
}
