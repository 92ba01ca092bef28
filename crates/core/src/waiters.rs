//! Who waits for something that another thread will make true: room in a queue, a drained gate, a UI process.
//!
//! A waiter enters first and looks then; a notifier changes first and wakes then. The lock orders the two, so that one of
//! them sees the other.

use crate::inbox::Wake;
use crate::lock::{OrderedMutex, STATE};
use crate::sync::Arc;

/// The wake handles of those who wait.
#[derive(Debug)]
pub struct Waiters<W>(Arc<OrderedMutex<State<W>, STATE>>);

#[derive(Debug)]
struct State<W> {
    waiting: Vec<(u64, W)>,
    last: u64,
}

impl<W> Default for Waiters<W> {
    fn default() -> Self {
        Self(Arc::new(OrderedMutex::new(State { waiting: Vec::new(), last: 0 })))
    }
}

impl<W: Wake + Clone> Waiters<W> {
    /// Enters a waiter, before it looks at what it waits for. The entry ends with the returned value.
    pub fn enter(&self, wake: W) -> Entry<W> {
        let mut state = self.0.lock();
        state.last += 1;
        let number = state.last;
        state.waiting.push((number, wake));
        Entry { waiters: Arc::clone(&self.0), number }
    }

    /// Wakes everybody who waits, after what they wait for was changed.
    pub fn wake_all(&self) {
        let waiting: Vec<W> = self.0.lock().waiting.iter().map(|(_, wake)| wake.clone()).collect();
        for waiter in waiting {
            waiter.wake();
        }
    }
}

/// One waiter's place.
#[derive(Debug)]
pub struct Entry<W> {
    waiters: Arc<OrderedMutex<State<W>, STATE>>,
    number: u64,
}

impl<W> Drop for Entry<W> {
    fn drop(&mut self) {
        self.waiters.lock().waiting.retain(|(number, _)| *number != self.number);
    }
}
