//! Who waits for room: enter, look, wait on the one side; change, wake on the other.

use crate::checker::{Bell, caught, check, thread};
use auroraview_core::sync::{Arc, AtomicBool, Ordering};
use auroraview_core::waiters::Waiters;

#[derive(Default)]
struct Backlog {
    room: AtomicBool,
    waiters: Waiters<Arc<Bell>>,
}

/// The steps of both sides, and one planted wrong order of each.
struct Steps {
    look_before_entering: bool,
    wake_before_changing: bool,
}

const RIGHT: Steps = Steps { look_before_entering: false, wake_before_changing: false };

fn wait_for_room(backlog: &Backlog, steps: &Steps) {
    let bell = Arc::new(Bell::default());
    // As in the product, the look itself orders nothing; the lock of the list does.
    let room = || backlog.room.load(Ordering::Relaxed);
    if steps.look_before_entering {
        if !room() {
            let _entry = backlog.waiters.enter(Arc::clone(&bell));
            bell.wait();
        }
        return;
    }
    let _entry = backlog.waiters.enter(Arc::clone(&bell));
    bell.wait_until(room);
}

/// Two threads wait for room; a third makes it. A lost wake-up is a deadlock.
fn everybody_gets_in(steps: &'static Steps) {
    let backlog = Arc::new(Backlog::default());
    let waiters = [0; 2].map(|_| {
        let backlog = Arc::clone(&backlog);
        thread::spawn(move || wait_for_room(&backlog, steps))
    });
    let change = || backlog.room.store(true, Ordering::Relaxed);
    if steps.wake_before_changing {
        backlog.waiters.wake_all();
        change();
    } else {
        change();
        backlog.waiters.wake_all();
    }
    waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
}

#[test]
fn no_waiter_is_left() {
    check(|| everybody_gets_in(&RIGHT));
}

#[test]
fn planted_look_before_entering_is_caught() {
    caught("deadlock", || everybody_gets_in(&Steps { look_before_entering: true, ..RIGHT }));
}

#[test]
fn planted_wake_before_changing_is_caught() {
    caught("deadlock", || everybody_gets_in(&Steps { wake_before_changing: true, ..RIGHT }));
}
