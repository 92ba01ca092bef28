//! The outbox: one writer at a time, and no message is stranded when it leaves.

use crate::checker::{caught, check, thread};
use auroraview_core::outbox::Outbox;
use auroraview_core::sync::{Arc, AtomicBool, Mutex, Ordering, Queue};

trait Outgoing: Default + Send + Sync + 'static {
    fn put(&self, message: u8) -> bool;
    fn take(&self) -> Option<u8>;
    fn leave(&self) -> bool;
}

impl Outgoing for Outbox<u8> {
    fn put(&self, message: u8) -> bool {
        Outbox::put(self, message)
    }
    fn take(&self) -> Option<u8> {
        Outbox::take(self)
    }
    fn leave(&self) -> bool {
        Outbox::leave(self)
    }
}

/// What is planted in a [`Copy`].
const NOTHING: u8 = 0;
/// The writer leaves without a second look.
const LEAVE_AT_ONCE: u8 = 1;
/// The writer goes on when something came, whether or not somebody else is the writer by now.
const GO_ON_ANYWAY: u8 = 2;
/// The role is given back by a plain store, which sees nobody's message.
const PLAIN_STORE: u8 = 3;

struct Copy<const BUG: u8> {
    queue: Queue<u8>,
    writing: AtomicBool,
}

impl<const BUG: u8> Default for Copy<BUG> {
    fn default() -> Self {
        Self { queue: Queue::default(), writing: AtomicBool::new(false) }
    }
}

impl<const BUG: u8> Outgoing for Copy<BUG> {
    fn put(&self, message: u8) -> bool {
        self.queue.push(message);
        !self.writing.swap(true, Ordering::AcqRel)
    }
    fn take(&self) -> Option<u8> {
        self.queue.pop()
    }
    fn leave(&self) -> bool {
        if BUG == PLAIN_STORE {
            self.writing.store(false, Ordering::Release);
        } else {
            self.writing.swap(false, Ordering::AcqRel);
        }
        if BUG == LEAVE_AT_ONCE || self.queue.is_empty() {
            return true;
        }
        self.writing.swap(true, Ordering::AcqRel) && BUG != GO_ON_ANYWAY
    }
}

/// The socket: remembers what was written and that one thread writes at a time.
#[derive(Default)]
struct Socket {
    in_use: Mutex<bool>,
    sent: Mutex<Vec<u8>>,
}

impl Socket {
    /// Writes what there is. Taking a message is part of it: two that take in turn would mix up the order.
    fn write_from<O: Outgoing>(&self, outbox: &O) {
        assert!(!std::mem::replace(&mut *self.in_use.lock(), true), "two writers");
        while let Some(message) = outbox.take() {
            self.sent.lock().push(message);
        }
        *self.in_use.lock() = false;
    }
}

fn write_all<O: Outgoing>(outbox: &O, socket: &Socket) {
    loop {
        socket.write_from(outbox);
        if outbox.leave() {
            return;
        }
    }
}

fn send<O: Outgoing>(outbox: &O, socket: &Socket, message: u8) {
    if outbox.put(message) {
        write_all(outbox, socket);
    }
}

/// Two threads send; one of them sends twice.
fn everything_is_sent<O: Outgoing>() {
    let shared = Arc::new((O::default(), Socket::default()));
    let other = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || send(&shared.0, &shared.1, 3))
    };
    send(&shared.0, &shared.1, 1);
    send(&shared.0, &shared.1, 2);
    other.join().unwrap();
    let sent = shared.1.sent.lock();
    assert!((1..=3).all(|message| sent.contains(&message)) && sent.len() == 3, "messages that were sent: {sent:?}");
    assert!(sent.iter().position(|m| *m == 1) < sent.iter().position(|m| *m == 2), "the order of one sender");
}

/// The writer finds the socket full and hands its role, which it has not given back, to a thread that may block.
fn the_role_is_handed_over<O: Outgoing>() {
    let shared = Arc::new((O::default(), Socket::default()));
    let other = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || send(&shared.0, &shared.1, 2))
    };
    if shared.0.put(1) {
        let blocked = Arc::clone(&shared);
        thread::spawn(move || write_all(&blocked.0, &blocked.1)).join().unwrap();
    }
    other.join().unwrap();
    assert_eq!(shared.1.sent.lock().len(), 2, "messages that were sent");
}

#[test]
fn nothing_is_stranded_and_one_thread_writes() {
    check(everything_is_sent::<Outbox<u8>>);
}

#[test]
fn the_role_survives_a_hand_over() {
    check(the_role_is_handed_over::<Outbox<u8>>);
}

#[test]
fn the_copy_is_faithful() {
    check(everything_is_sent::<Copy<NOTHING>>);
}

#[test]
fn planted_leaving_at_once_is_caught() {
    caught("messages that were sent", everything_is_sent::<Copy<LEAVE_AT_ONCE>>);
}

#[test]
fn planted_going_on_anyway_is_caught() {
    caught("two writers", everything_is_sent::<Copy<GO_ON_ANYWAY>>);
}

#[cfg(loom)] // shuttle has no weak memory
#[test]
fn planted_plain_store_is_caught() {
    caught("messages that were sent", everything_is_sent::<Copy<PLAIN_STORE>>);
}
