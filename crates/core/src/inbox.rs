//! The inbox of a view: any thread pushes, one thread drains, and a wake-up is never lost and never doubled.
//!
//! The order of the four steps is the whole protocol:
//! push = enqueue, then `pending.swap(true)`, then wake if it was false;
//! drain = clear the wake handle, then `pending.swap(false)`, then take messages.
//! The clearing swap reads what the producer's swap wrote and so sees its message; a plain store would not.
//!
//! Each urgency has a `pending` of its own: a thread that waits for something urgent clears the wake handle and leaves
//! ordinary messages where they are, and what is urgent must wake it all the same. `tests/models/wake.rs` checks this.

use crate::stats::QueueStats;
use crate::sync::{Arc, AtomicBool, Ordering, Queue};
use std::time::Instant;

/// Makes the draining thread look at its inbox. Called from any thread, never under a lock; must not block.
pub trait Wake: Send + Sync {
    /// Wakes the drainer, now or at its next wait.
    fn wake(&self);
    /// Forgets wake-ups so far. Called by the draining thread only.
    fn clear(&self);
}

impl<W: Wake> Wake for Arc<W> {
    fn wake(&self) {
        W::wake(self);
    }
    fn clear(&self) {
        W::clear(self);
    }
}

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// In the order in which it was sent.
    Ordinary,
    /// Ahead of everything ordinary: cancel, credit, crash, changes of the lifecycle. In order among its like.
    Urgent,
}

/// A lock-free queue with a coalesced wake-up.
#[derive(Debug)]
pub struct Inbox<T, W> {
    ordinary: Track<T>,
    urgent: Track<T>,
    wake: W,
    stats: QueueStats,
}

/// Messages of one urgency.
#[derive(Debug)]
struct Track<T> {
    messages: Queue<(Instant, T)>,
    /// A wake-up is on its way, and whoever drains then sees every message so far.
    pending: AtomicBool,
}

impl<T> Default for Track<T> {
    fn default() -> Self {
        Self { messages: Queue::default(), pending: AtomicBool::new(false) }
    }
}

impl<T> Track<T> {
    /// True if the caller must wake the drainer, because nobody else does.
    fn announce(&self) -> bool {
        !self.pending.swap(true, Ordering::AcqRel)
    }
}

impl<T, W: Wake> Inbox<T, W> {
    /// An empty inbox that wakes its drainer through `wake`.
    pub fn new(wake: W) -> Self {
        Self { ordinary: Track::default(), urgent: Track::default(), wake, stats: QueueStats::default() }
    }

    /// The wake handle, for a thread or host loop that waits on it.
    pub fn wake_handle(&self) -> &W {
        &self.wake
    }

    /// What passed through.
    pub fn stats(&self) -> &QueueStats {
        &self.stats
    }

    /// Adds a message and wakes the drainer, at most once per drain and urgency.
    pub fn push(&self, urgency: Urgency, message: T) {
        self.push_from_drainer(urgency, message);
        if self.track(urgency).announce() {
            self.stats.wake_ups.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.wake.wake();
        }
    }

    /// Adds a message without waking: for the draining thread itself, when it drains next anyway.
    pub fn push_from_drainer(&self, urgency: Urgency, message: T) {
        self.stats.pushed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.track(urgency).messages.push((Instant::now(), message));
    }

    fn track(&self, urgency: Urgency) -> &Track<T> {
        match urgency {
            Urgency::Ordinary => &self.ordinary,
            Urgency::Urgent => &self.urgent,
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.urgent.messages.is_empty() && self.ordinary.messages.is_empty()
    }

    /// Whether there is something to drain (`urgent`: something urgent). If not, the next such message wakes: a wake-up may
    /// have come for a message that was taken already. The drainer asks before it waits and whenever it was woken.
    pub fn is_ready(&self, urgent: bool) -> bool {
        let ready = |track: &Track<T>| {
            !track.messages.is_empty() || {
                track.pending.swap(false, Ordering::AcqRel);
                !track.messages.is_empty()
            }
        };
        ready(&self.urgent) || (!urgent && ready(&self.ordinary))
    }

    /// How many messages wait.
    pub fn len(&self) -> usize {
        self.urgent.messages.len() + self.ordinary.messages.len()
    }

    /// Takes up to `limit` messages, urgent ones first. What is left wakes the drainer again.
    pub fn drain(&self, limit: usize) -> Vec<T> {
        let tracks = [&self.urgent, &self.ordinary];
        // Always: with two tracks a wake-up may come after its message was taken, and a host's loop must not see it for ever.
        self.wake.clear();
        for track in tracks {
            track.pending.swap(false, Ordering::AcqRel);
        }
        let taken = self.take(limit);
        if tracks.iter().any(|track| !track.messages.is_empty() && track.announce()) {
            self.wake.wake();
        }
        taken
    }

    /// Takes up to `limit` urgent messages and leaves wake-ups as they are: for a look in between, on any thread. Whoever
    /// drains next is woken for nothing at worst.
    pub fn drain_urgent(&self, limit: usize) -> Vec<T> {
        self.take_with(limit, || self.urgent.messages.pop())
    }

    fn take(&self, limit: usize) -> Vec<T> {
        self.take_with(limit, || self.urgent.messages.pop().or_else(|| self.ordinary.messages.pop()))
    }

    fn take_with(&self, limit: usize, pop: impl Fn() -> Option<(Instant, T)>) -> Vec<T> {
        let mut taken = Vec::new();
        let mut now = None;
        while taken.len() < limit {
            let Some((since, message)) = pop() else { break };
            let now = *now.get_or_insert_with(Instant::now);
            self.stats.latency.record(now.saturating_duration_since(since));
            taken.push(message);
        }
        self.stats.taken.fetch_add(taken.len() as u64, std::sync::atomic::Ordering::Relaxed);
        taken
    }
}

#[cfg(test)]
#[cfg(not(any(loom, feature = "shuttle")))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::sync::{Condvar, Mutex};

    const NORMAL: Urgency = Urgency::Ordinary;

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
            inbox.push(NORMAL, n);
        }
        assert_eq!(inbox.wake_handle().count.load(Ordering::Relaxed), 1);
        assert_eq!(inbox.drain(usize::MAX).len(), 1000);
        inbox.push(NORMAL, 1);
        assert_eq!(inbox.wake_handle().count.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn what_a_budget_leaves_wakes_again() {
        let inbox = Inbox::new(Bell::default());
        (0..10).for_each(|n| inbox.push(NORMAL, n));
        assert_eq!(inbox.drain(4), [0, 1, 2, 3]);
        inbox.wake_handle().wait();
        assert_eq!(inbox.drain(100), [4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn urgent_messages_pass_and_keep_their_own_order() {
        let inbox = Inbox::new(Bell::default());
        for n in 0..6 {
            inbox.push(if n % 2 == 0 { NORMAL } else { Urgency::Urgent }, n);
        }
        assert!(inbox.is_ready(true));
        assert_eq!(inbox.drain(4), [1, 3, 5, 0]);
        assert!(!inbox.is_ready(true));
        assert_eq!(inbox.drain(4), [2, 4]);
    }

    #[test]
    fn an_urgent_message_wakes_who_leaves_ordinary_ones_for_later() {
        let inbox = Inbox::new(Bell::default());
        inbox.push(NORMAL, 1);
        inbox.wake_handle().clear();
        inbox.push(NORMAL, 2);
        assert!(!*inbox.wake_handle().rung.lock().unwrap());
        inbox.push(Urgency::Urgent, 3);
        inbox.wake_handle().wait();
    }

    #[test]
    fn what_passes_is_counted() {
        let inbox = Inbox::new(Bell::default());
        (0..5).for_each(|n| inbox.push(NORMAL, n));
        inbox.drain(3);
        let stats = inbox.stats();
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        assert_eq!((read(&stats.pushed), read(&stats.taken), read(&stats.wake_ups)), (5, 3, 1));
        assert_eq!((inbox.len(), stats.latency.counts().iter().sum::<u64>()), (2, 3));
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        const EACH: usize = 20_000;
        const PRODUCERS: usize = 4;
        let inbox = Inbox::new(Bell::default());
        std::thread::scope(|scope| {
            for producer in 0..PRODUCERS {
                let inbox = &inbox;
                scope.spawn(move || (0..EACH).for_each(|n| inbox.push(NORMAL, (producer, n))));
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
