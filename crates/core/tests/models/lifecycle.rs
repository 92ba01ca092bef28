//! The lifecycle: one winner for each edge, and no edge is untold.

use crate::checker::{caught, check, thread};
use auroraview_core::lifecycle::{AtomicLifecycle, Lifecycle, LifecycleObserver, ObservableLifecycle};
use auroraview_core::sync::{Arc, AtomicBool, AtomicU8, Mutex, Ordering};

trait Life: Send + Sync + 'static {
    fn new() -> Self;
    fn advance(&self, to: Lifecycle) -> bool;
    fn has_come_to(&self, state: Lifecycle) -> bool;
}

impl Life for AtomicLifecycle {
    fn new() -> Self {
        AtomicLifecycle::new()
    }
    fn advance(&self, to: Lifecycle) -> bool {
        AtomicLifecycle::advance(self, to).is_some()
    }
    fn has_come_to(&self, state: Lifecycle) -> bool {
        self.state() >= state
    }
}

/// A copy. `LOOK_THEN_STORE`: no compare-exchange. `RELAXED`: the state publishes nothing.
struct Copy<const LOOK_THEN_STORE: bool, const RELAXED: bool>(AtomicU8);

impl<const LOOK_THEN_STORE: bool, const RELAXED: bool> Life for Copy<LOOK_THEN_STORE, RELAXED> {
    fn new() -> Self {
        Self(AtomicU8::new(0))
    }
    fn advance(&self, to: Lifecycle) -> bool {
        let order = if RELAXED { Ordering::Relaxed } else { Ordering::AcqRel };
        let mut current = self.0.load(Ordering::Acquire);
        while current < to as u8 {
            if LOOK_THEN_STORE {
                self.0.store(to as u8, Ordering::Release);
                return true;
            }
            match self.0.compare_exchange_weak(current, to as u8, order, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => current = now,
            }
        }
        false
    }
    fn has_come_to(&self, state: Lifecycle) -> bool {
        self.0.load(Ordering::Acquire) >= state as u8
    }
}

/// Two threads close while a third says that the window is there.
fn closers_race_an_activation<L: Life>() {
    let life = Arc::new(L::new());
    let closers = [0; 2].map(|_| {
        let life = Arc::clone(&life);
        thread::spawn(move || life.advance(Lifecycle::CloseRequested))
    });
    life.advance(Lifecycle::Active);
    let winners = closers.into_iter().filter_map(|closer| closer.join().unwrap().then_some(())).count();
    assert_eq!(winners, 1, "winners of one edge");
    assert!(life.has_come_to(Lifecycle::CloseRequested), "the state went back over one edge");
    assert!(!life.advance(Lifecycle::Active), "the state went back over one edge");
}

/// Who sees a state sees what was done before it was entered.
fn a_state_publishes<L: Life>() {
    let shared = Arc::new((L::new(), AtomicBool::new(false)));
    let reader = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let created = shared.0.has_come_to(Lifecycle::Active);
            assert!(!created || shared.1.load(Ordering::Relaxed), "the window was not seen");
        })
    };
    shared.1.store(true, Ordering::Relaxed);
    shared.0.advance(Lifecycle::Active);
    reader.join().unwrap();
}

#[derive(Default)]
struct Heard(Mutex<Vec<(Lifecycle, Lifecycle)>>);

impl LifecycleObserver for Heard {
    fn advanced(&self, left: Lifecycle, entered: Lifecycle) {
        self.0.lock().push((left, entered));
    }
}

#[test]
fn one_closer_wins() {
    check(closers_race_an_activation::<AtomicLifecycle>);
}

#[test]
fn what_led_to_a_state_is_seen() {
    check(a_state_publishes::<AtomicLifecycle>);
}

#[test]
fn each_edge_is_told_once_and_the_edges_chain() {
    check(|| {
        let heard = Arc::new(Heard::default());
        struct Shared(Arc<Heard>);
        impl LifecycleObserver for Shared {
            fn advanced(&self, left: Lifecycle, entered: Lifecycle) {
                self.0.advanced(left, entered);
            }
        }
        let life = Arc::new(ObservableLifecycle::new(Shared(Arc::clone(&heard))));
        let others = [Lifecycle::Active, Lifecycle::CloseRequested].map(|to| {
            let life = Arc::clone(&life);
            thread::spawn(move || life.advance(to))
        });
        life.advance(Lifecycle::Destroying);
        life.advance(Lifecycle::Destroyed);
        for other in others {
            other.join().unwrap();
        }
        let mut edges = std::mem::take(&mut *heard.0.lock());
        edges.sort_unstable_by_key(|(_, entered)| *entered);
        let mut state = Lifecycle::Creating;
        for (left, entered) in edges {
            assert!(left == state && entered > left, "an edge is missing or was told twice");
            state = entered;
        }
        assert_eq!((state, life.state()), (Lifecycle::Destroyed, Lifecycle::Destroyed));
    });
}

#[test]
fn the_copy_is_faithful() {
    check(closers_race_an_activation::<Copy<false, false>>);
    check(a_state_publishes::<Copy<false, false>>);
}

#[test]
fn planted_look_then_store_is_caught() {
    caught("one edge", closers_race_an_activation::<Copy<true, false>>);
}

#[cfg(loom)] // shuttle has no weak memory
#[test]
fn planted_relaxed_publication_is_caught() {
    caught("the window was not seen", a_state_publishes::<Copy<false, true>>);
}
