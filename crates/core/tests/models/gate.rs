//! The gate: what is accepted is counted until it is done, nothing is accepted after the drain, and who waits is woken.

use crate::checker::{Bell, caught, check, thread};
use auroraview_core::gate::Gate;
use auroraview_core::sync::{Arc, AtomicBool, AtomicUsize, Ordering};
use auroraview_core::waiters::Waiters;

trait Counts: Send + Sync + 'static {
    type Ticket: Send;
    fn new() -> Arc<Self>;
    fn begin(self: &Arc<Self>) -> Option<Self::Ticket>;
    fn shutdown(&self) -> bool;
    fn wait_until_drained(&self);
}

impl Counts for Gate<Arc<Bell>> {
    type Ticket = auroraview_core::gate::Ticket<Arc<Bell>>;
    fn new() -> Arc<Self> {
        Arc::default()
    }
    fn begin(self: &Arc<Self>) -> Option<Self::Ticket> {
        self.begin_operation().ok()
    }
    fn shutdown(&self) -> bool {
        Gate::shutdown(self)
    }
    fn wait_until_drained(&self) {
        let bell = Arc::new(Bell::default());
        let _entry = self.enter(Arc::clone(&bell));
        bell.wait_until(|| self.pending_count() == 0);
    }
}

/// What is planted in a [`Copy`].
const NOTHING: u8 = 0;
/// Looks whether the gate is shut, and counts then.
const LOOK_THEN_COUNT: u8 = 1;
/// Says that somebody waits only after looking whether anything is in flight.
const LOOK_THEN_ENTER: u8 = 2;
/// Finished work publishes nothing.
const RELAXED: u8 = 3;

struct Copy<const BUG: u8> {
    state: AtomicUsize,
    waiters: Waiters<Arc<Bell>>,
}

struct CopyTicket<const BUG: u8>(Arc<Copy<BUG>>);

impl<const BUG: u8> Counts for Copy<BUG> {
    type Ticket = CopyTicket<BUG>;
    fn new() -> Arc<Self> {
        Arc::new(Self { state: AtomicUsize::new(0), waiters: Waiters::default() })
    }
    fn begin(self: &Arc<Self>) -> Option<Self::Ticket> {
        let mut state = self.state.load(Ordering::Relaxed);
        while state & 1 == 0 {
            if BUG == LOOK_THEN_COUNT {
                self.state.fetch_add(4, Ordering::AcqRel);
                return Some(CopyTicket(Arc::clone(self)));
            }
            match self.state.compare_exchange_weak(state, state + 4, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Some(CopyTicket(Arc::clone(self))),
                Err(now) => state = now,
            }
        }
        None
    }
    fn shutdown(&self) -> bool {
        self.state.fetch_or(1, Ordering::AcqRel) & 1 == 0
    }
    fn wait_until_drained(&self) {
        let bell = Arc::new(Bell::default());
        let drained = || self.state.load(Ordering::Acquire) / 4 == 0;
        if BUG == LOOK_THEN_ENTER && drained() {
            return;
        }
        let _entry = self.waiters.enter(Arc::clone(&bell));
        self.state.fetch_or(2, Ordering::AcqRel);
        if BUG == LOOK_THEN_ENTER {
            bell.wait();
        }
        bell.wait_until(drained);
    }
}

impl<const BUG: u8> Drop for CopyTicket<BUG> {
    fn drop(&mut self) {
        let order = if BUG == RELAXED { Ordering::Relaxed } else { Ordering::AcqRel };
        let before = self.0.state.fetch_sub(4, order);
        if before / 4 == 1 && before & 2 != 0 {
            self.0.waiters.wake_all();
        }
    }
}

/// Two threads work as long as they are let in; a third shuts the gate and waits until nothing is in flight.
fn nothing_runs_after_the_drain<C: Counts>() {
    let gate = C::new();
    let drained = Arc::new(AtomicBool::new(false));
    let done = Arc::new([0; 2].map(|_| AtomicBool::new(false)));
    let workers = [0, 1].map(|n| {
        let (gate, drained, done) = (Arc::clone(&gate), Arc::clone(&drained), Arc::clone(&done));
        thread::spawn(move || {
            let ticket = gate.begin();
            let accepted = ticket.is_some();
            if accepted {
                assert!(!drained.load(Ordering::Relaxed), "work after the drain");
                done[n].store(true, Ordering::Relaxed);
            }
            drop(ticket);
            accepted
        })
    });
    assert!(gate.shutdown());
    gate.wait_until_drained();
    drained.store(true, Ordering::Relaxed);
    let seen = [0, 1].map(|n| done[n].load(Ordering::Relaxed));
    assert_eq!(workers.map(|worker| worker.join().unwrap()), seen, "accepted work was not seen after the drain");
    assert!(gate.begin().is_none(), "the gate is shut");
}

type Shipped = Gate<Arc<Bell>>;

#[test]
fn drained_means_done_and_nothing_comes_after() {
    check(nothing_runs_after_the_drain::<Shipped>);
}

#[test]
fn one_caller_shuts_it() {
    check(|| {
        let gate: Arc<Shipped> = Arc::default();
        let other = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.shutdown())
        };
        let ours = gate.shutdown();
        assert!(ours != other.join().unwrap() && gate.is_shutdown());
    });
}

#[test]
fn a_ticket_counts_until_it_is_dropped_wherever_that_is() {
    check(|| {
        let gate: Arc<Shipped> = Arc::default();
        let (first, second) = (gate.begin_operation().unwrap(), gate.begin_operation().unwrap());
        assert_eq!(gate.pending_count(), 2);
        let handler = thread::spawn(move || drop(first));
        let waiter = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.wait_until_drained())
        };
        drop(second);
        handler.join().unwrap();
        waiter.join().unwrap();
        assert_eq!(gate.pending_count(), 0);
    });
}

#[test]
fn the_copy_is_faithful() {
    check(nothing_runs_after_the_drain::<Copy<NOTHING>>);
}

#[test]
fn planted_look_then_count_is_caught() {
    caught("after the drain", nothing_runs_after_the_drain::<Copy<LOOK_THEN_COUNT>>);
}

#[test]
fn planted_look_then_enter_is_caught() {
    caught("deadlock", nothing_runs_after_the_drain::<Copy<LOOK_THEN_ENTER>>);
}

#[cfg(loom)] // shuttle has no weak memory
#[test]
fn planted_relaxed_end_is_caught() {
    caught("not seen after the drain", nothing_runs_after_the_drain::<Copy<RELAXED>>);
}
