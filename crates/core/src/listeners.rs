//! Event listeners by name (seed 002 phase 3): any thread emits, subscribes and unsubscribes at any time, also from inside a
//! handler. Nobody waits: readers take a snapshot, writers replace it and try again if another writer was first. So no lock
//! is held while a handler runs, since there is none.

use crate::sync::{Arc, AtomicU64, Ordering, Snapshot};
use std::collections::HashMap;

/// A subscribed handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener<H> {
    /// Unique among the listeners of one [`EventListeners`].
    pub id: u64,
    /// What to call.
    pub handler: H,
    /// Whether for the next event only.
    pub once: bool,
}

type ByName<H> = HashMap<String, Arc<Vec<Listener<H>>>>;

/// Listeners by name, each name's in the order in which they subscribed.
#[derive(Debug)]
pub struct EventListeners<H> {
    by_name: Snapshot<ByName<H>>,
    last_id: AtomicU64,
}

impl<H> Default for EventListeners<H> {
    fn default() -> Self {
        Self { by_name: Snapshot::default(), last_id: AtomicU64::new(0) }
    }
}

impl<H: Clone> EventListeners<H> {
    /// Subscribes a handler; returns its id.
    pub fn subscribe(&self, name: &str, handler: H, once: bool) -> u64 {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        self.change(name, |listeners| {
            let added = Listener { id, handler: handler.clone(), once };
            Some(listeners.iter().cloned().chain([added]).collect())
        });
        id
    }

    /// Removes the listeners of `name` for which `which` is true; returns them.
    pub fn unsubscribe(&self, name: &str, which: impl Fn(&Listener<H>) -> bool) -> Vec<Listener<H>> {
        let mut removed = Vec::new();
        self.change(name, |listeners| {
            let kept: Vec<_>;
            (removed, kept) = listeners.iter().cloned().partition(&which);
            (!removed.is_empty()).then_some(kept)
        });
        removed
    }

    /// Puts another handler into the place of a listener. False if there is none with that id.
    pub fn replace(&self, name: &str, id: u64, handler: &H) -> bool {
        let mut found = false;
        self.change(name, |listeners| {
            found = listeners.iter().any(|each| each.id == id);
            let swap = |each: &Listener<H>| match each.id == id {
                true => Listener { handler: handler.clone(), ..each.clone() },
                false => each.clone(),
            };
            found.then(|| listeners.iter().map(swap).collect())
        });
        found
    }

    /// The listeners to call for one event. Each listener for one event is handed out once, however many threads emit.
    pub fn take(&self, name: &str) -> Arc<Vec<Listener<H>>> {
        let mut taken = Arc::default();
        self.change(name, |listeners| {
            taken = Arc::clone(listeners);
            let kept = || listeners.iter().filter(|each| !each.once).cloned().collect();
            listeners.iter().any(|each| each.once).then(kept)
        });
        taken
    }

    /// The listeners of a name; nothing is removed.
    pub fn of(&self, name: &str) -> Arc<Vec<Listener<H>>> {
        self.by_name.with(|by_name| by_name.get(name).cloned()).unwrap_or_default()
    }

    /// Whether anybody listens.
    pub fn has(&self, name: &str) -> bool {
        self.by_name.with(|by_name| by_name.contains_key(name))
    }

    /// Names that somebody listens to, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.by_name.with(|by_name| by_name.keys().cloned().collect());
        names.sort_unstable();
        names
    }

    /// Every handler, whatever its name.
    pub fn for_each(&self, mut visit: impl FnMut(&H)) {
        self.by_name
            .with(|by_name| by_name.values().flat_map(|each| each.iter()).for_each(|each| visit(&each.handler)));
    }

    /// Removes everything.
    pub fn clear(&self) {
        while !self.by_name.replace(&self.by_name.load(), HashMap::new()) {}
    }

    /// Replaces the listeners of `name` by what `change` makes of them, or leaves them (`None`). `change` may be called
    /// several times; what it did last is what happened.
    fn change(&self, name: &str, mut change: impl FnMut(&Arc<Vec<Listener<H>>>) -> Option<Vec<Listener<H>>>) {
        loop {
            let current = self.by_name.load();
            let nobody = Arc::default();
            let Some(changed) = change(current.get(name).unwrap_or(&nobody)) else { return };
            let mut next = HashMap::clone(&current);
            if changed.is_empty() {
                next.remove(name);
            } else {
                next.insert(name.to_owned(), Arc::new(changed));
            }
            if self.by_name.replace(&current, next) {
                return;
            }
        }
    }
}

#[cfg(test)]
#[cfg(not(any(loom, feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_called_in_their_order_and_removed_by_what_they_are() {
        let listeners = EventListeners::default();
        let first = listeners.subscribe("a", "x", false);
        listeners.subscribe("a", "y", false);
        listeners.subscribe("b", "z", false);
        let handlers = |name| listeners.take(name).iter().map(|each| each.handler).collect::<Vec<_>>();
        assert_eq!((handlers("a"), handlers("b"), handlers("c")), (vec!["x", "y"], vec!["z"], vec![]));
        assert_eq!(listeners.unsubscribe("a", |each| each.id == first).len(), 1);
        assert_eq!(listeners.unsubscribe("a", |each| each.id == first).len(), 0);
        assert_eq!((handlers("a"), listeners.names()), (vec!["y"], vec!["a".to_owned(), "b".to_owned()]));
        listeners.unsubscribe("a", |_| true);
        assert!(!listeners.has("a") && listeners.has("b"));
        listeners.clear();
        assert_eq!(listeners.names(), Vec::<String>::new());
    }

    #[test]
    fn subscribing_while_handlers_run_is_for_the_next_event() {
        let listeners = EventListeners::default();
        listeners.subscribe("a", 1, false);
        for _ in listeners.take("a").iter() {
            listeners.subscribe("a", 2, false);
        }
        assert_eq!(listeners.take("a").len(), 2);
    }

    #[test]
    fn one_thread_gets_each_listener_for_one_event() {
        const EACH: usize = 500;
        let listeners = EventListeners::default();
        let taken = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        listeners.subscribe("a", (), true);
                        taken.fetch_add(listeners.take("a").len(), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(taken.into_inner() + listeners.take("a").len(), 4 * EACH);
    }
}
