//! The inbox: no message is left without a wake-up on its way.

use crate::checker::{Bell, caught, check, thread};
use auroraview_core::inbox::Urgency::{self, Ordinary, Urgent};
use auroraview_core::inbox::{Inbox, Wake};
use auroraview_core::sync::{Arc, AtomicBool, Ordering, Queue};

trait Messages: Send + Sync + 'static {
    fn new(bell: Arc<Bell>) -> Self;
    fn push(&self, urgency: Urgency, message: u8);
    fn drain(&self, limit: usize) -> Vec<u8>;
    fn drain_urgent(&self, limit: usize) -> Vec<u8>;
    fn is_empty(&self) -> bool;
    fn is_ready(&self, urgent: bool) -> bool;
}

impl Messages for Inbox<u8, Arc<Bell>> {
    fn new(bell: Arc<Bell>) -> Self {
        Inbox::new(bell)
    }
    fn push(&self, urgency: Urgency, message: u8) {
        Inbox::push(self, urgency, message);
    }
    fn drain(&self, limit: usize) -> Vec<u8> {
        Inbox::drain(self, limit)
    }
    fn drain_urgent(&self, limit: usize) -> Vec<u8> {
        Inbox::drain_urgent(self, limit)
    }
    fn is_empty(&self) -> bool {
        Inbox::is_empty(self)
    }
    fn is_ready(&self, urgent: bool) -> bool {
        Inbox::is_ready(self, urgent)
    }
}

fn push_from_thread<M: Messages>(inbox: &Arc<M>, messages: &'static [(Urgency, u8)]) -> thread::JoinHandle<()> {
    let inbox = Arc::clone(inbox);
    thread::spawn(move || messages.iter().for_each(|(urgency, message)| inbox.push(*urgency, *message)))
}

/// A host's loop watches the wake handle and drains when it is rung. A lost wake-up is a deadlock.
fn a_loop_sees_everything<M: Messages>(budget: usize) {
    let bell = Arc::new(Bell::default());
    let inbox = Arc::new(M::new(Arc::clone(&bell)));
    let first = push_from_thread(&inbox, &[(Ordinary, 1), (Ordinary, 2)]);
    let second = push_from_thread(&inbox, &[(Urgent, 3)]);
    let mut seen = Vec::new();
    while seen.len() < 3 {
        bell.wait();
        seen.extend(inbox.drain(budget));
    }
    first.join().unwrap();
    second.join().unwrap();
    let ordinary: Vec<_> = seen.iter().filter(|message| **message != 3).collect();
    assert_eq!(ordinary, [&1, &2], "the order of one sender");
    assert!(inbox.is_empty());
}

/// A thread waits for something urgent while ordinary messages come, and takes those later.
fn an_urgent_message_ends_the_wait_for_it<M: Messages>() {
    let bell = Arc::new(Bell::default());
    let inbox = Arc::new(M::new(Arc::clone(&bell)));
    let first = push_from_thread(&inbox, &[(Ordinary, 1)]);
    let second = push_from_thread(&inbox, &[(Urgent, 3)]);
    bell.wait_until(|| inbox.is_ready(true));
    let mut seen = inbox.drain(1);
    assert_eq!(seen, [3]);
    while seen.len() < 2 {
        bell.wait_until(|| inbox.is_ready(false));
        seen.extend(inbox.drain(8));
    }
    first.join().unwrap();
    second.join().unwrap();
}

/// A thread waits as the link does: it drains only what it finds. A wake-up may come for a message that is taken already.
fn a_late_wake_up_hides_nothing<M: Messages>() {
    let bell = Arc::new(Bell::default());
    let inbox = Arc::new(M::new(Arc::clone(&bell)));
    let sender = push_from_thread(&inbox, &[(Ordinary, 1), (Ordinary, 2)]);
    let mut seen = inbox.drain(8); // as after handling earlier messages
    while seen.len() < 2 {
        bell.wait_until(|| inbox.is_ready(false));
        seen.extend(inbox.drain(8));
    }
    sender.join().unwrap();
}

/// Another thread looks for something urgent while the host's loop drains. What it leaves, the loop gets.
fn a_look_in_between_takes_no_wake_up<M: Messages>() {
    let bell = Arc::new(Bell::default());
    let inbox = Arc::new(M::new(Arc::clone(&bell)));
    let sender = push_from_thread(&inbox, &[(Urgent, 3), (Urgent, 4)]);
    let looker = Arc::clone(&inbox);
    let looker = thread::spawn(move || looker.drain_urgent(1));
    let mut seen = Vec::new();
    while seen.is_empty() {
        bell.wait();
        seen.extend(inbox.drain(8));
    }
    sender.join().unwrap();
    seen.extend(looker.join().unwrap());
    seen.extend(inbox.drain(8));
    seen.sort_unstable();
    assert_eq!(seen, [3, 4]);
}

/// The wake handle of a view that the host's loop drains: its own, which drains clear, and the bell of the loop, which is
/// for all views and which the loop alone silences.
#[derive(Default)]
struct Embedded {
    own: Bell,
    host: Arc<Bell>,
}

impl Wake for Embedded {
    fn wake(&self) {
        self.own.wake();
        self.host.wake();
    }
    fn clear(&self) {
        self.own.clear();
    }
}

/// What is planted in [`two_views_share_a_loop`]: the loop silences its bell after it looked.
const SILENCE_AFTER_LOOKING: u8 = 1;
/// Draining a view silences the bell of all.
const DRAINS_SILENCE: u8 = 2;

/// The host's loop is woken by one bell, and then drains each of its views. A lost wake-up is a deadlock.
fn two_views_share_a_loop<const BUG: u8>() {
    let host = Arc::new(Bell::default());
    let view = || Arc::new(Inbox::new(Embedded { own: Bell::default(), host: Arc::clone(&host) }));
    let views = [view(), view()];
    let senders = views.clone().map(|view| thread::spawn(move || view.push(Ordinary, 1)));
    let mut seen = 0;
    while seen < 2 {
        host.wait();
        if BUG != SILENCE_AFTER_LOOKING {
            host.clear();
        }
        for view in &views {
            seen += view.drain(8).len();
            if BUG == DRAINS_SILENCE {
                host.clear();
            }
        }
        if BUG == SILENCE_AFTER_LOOKING {
            host.clear();
        }
    }
    senders.into_iter().for_each(|sender| sender.join().unwrap());
}

#[test]
fn one_bell_wakes_a_loop_for_all_of_its_views() {
    check(two_views_share_a_loop::<NOTHING>);
}

#[test]
fn planted_silence_after_looking_is_caught() {
    caught("deadlock", two_views_share_a_loop::<SILENCE_AFTER_LOOKING>);
}

#[test]
fn planted_drain_that_silences_the_bell_is_caught() {
    caught("deadlock", two_views_share_a_loop::<DRAINS_SILENCE>);
}

#[test]
fn a_look_for_what_is_urgent_leaves_the_wake_ups() {
    check(a_look_in_between_takes_no_wake_up::<Inbox<u8, Arc<Bell>>>);
}

#[test]
fn a_wake_up_for_what_was_taken_hides_nothing() {
    check(a_late_wake_up_hides_nothing::<Inbox<u8, Arc<Bell>>>);
}

#[test]
fn no_wake_up_is_lost() {
    check(|| a_loop_sees_everything::<Inbox<u8, Arc<Bell>>>(8));
}

#[test]
fn what_a_budget_leaves_is_not_lost() {
    check(|| a_loop_sees_everything::<Inbox<u8, Arc<Bell>>>(1));
}

#[test]
fn ordinary_messages_do_not_hide_an_urgent_one() {
    check(an_urgent_message_ends_the_wait_for_it::<Inbox<u8, Arc<Bell>>>);
}

/// What is planted in a [`Copy`].
const NOTHING: u8 = 0;
/// The drainer forgets wake-ups after it looked.
const CLEAR_AFTER_TAKING: u8 = 1;
/// What the budget leaves wakes nobody.
const NO_WAKE_FOR_THE_REST: u8 = 2;
/// Urgent and ordinary messages share their `pending`: a wait for something urgent then sleeps through it.
const ONE_PENDING: u8 = 3;
/// `pending` is cleared by a plain store, which sees nobody's message.
const PLAIN_STORE: u8 = 4;

/// A waiter that finds nothing looks only, and leaves `pending` as it is.
const LOOK_ONLY: u8 = 5;
/// A look for what is urgent forgets wake-ups, as if it took everything.
const CLEAR_IN_BETWEEN: u8 = 6;

struct Copy<const BUG: u8> {
    /// Ordinary, urgent.
    queues: [Queue<u8>; 2],
    pending: [AtomicBool; 2],
    bell: Arc<Bell>,
}

impl<const BUG: u8> Copy<BUG> {
    fn announce(&self, urgent: bool) -> bool {
        !self.pending[usize::from(urgent && BUG != ONE_PENDING)].swap(true, Ordering::AcqRel)
    }

    fn clear(&self) {
        self.bell.clear();
        for pending in &self.pending {
            if BUG == PLAIN_STORE {
                pending.store(false, Ordering::Release);
            } else {
                pending.swap(false, Ordering::AcqRel);
            }
        }
    }
}

impl<const BUG: u8> Messages for Copy<BUG> {
    fn new(bell: Arc<Bell>) -> Self {
        Self { queues: Default::default(), pending: [false; 2].map(AtomicBool::new), bell }
    }
    fn push(&self, urgency: Urgency, message: u8) {
        let urgent = urgency == Urgent;
        self.queues[usize::from(urgent)].push(message);
        if self.announce(urgent) {
            self.bell.wake();
        }
    }
    fn drain(&self, limit: usize) -> Vec<u8> {
        if BUG != CLEAR_AFTER_TAKING {
            self.clear();
        }
        let taken: Vec<_> = self.queues.iter().rev().flat_map(|q| std::iter::from_fn(|| q.pop())).take(limit).collect();
        let left = [1, 0].iter().any(|n| !self.queues[*n].is_empty() && self.announce(*n == 1));
        if left && BUG != NO_WAKE_FOR_THE_REST {
            self.bell.wake();
        }
        if BUG == CLEAR_AFTER_TAKING {
            self.clear();
        }
        taken
    }
    fn drain_urgent(&self, limit: usize) -> Vec<u8> {
        if BUG == CLEAR_IN_BETWEEN {
            self.clear();
        }
        std::iter::from_fn(|| self.queues[1].pop()).take(limit).collect()
    }
    fn is_empty(&self) -> bool {
        self.queues.iter().all(Queue::is_empty)
    }
    fn is_ready(&self, urgent: bool) -> bool {
        let lanes = if urgent { 1..2 } else { 0..2 };
        lanes.into_iter().any(|n| {
            if self.queues[n].is_empty() && BUG != LOOK_ONLY && BUG != ONE_PENDING {
                self.pending[n].swap(false, Ordering::AcqRel);
            }
            !self.queues[n].is_empty()
        })
    }
}

#[test]
fn the_copy_is_faithful() {
    check(|| a_loop_sees_everything::<Copy<NOTHING>>(1));
    check(an_urgent_message_ends_the_wait_for_it::<Copy<NOTHING>>);
    check(a_look_in_between_takes_no_wake_up::<Copy<NOTHING>>);
}

#[test]
fn planted_clear_after_taking_is_caught() {
    caught("deadlock", || a_loop_sees_everything::<Copy<CLEAR_AFTER_TAKING>>(8));
}

#[test]
fn planted_silence_about_the_rest_is_caught() {
    caught("deadlock", || a_loop_sees_everything::<Copy<NO_WAKE_FOR_THE_REST>>(1));
}

#[test]
fn planted_mere_look_is_caught() {
    caught("deadlock", || a_late_wake_up_hides_nothing::<Copy<LOOK_ONLY>>());
}

#[test]
fn planted_clear_in_between_is_caught() {
    caught("deadlock", a_look_in_between_takes_no_wake_up::<Copy<CLEAR_IN_BETWEEN>>);
}

#[test]
fn planted_shared_pending_is_caught() {
    caught("deadlock", an_urgent_message_ends_the_wait_for_it::<Copy<ONE_PENDING>>);
}

#[cfg(loom)] // shuttle has no weak memory
#[test]
fn planted_plain_store_is_caught() {
    caught("deadlock", || a_loop_sees_everything::<Copy<PLAIN_STORE>>(8));
}
