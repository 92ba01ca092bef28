//! What ships: std's atomics, parking_lot's lock, crossbeam's queue, arc-swap's snapshot.

pub use parking_lot::{Mutex, MutexGuard};
pub use std::sync::Arc;
pub use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};

/// A lock-free queue of any length: any thread pushes, any thread pops, first in first out.
pub type Queue<T> = crossbeam_queue::SegQueue<T>;

/// A value that readers take without waiting and writers replace whole.
#[derive(Debug, Default)]
pub struct Snapshot<T>(arc_swap::ArcSwap<T>);

impl<T> Snapshot<T> {
    /// The value now.
    pub fn load(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// Calls `read` with the value now, without counting a reference.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.0.load())
    }

    /// Replaces `current` by `new`. False if another thread was first.
    pub fn replace(&self, current: &Arc<T>, new: T) -> bool {
        let before = self.0.compare_and_swap(current, Arc::new(new));
        Arc::ptr_eq(&before, current)
    }
}
