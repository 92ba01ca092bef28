//! The life of a view: five states in one atomic, which only increase (seed 000 section 9.1).
//!
//! The thread whose compare-exchange succeeds does the work of that edge; everybody else sees that it is taken.

use crate::sync::{AtomicU8, Ordering};

/// Where a view is in its life. Ordered: a later state is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Lifecycle {
    /// Made, but its window is not there yet.
    Creating = 0,
    /// Its window is there.
    Active = 1,
    /// Somebody asked it to close; new work is refused, accepted work finishes.
    CloseRequested = 2,
    /// The window is being taken down.
    Destroying = 3,
    /// Gone.
    Destroyed = 4,
}

impl Lifecycle {
    fn from_u8(raw: u8) -> Self {
        match raw {
            0 => Self::Creating,
            1 => Self::Active,
            2 => Self::CloseRequested,
            3 => Self::Destroying,
            _ => Self::Destroyed,
        }
    }

    /// The name, as Python shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Active => "active",
            Self::CloseRequested => "close_requested",
            Self::Destroying => "destroying",
            Self::Destroyed => "destroyed",
        }
    }
}

/// A [`Lifecycle`] that any thread may read and advance, without a lock.
#[derive(Debug)]
pub struct AtomicLifecycle(AtomicU8);

impl Default for AtomicLifecycle {
    fn default() -> Self {
        Self::new()
    }
}

impl AtomicLifecycle {
    /// Starts in [`Lifecycle::Creating`].
    pub fn new() -> Self {
        Self(AtomicU8::new(Lifecycle::Creating as u8))
    }

    /// The state now. It may be greater by the time the caller looks at it, never smaller.
    pub fn state(&self) -> Lifecycle {
        Lifecycle::from_u8(self.0.load(Ordering::Acquire))
    }

    /// Advances to `to` if the state is still before it. Exactly one caller for each state that is entered gets the state
    /// that it left, and does the work of that edge.
    ///
    /// Every edge that skips states is legal: close before ready, build failed, host destroyed our parent.
    pub fn advance(&self, to: Lifecycle) -> Option<Lifecycle> {
        let mut current = self.0.load(Ordering::Acquire);
        while current < to as u8 {
            match self.0.compare_exchange_weak(current, to as u8, Ordering::AcqRel, Ordering::Acquire) {
                Ok(left) => return Some(Lifecycle::from_u8(left)),
                Err(now) => current = now,
            }
        }
        None
    }
}

/// Hears of every edge, on the thread that took it, with no lock held.
///
/// Two threads that take two edges at once may be heard in either order. Whoever needs the order chains them: the state that
/// the next edge leaves is the one that the last edge entered.
pub trait LifecycleObserver {
    /// `left` became `entered`.
    fn advanced(&self, left: Lifecycle, entered: Lifecycle);
}

/// An [`AtomicLifecycle`] that tells an observer (seed 000 section 9.1).
#[derive(Debug)]
pub struct ObservableLifecycle<O> {
    lifecycle: AtomicLifecycle,
    observer: O,
}

impl<O: LifecycleObserver> ObservableLifecycle<O> {
    /// Starts in [`Lifecycle::Creating`].
    pub fn new(observer: O) -> Self {
        Self { lifecycle: AtomicLifecycle::new(), observer }
    }

    /// See [`AtomicLifecycle::state`].
    pub fn state(&self) -> Lifecycle {
        self.lifecycle.state()
    }

    /// See [`AtomicLifecycle::advance`]; the observer has heard of it when this returns.
    pub fn advance(&self, to: Lifecycle) -> Option<Lifecycle> {
        let left = self.lifecycle.advance(to)?;
        self.observer.advanced(left, to);
        Some(left)
    }
}

#[cfg(test)]
#[cfg(not(any(loom, feature = "shuttle")))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn states_only_increase() {
        let life = AtomicLifecycle::new();
        assert_eq!(life.advance(Lifecycle::Active), Some(Lifecycle::Creating));
        assert_eq!(life.advance(Lifecycle::Active), None);
        assert_eq!(life.advance(Lifecycle::Destroying), Some(Lifecycle::Active));
        assert_eq!(life.advance(Lifecycle::CloseRequested), None);
        assert_eq!(life.state(), Lifecycle::Destroying);
        assert_eq!(life.advance(Lifecycle::Destroyed), Some(Lifecycle::Destroying));
    }

    #[test]
    fn close_before_ready_wins_over_activation() {
        let life = AtomicLifecycle::new();
        assert!(life.advance(Lifecycle::CloseRequested).is_some());
        assert!(life.advance(Lifecycle::Active).is_none());
    }

    #[test]
    fn one_thread_wins_each_edge() {
        for _ in 0..200 {
            let life = AtomicLifecycle::new();
            let winners = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        if life.advance(Lifecycle::CloseRequested).is_some() {
                            winners.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
            });
            assert_eq!(winners.load(Ordering::Relaxed), 1);
        }
    }
}
