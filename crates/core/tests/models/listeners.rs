//! Listeners: each listener for one event is handed out once, and nobody's subscription is lost.

use crate::checker::{caught, check, thread};
use auroraview_core::listeners::EventListeners;
use auroraview_core::sync::{Arc, Snapshot};

trait Listeners: Default + Send + Sync + 'static {
    /// For one event.
    fn subscribe_once(&self, handler: u8);
    fn unsubscribe(&self, handler: u8) -> usize;
    fn take(&self) -> usize;
}

impl Listeners for EventListeners<u8> {
    fn subscribe_once(&self, handler: u8) {
        self.subscribe("event", handler, true);
    }
    fn unsubscribe(&self, handler: u8) -> usize {
        EventListeners::unsubscribe(self, "event", |each| each.handler == handler).len()
    }
    fn take(&self) -> usize {
        EventListeners::take(self, "event").len()
    }
}

/// A copy that holds one name. `READ_THEN_REMOVE`: taking is a look, and a removal later. `OVERWRITE`: a writer does not
/// look whether another was first.
#[derive(Default)]
struct Copy<const READ_THEN_REMOVE: bool, const OVERWRITE: bool>(Snapshot<Vec<u8>>);

impl<const READ_THEN_REMOVE: bool, const OVERWRITE: bool> Copy<READ_THEN_REMOVE, OVERWRITE> {
    /// Returns how many are gone.
    fn change(&self, change: impl Fn(&[u8]) -> Vec<u8>) -> usize {
        loop {
            let current = self.0.load();
            let next = change(&current);
            let gone = current.len().saturating_sub(next.len());
            if self.0.replace(&current, next.clone()) {
                return gone;
            }
            if OVERWRITE {
                while !self.0.replace(&self.0.load(), next.clone()) {}
                return gone;
            }
        }
    }
}

impl<const READ_THEN_REMOVE: bool, const OVERWRITE: bool> Listeners for Copy<READ_THEN_REMOVE, OVERWRITE> {
    fn subscribe_once(&self, handler: u8) {
        self.change(|handlers| [handlers, &[handler]].concat());
    }
    fn unsubscribe(&self, handler: u8) -> usize {
        self.change(|handlers| handlers.iter().copied().filter(|each| *each != handler).collect())
    }
    fn take(&self) -> usize {
        let seen = self.0.load().len();
        let gone = self.change(|_| Vec::new());
        if READ_THEN_REMOVE { seen } else { gone }
    }
}

/// Two threads emit while a third subscribes.
fn a_listener_for_one_event_is_handed_out_once<L: Listeners>() {
    let listeners = Arc::new(L::default());
    listeners.subscribe_once(1);
    let emitters = [0; 2].map(|_| {
        let listeners = Arc::clone(&listeners);
        thread::spawn(move || listeners.take())
    });
    listeners.subscribe_once(2);
    let taken: usize = emitters.map(|emitter| emitter.join().unwrap()).iter().sum();
    assert_eq!(taken + listeners.take(), 2, "listeners handed out");
}

/// Two threads subscribe, one of them removes its own again, and a third emits.
fn what_is_subscribed_is_taken_or_removed<L: Listeners>() {
    let listeners = Arc::new(L::default());
    let subscriber = {
        let listeners = Arc::clone(&listeners);
        thread::spawn(move || {
            listeners.subscribe_once(1);
            listeners.unsubscribe(1)
        })
    };
    let emitter = {
        let listeners = Arc::clone(&listeners);
        thread::spawn(move || listeners.take())
    };
    listeners.subscribe_once(2);
    let gone = subscriber.join().unwrap() + emitter.join().unwrap();
    assert_eq!(gone + listeners.take(), 2, "listeners handed out or removed");
}

#[test]
fn each_is_handed_out_once() {
    check(a_listener_for_one_event_is_handed_out_once::<EventListeners<u8>>);
}

#[test]
fn none_is_lost() {
    check(what_is_subscribed_is_taken_or_removed::<EventListeners<u8>>);
}

#[test]
fn the_copy_is_faithful() {
    check(a_listener_for_one_event_is_handed_out_once::<Copy<false, false>>);
    check(what_is_subscribed_is_taken_or_removed::<Copy<false, false>>);
}

#[test]
fn planted_read_then_remove_is_caught() {
    caught("listeners handed out", a_listener_for_one_event_is_handed_out_once::<Copy<true, false>>);
}

#[test]
fn planted_overwriting_is_caught() {
    caught("listeners handed out or removed", what_is_subscribed_is_taken_or_removed::<Copy<false, true>>);
}
