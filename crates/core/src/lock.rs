//! Locks with a level (RFC 0002, `docs/LOCK_ORDER.md`): acquire upward only. The check costs nothing unless the feature
//! `lock-order` compiles it in, which test builds do.
//!
//! What hangs in practice is a lock against the GIL, so the GIL has a level, too: with it held, no lock at or below
//! [`REGISTRY`] may be waited for.

use crate::sync::{Mutex, MutexGuard};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};

/// Collections of resources.
pub const REGISTRY: u8 = 20;
/// Python's lock, where we are called with it.
pub const GIL: u8 = 25;
/// One resource: a process, a socket.
pub const RESOURCE: u8 = 30;
/// State of a component: a few lines, nothing is called.
pub const STATE: u8 = 40;

/// How often a thread found a lock of ours taken and had to wait.
static CONTENDED: AtomicU64 = AtomicU64::new(0);

/// How often, in this process, a thread had to wait for an [`OrderedMutex`].
pub fn contended() -> u64 {
    CONTENDED.load(Ordering::Relaxed)
}

/// A lock of level `LEVEL`.
#[derive(Debug, Default)]
pub struct OrderedMutex<T, const LEVEL: u8>(Mutex<T>);

/// An acquired [`OrderedMutex`]. Guards may be dropped in any order.
pub struct OrderedGuard<'a, T> {
    guard: MutexGuard<'a, T>,
    _held: Held,
}

impl<T, const LEVEL: u8> OrderedMutex<T, LEVEL> {
    /// An open lock.
    pub fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Waits for the lock. In a checked build, panics if this thread holds a lock of this or a higher level.
    pub fn lock(&self) -> OrderedGuard<'_, T> {
        let held = Held::enter(LEVEL);
        let guard = self.0.try_lock().unwrap_or_else(|| {
            CONTENDED.fetch_add(1, Ordering::Relaxed);
            self.0.lock()
        });
        OrderedGuard { guard, _held: held }
    }
}

impl<T> Deref for OrderedGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for OrderedGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

#[cfg(not(feature = "lock-order"))]
mod unchecked {
    /// Whether this build checks the order.
    pub const CHECKED: bool = false;

    /// Turns the check on or off. False: this build cannot.
    pub fn check_order(on: bool) -> bool {
        !on
    }

    /// Says that this thread holds something of a level. Nothing in this build.
    #[derive(Debug)]
    pub struct Held;

    impl Held {
        /// Nothing in this build.
        pub fn enter(_level: u8) -> Self {
            Self
        }
    }
}
#[cfg(not(feature = "lock-order"))]
pub use unchecked::{CHECKED, Held, check_order};

#[cfg(feature = "lock-order")]
mod checked {
    use std::cell::RefCell;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Whether this build checks the order.
    pub const CHECKED: bool = true;

    thread_local! {
        static LEVELS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    static ON: AtomicBool = AtomicBool::new(true);

    /// Turns the check on or off. False: this build cannot.
    pub fn check_order(on: bool) -> bool {
        ON.store(on, Ordering::Relaxed);
        true
    }

    /// Says that this thread holds something of a level, until it is dropped.
    #[derive(Debug)]
    pub struct Held(u8);

    impl Held {
        /// Enters `level`.
        ///
        /// # Panics
        /// If this thread holds something of this or a higher level already.
        #[track_caller]
        pub fn enter(level: u8) -> Self {
            let highest = LEVELS.with_borrow(|levels| levels.iter().copied().max());
            if let Some(highest) = highest.filter(|_| ON.load(Ordering::Relaxed)) {
                assert!(level > highest, "lock order: level {level} is asked for while level {highest} is held");
            }
            LEVELS.with_borrow_mut(|levels| levels.push(level));
            Self(level)
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            // The matching entry, not the last one; and never a panic, which in a panic would abort.
            LEVELS.with_borrow_mut(|levels| {
                if let Some(at) = levels.iter().rposition(|level| *level == self.0) {
                    levels.swap_remove(at);
                }
            });
        }
    }
}
#[cfg(feature = "lock-order")]
pub use checked::{CHECKED, Held, check_order};

#[cfg(test)]
#[cfg(not(any(loom, feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_a_taken_lock_is_counted() {
        let lock = OrderedMutex::<_, STATE>::new(());
        let before = contended();
        let guard = lock.lock();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| drop(lock.lock()));
            while contended() == before {
                std::thread::yield_now();
            }
            drop(guard);
            waiter.join().unwrap();
        });
    }

    #[cfg(feature = "lock-order")]
    #[test]
    fn acquiring_downward_or_at_the_same_level_is_caught() {
        let (low, high) = (OrderedMutex::<_, REGISTRY>::new(()), OrderedMutex::<_, STATE>::new(()));
        drop((low.lock(), high.lock()));
        let wrong = |lock: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(lock)).is_err();
        let held = high.lock();
        assert!(wrong(&|| drop(low.lock())));
        assert!(wrong(&|| drop(OrderedMutex::<_, STATE>::new(()).lock())));
        drop(held);
        let gil = Held::enter(GIL);
        assert!(wrong(&|| drop(low.lock())), "a registry is never waited for with the GIL held");
        drop(high.lock());
        drop(gil);
        drop(low.lock());
    }

    #[cfg(feature = "lock-order")]
    #[test]
    fn guards_may_be_dropped_in_any_order() {
        let (low, high) = (OrderedMutex::<_, REGISTRY>::new(()), OrderedMutex::<_, STATE>::new(()));
        let (first, second) = (low.lock(), high.lock());
        drop(first);
        drop(second);
        drop(low.lock());
    }
}
