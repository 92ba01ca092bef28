//! The inbox of a view: any thread pushes, one thread drains, and a wake-up is never lost and never doubled.
//!
//! The order of the four steps is the whole protocol:
//! push = enqueue, then `pending.swap(true)`, then wake if it was false;
//! drain = clear the wake handle, then `pending.swap(false)`, then take messages.
//! The clearing swap reads what the producer's swap wrote and so sees its message; a plain store would not.

use crossbeam_queue::SegQueue;
use std::sync::atomic::{AtomicBool, Ordering};

/// Makes the draining thread look at its inbox. Called from any thread, never under a lock; must not block.
pub trait Wake: Send + Sync {
    /// Wakes the drainer, now or at its next wait.
    fn wake(&self);
    /// Forgets wake-ups so far. Called by the draining thread only.
    fn clear(&self);
}

impl<W: Wake> Wake for std::sync::Arc<W> {
    fn wake(&self) {
        W::wake(self);
    }
    fn clear(&self) {
        W::clear(self);
    }
}

/// A lock-free queue with a coalesced wake-up.
#[derive(Debug)]
pub struct Inbox<T, W> {
    queue: SegQueue<T>,
    pending: AtomicBool,
    wake: W,
}

impl<T, W: Wake> Inbox<T, W> {
    /// An empty inbox that wakes its drainer through `wake`.
    pub fn new(wake: W) -> Self {
        Self { queue: SegQueue::new(), pending: AtomicBool::new(false), wake }
    }

    /// The wake handle, for a thread or host loop that waits on it.
    pub fn wake_handle(&self) -> &W {
        &self.wake
    }

    /// Adds a message and wakes the drainer, at most once per drain.
    pub fn push(&self, message: T) {
        self.queue.push(message);
        if !self.pending.swap(true, Ordering::AcqRel) {
            self.wake.wake();
        }
    }

    /// Adds a message without waking: for the draining thread itself, when it drains next anyway.
    pub fn push_from_drainer(&self, message: T) {
        self.queue.push(message);
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Takes up to `limit` messages. What is left wakes the drainer again.
    pub fn drain(&self, limit: usize) -> Vec<T> {
        // Read before the swap: a wake-up that comes later finds `pending` false and is written anew.
        if self.pending.load(Ordering::Acquire) {
            self.wake.clear();
            self.pending.swap(false, Ordering::AcqRel);
        }
        let mut taken = Vec::new();
        while taken.len() < limit {
            match self.queue.pop() {
                Some(message) => taken.push(message),
                None => return taken,
            }
        }
        if !self.queue.is_empty() && !self.pending.swap(true, Ordering::AcqRel) {
            self.wake.wake();
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::sync::{Condvar, Mutex};

    #[derive(Default)]
    struct Bell {
        rung: Mutex<bool>,
        condvar: Condvar,
        count: AtomicUsize,
    }
    impl Bell {
        fn wait(&self) {
            let mut rung = self.rung.lock().unwrap();
            while !*rung {
                rung = self.condvar.wait(rung).unwrap();
            }
        }
    }
    impl Wake for Bell {
        fn wake(&self) {
            *self.rung.lock().unwrap() = true;
            self.condvar.notify_one();
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        fn clear(&self) {
            *self.rung.lock().unwrap() = false;
        }
    }

    #[test]
    fn a_burst_wakes_once() {
        let inbox = Inbox::new(Bell::default());
        for n in 0..1000 {
            inbox.push(n);
        }
        assert_eq!(inbox.wake_handle().count.load(Ordering::Relaxed), 1);
        assert_eq!(inbox.drain(usize::MAX).len(), 1000);
        inbox.push(1);
        assert_eq!(inbox.wake_handle().count.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn what_a_budget_leaves_wakes_again() {
        let inbox = Inbox::new(Bell::default());
        (0..10).for_each(|n| inbox.push(n));
        assert_eq!(inbox.drain(4), [0, 1, 2, 3]);
        inbox.wake_handle().wait();
        assert_eq!(inbox.drain(100), [4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        const EACH: usize = 20_000;
        const PRODUCERS: usize = 4;
        let inbox = Inbox::new(Bell::default());
        std::thread::scope(|scope| {
            for producer in 0..PRODUCERS {
                let inbox = &inbox;
                scope.spawn(move || (0..EACH).for_each(|n| inbox.push((producer, n))));
            }
            let mut next = [0; PRODUCERS];
            while next.iter().sum::<usize>() < EACH * PRODUCERS {
                inbox.wake_handle().wait(); // hangs for ever if a wake-up is lost
                for (producer, n) in inbox.drain(64) {
                    assert_eq!(n, next[producer], "one sender's order is kept");
                    next[producer] += 1;
                }
            }
        });
        assert!(inbox.is_empty());
    }
}
