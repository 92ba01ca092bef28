//! Whose turn it is to read the link.
//!
//! One waiting thread leads: it waits on the link as well as on its own wake handle, reads, and hands every message to
//! its owner. The others follow: they wait on their own handles. A leader that stops waiting promotes a follower. So in
//! the usual case, one thread, a message reaches its handler without any hand-off between threads.

use crate::inbox::Wake;
use crate::lock::{OrderedMutex, STATE};
use crate::sync::Arc;

/// The role of reader. Nothing is called while its lock is held.
#[derive(Debug)]
pub struct Turn<W>(OrderedMutex<State<W>, STATE>);

#[derive(Debug)]
struct State<W> {
    led: bool,
    followers: Vec<Arc<W>>,
}

impl<W> Default for Turn<W> {
    fn default() -> Self {
        Self(OrderedMutex::new(State { led: false, followers: Vec::new() }))
    }
}

/// One thread's wait. Leaving it (on whatever path) passes the role on.
#[derive(Debug)]
pub struct Waiter<'a, W: Wake> {
    turn: &'a Turn<W>,
    wake: &'a Arc<W>,
    leads: bool,
}

impl<W: Wake> Turn<W> {
    /// Begins a wait of the thread that owns `wake`.
    pub fn enter<'a>(&'a self, wake: &'a Arc<W>) -> Waiter<'a, W> {
        let mut state = self.0.lock();
        let leads = !state.led;
        state.led = true;
        if !leads {
            state.followers.push(Arc::clone(wake));
        }
        Waiter { turn: self, wake, leads }
    }
}

impl<W: Wake> Waiter<'_, W> {
    /// Whether this thread reads the link now. A follower asks again after every wake-up.
    pub fn leads(&mut self) -> bool {
        if !self.leads {
            let mut state = self.turn.0.lock();
            if !state.led {
                state.led = true;
                self.leads = true;
                state.followers.retain(|follower| !Arc::ptr_eq(follower, self.wake));
            }
        }
        self.leads
    }
}

impl<W: Wake> Drop for Waiter<'_, W> {
    fn drop(&mut self) {
        let next = {
            let mut state = self.turn.0.lock();
            if self.leads {
                state.led = false;
            } else {
                state.followers.retain(|follower| !Arc::ptr_eq(follower, self.wake));
            }
            // Also a follower passes on: it may have been the one that was promoted.
            if state.led { None } else { state.followers.first().map(Arc::clone) }
        };
        if let Some(follower) = next {
            follower.wake();
        }
    }
}

#[cfg(test)]
#[cfg(not(any(loom, feature = "shuttle")))]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Deaf;
    impl Wake for Deaf {
        fn wake(&self) {}
        fn clear(&self) {}
    }

    fn handle() -> Arc<Deaf> {
        Arc::default()
    }

    #[test]
    fn the_first_leads_and_its_leaving_promotes_the_next() {
        let (turn, a, b, c) = (Turn::default(), handle(), handle(), handle());
        let mut first = turn.enter(&a);
        let mut second = turn.enter(&b);
        let mut third = turn.enter(&c);
        assert!(first.leads() && !second.leads() && !third.leads());
        drop(first);
        assert!(second.leads() && !third.leads());
        drop(third);
        drop(second);
        assert!(turn.enter(&a).leads());
        assert!(turn.0.lock().followers.is_empty());
    }

    #[test]
    fn a_promoted_follower_that_leaves_instead_passes_the_promotion_on() {
        let (turn, a, b, c) = (Turn::default(), handle(), handle(), handle());
        let leader = turn.enter(&a);
        let promoted = turn.enter(&b);
        let mut last = turn.enter(&c);
        drop(leader);
        drop(promoted); // its own message came first: it never asked whether it leads
        assert!(last.leads());
    }
}
