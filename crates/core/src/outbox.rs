//! Who writes what many threads send: whoever finds nobody writing writes, for itself and for everybody who comes meanwhile.
//!
//! put = enqueue, then `writing.swap(true)`; who finds false is the writer.
//! leave = `writing.swap(false)`, then look again: a sender that saw `true` has left its message to this writer.

use crate::sync::{AtomicBool, Ordering, Queue};

/// A queue of any length whose senders take turns at being its writer.
#[derive(Debug)]
pub struct Outbox<T> {
    queue: Queue<T>,
    writing: AtomicBool,
}

impl<T> Default for Outbox<T> {
    fn default() -> Self {
        Self { queue: Queue::default(), writing: AtomicBool::new(false) }
    }
}

impl<T> Outbox<T> {
    /// Adds a message. True: the caller is the writer now, until [`Outbox::leave`] is true.
    #[must_use = "the writer has to write"]
    pub fn put(&self, message: T) -> bool {
        self.queue.push(message);
        !self.writing.swap(true, Ordering::AcqRel)
    }

    /// The next message. For the writer.
    pub fn take(&self) -> Option<T> {
        self.queue.pop()
    }

    /// Gives the role back, when nothing is left. False: something came meanwhile, and the caller is the writer still.
    #[must_use = "who is still the writer has to write"]
    pub fn leave(&self) -> bool {
        // A swap, so that the message of a sender that saw `true` is seen here.
        self.writing.swap(false, Ordering::AcqRel);
        self.queue.is_empty() || self.writing.swap(true, Ordering::AcqRel)
    }

    /// Gives the role back although something is left: the next sender finds it, with its own message.
    pub fn leave_the_rest(&self) {
        self.writing.swap(false, Ordering::AcqRel);
    }
}
