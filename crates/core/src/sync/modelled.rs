//! What a model checker sees: its own atomics and lock, and stand-ins made of that lock.

#[cfg(loom)]
use loom::sync as checked;
#[cfg(not(loom))]
use shuttle::sync as checked;

pub use checked::MutexGuard;
pub use checked::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::collections::VecDeque;
/// std's, which a method can have as its `self`. Checkers see no order in its counting.
pub use std::sync::Arc;
use std::sync::PoisonError;

/// A lock with parking_lot's interface.
#[derive(Debug, Default)]
pub struct Mutex<T>(checked::Mutex<T>);

impl<T> Mutex<T> {
    /// An open lock.
    pub fn new(value: T) -> Self {
        Self(checked::Mutex::new(value))
    }

    /// Waits for the lock.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock if it is free.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok()
    }
}

/// Stands in for crossbeam's queue, and promises no more: a thread that no push is ordered before may find nothing.
#[derive(Debug)]
pub struct Queue<T> {
    values: Mutex<VecDeque<T>>,
    count: AtomicUsize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { values: Mutex::new(VecDeque::new()), count: AtomicUsize::new(0) }
    }
}

impl<T> Queue<T> {
    /// Adds at the end.
    pub fn push(&self, value: T) {
        let mut values = self.values.lock();
        values.push_back(value);
        self.count.fetch_add(1, Ordering::Release);
    }

    /// Takes from the front.
    pub fn pop(&self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let mut values = self.values.lock();
        let value = values.pop_front()?;
        self.count.fetch_sub(1, Ordering::Release);
        Some(value)
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }
}

/// Stands in for arc-swap.
#[derive(Debug)]
pub struct Snapshot<T>(Mutex<Arc<T>>);

impl<T: Default> Default for Snapshot<T> {
    fn default() -> Self {
        Self(Mutex::new(Arc::new(T::default())))
    }
}

impl<T> Snapshot<T> {
    /// The value now.
    pub fn load(&self) -> Arc<T> {
        Arc::clone(&self.0.lock())
    }

    /// Calls `read` with the value now.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.load())
    }

    /// Replaces `current` by `new`. False if another thread was first.
    pub fn replace(&self, current: &Arc<T>, new: T) -> bool {
        let mut value = self.0.lock();
        let first = Arc::ptr_eq(&value, current);
        if first {
            *value = Arc::new(new);
        }
        first
    }
}
