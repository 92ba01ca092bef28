//! The life of a view: five states in one atomic, which only increase (seed 000 section 9.1).
//!
//! The thread whose compare-exchange succeeds does the work of that edge; everybody else sees that it is taken.

use std::sync::atomic::{AtomicU8, Ordering};

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
    pub const fn new() -> Self {
        Self(AtomicU8::new(Lifecycle::Creating as u8))
    }

    /// The state now. It may be greater by the time the caller looks at it, never smaller.
    pub fn state(&self) -> Lifecycle {
        Lifecycle::from_u8(self.0.load(Ordering::Acquire))
    }

    /// Advances to `to` if the state is still before it. True for exactly one caller of each state that is entered.
    ///
    /// Every edge that skips states is legal: close before ready, build failed, host destroyed our parent.
    pub fn advance(&self, to: Lifecycle) -> bool {
        let mut current = self.0.load(Ordering::Acquire);
        while current < to as u8 {
            match self.0.compare_exchange_weak(current, to as u8, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(now) => current = now,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn states_only_increase() {
        let life = AtomicLifecycle::new();
        assert!(life.advance(Lifecycle::Active));
        assert!(!life.advance(Lifecycle::Active));
        assert!(life.advance(Lifecycle::Destroying));
        assert!(!life.advance(Lifecycle::CloseRequested));
        assert_eq!(life.state(), Lifecycle::Destroying);
        assert!(life.advance(Lifecycle::Destroyed));
    }

    #[test]
    fn close_before_ready_wins_over_activation() {
        let life = AtomicLifecycle::new();
        assert!(life.advance(Lifecycle::CloseRequested));
        assert!(!life.advance(Lifecycle::Active));
    }

    #[test]
    fn one_thread_wins_each_edge() {
        for _ in 0..200 {
            let life = AtomicLifecycle::new();
            let winners = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        if life.advance(Lifecycle::CloseRequested) {
                            winners.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
            });
            assert_eq!(winners.load(Ordering::Relaxed), 1);
        }
    }
}
