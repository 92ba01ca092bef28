//! How much a view's page has not taken yet.

use crate::bell::Bell;
use auroraview_core::limits::{MAX_BACKLOG_BYTES, MAX_BACKLOG_MESSAGES};
use auroraview_core::waiters::Waiters;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts what was sent to a page and not reported as delivered.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    messages: AtomicUsize,
    bytes: AtomicUsize,
    /// Threads that wait for room.
    pub room: Waiters<Arc<Bell>>,
}

impl Backlog {
    /// Whether the page has to take something first. A single message may exceed the bound, or one that is larger than
    /// what is left could never be sent.
    pub fn is_full(&self) -> bool {
        self.messages.load(Ordering::Relaxed) >= MAX_BACKLOG_MESSAGES
            || self.bytes.load(Ordering::Relaxed) >= MAX_BACKLOG_BYTES
    }

    /// Counts a message in.
    pub fn enter(&self, bytes: usize) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts out what the UI process reports. It is trusted, but never below zero.
    pub fn leave(&self, messages: usize, bytes: usize) {
        let less = |by: usize| move |now: usize| Some(now.saturating_sub(by));
        let _ = self.messages.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less(messages));
        let _ = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less(bytes));
        self.room.wake_all();
    }

    /// The page is gone, and what it had not taken with it: returns how many messages that were. Counts from `messages`
    /// and `bytes` on.
    pub fn restart(&self, messages: usize, bytes: usize) -> usize {
        let gone = self.messages.swap(messages, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
        self.room.wake_all();
        gone
    }

    /// Messages waiting.
    pub fn messages(&self) -> usize {
        self.messages.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_by_count_or_by_bytes_until_something_leaves() {
        let backlog = Backlog::default();
        (1..MAX_BACKLOG_MESSAGES).for_each(|_| backlog.enter(1));
        assert!(!backlog.is_full());
        backlog.enter(1);
        assert!(backlog.is_full());
        backlog.leave(1, 1);
        assert!(!backlog.is_full());
        backlog.enter(MAX_BACKLOG_BYTES * 2); // one message may be larger than the room
        backlog.leave(MAX_BACKLOG_MESSAGES, 0);
        assert!(backlog.is_full());
        backlog.leave(0, usize::MAX);
        assert!(!backlog.is_full());
        assert_eq!(backlog.messages(), 0);
    }
}
