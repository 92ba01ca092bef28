//! On Linux: the second process polls its end of the link itself.

use auroraview_core::frame::Frame;
use auroraview_core::inbox::{Inbox, Urgency};
use auroraview_core::stats::QueueStats;
use auroraview_core::wire::{Command, Header, Kind, Notice, SCHEMA_VERSION, text_of};
use auroraview_link::{Bell, ChildSpec, Incoming, Link, Peer, Port, SendError, Waited};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

const PRODUCERS: usize = 8;
const BATCH: usize = 256;
const VIEW: u32 = 1;
const VERSION: &str = "stress";

#[test]
fn nothing_is_lost() {
    let messages = std::env::var("STRESS_MESSAGES").map_or(40_000, |count| count.parse().unwrap());
    let each = messages / PRODUCERS;
    through_an_inbox(each);
    bursts(messages.div_ceil(1000).min(1000));
    one_at_a_time_through_an_inbox();
    let port = Port::new(VIEW).unwrap();
    let link = start_echo(&port);
    through_a_link(&port, each);
    one_at_a_time_through_a_link(&port);
    link.shut_down(deadline()).unwrap();
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(300)
}

/// Holds that each sender's messages come once and in order.
struct Ledger([usize; PRODUCERS]);

impl Ledger {
    fn enter(&mut self, (sender, number): (usize, usize)) {
        assert_eq!(number, self.0[sender], "sender {sender}: a message is lost, doubled or out of order");
        self.0[sender] += 1;
    }

    fn count(&self) -> usize {
        self.0.iter().sum()
    }
}

fn report(what: &str, since: Instant, contended: u64, count: usize, stats: &QueueStats) {
    let seconds = since.elapsed().as_secs_f64();
    println!(
        "{what}: {PRODUCERS} threads, {count} messages, lost=0, {:.0} messages/s, wake-ups={}, contended locks={}",
        count as f64 / seconds,
        stats.wake_ups.load(Ordering::Relaxed),
        auroraview_core::lock::contended() - contended,
    );
}

fn report_latency(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |part: usize| took[(took.len() - 1) * part / 100].as_secs_f64() * 1e6;
    println!(
        "{what}, one at a time: n={}, p50={:.1} µs, p99={:.1} µs, max={:.1} µs",
        took.len(),
        at(50),
        at(99),
        at(100)
    );
}

type Numbers = Inbox<(usize, usize), Arc<Bell>>;

fn inbox() -> Numbers {
    Inbox::new(Bell::new().unwrap())
}

/// Waits for messages and takes some.
fn next<T>(inbox: &Inbox<T, Arc<Bell>>) -> Vec<T> {
    while !inbox.is_ready(false) {
        let ended = inbox.wake_handle().wait(None, Some(deadline()), None).unwrap();
        assert_eq!(ended, Waited::Ready, "a wake-up is lost");
    }
    inbox.drain(BATCH)
}

fn through_an_inbox(each: usize) {
    let (inbox, since, contended) = (inbox(), Instant::now(), auroraview_core::lock::contended());
    let mut ledger = Ledger([0; PRODUCERS]);
    std::thread::scope(|scope| {
        for sender in 0..PRODUCERS {
            let inbox = &inbox;
            scope.spawn(move || (0..each).for_each(|n| inbox.push(Urgency::Ordinary, (sender, n))));
        }
        while ledger.count() < each * PRODUCERS {
            next(&inbox).into_iter().for_each(|message| ledger.enter(message));
        }
    });
    assert!(inbox.is_empty());
    report("inbox", since, contended, ledger.count(), inbox.stats());
}

fn bursts(bursts: usize) {
    let inbox = inbox();
    let (again, go) = channel();
    std::thread::scope(|scope| {
        let inbox = &inbox;
        scope.spawn(move || {
            while go.recv().is_ok() {
                (0..1000).for_each(|n| inbox.push(Urgency::Ordinary, (0, n)));
            }
        });
        for _ in 0..bursts {
            again.send(()).unwrap();
            let mut seen = 0;
            while seen < 1000 {
                seen += next(inbox).len();
            }
        }
        drop(again);
    });
    let wake_ups = inbox.stats().wake_ups.load(Ordering::Relaxed);
    println!("inbox: wake-ups for a burst of 1000: {:.2} (n={bursts})", wake_ups as f64 / bursts as f64);
}

fn one_at_a_time_through_an_inbox() {
    const SAMPLES: usize = 2000;
    let inbox: Inbox<Instant, Arc<Bell>> = Inbox::new(Bell::new().unwrap());
    let (done, taken) = channel();
    let mut took = Vec::with_capacity(SAMPLES);
    std::thread::scope(|scope| {
        let inbox = &inbox;
        scope.spawn(move || {
            for _ in 0..SAMPLES {
                inbox.push(Urgency::Ordinary, Instant::now());
                taken.recv().unwrap();
            }
        });
        while took.len() < SAMPLES {
            for sent in next(inbox) {
                took.push(sent.elapsed());
                done.send(()).unwrap();
            }
        }
    });
    report_latency("inbox", took);
}

// ---- through a link ----

fn start_echo(port: &Arc<Port>) -> Arc<Link> {
    let spec = ChildSpec {
        program: std::env::current_exe().unwrap(),
        args: ["linux::echo", "--exact", "--ignored", "--nocapture"].map(String::from).to_vec(),
        env: std::env::vars_os().collect(),
    };
    let link = Link::start(&spec, VERSION).unwrap();
    let header = Header::notify(VIEW);
    let body = text_of(&Command::Reload {}).unwrap(); // any will do: the echo hears documents only
    assert!(port.attach(&link, vec![Frame { header, body }], false).unwrap());
    link
}

fn message(sender: usize, number: usize) -> Frame {
    let header = Header::new(VIEW, Some(1), Kind::Notify, None);
    Frame { header, body: format!("[{sender},{number}]").into_bytes() }
}

/// Sends; while the page's backlog is full, waits for room.
fn send(port: &Port, bell: &Arc<Bell>, sender: usize, number: usize) {
    while let Err(error) = port.send(port.link().as_deref(), message(sender, number), Vec::new()) {
        assert!(matches!(error, SendError::Full { .. }), "{error}");
        let _watch = port.watch_room(bell);
        while port.is_full() {
            assert_ne!(port.wait_with(bell, Some(deadline()), None).unwrap(), Waited::TimedOut);
        }
    }
}

/// Waits for echoes and takes some.
fn echoes(port: &Port) -> Vec<(usize, usize)> {
    assert_ne!(port.wait(Some(deadline()), false, None).unwrap(), Waited::TimedOut);
    let read = |message| match message {
        Incoming::Frame(frame, Some(_ticket), _) => Some(serde_json::from_slice(&frame.body).unwrap()),
        Incoming::Lost(why) => panic!("{why}"),
        _ => None,
    };
    port.drain(BATCH).into_iter().filter_map(read).collect()
}

fn through_a_link(port: &Arc<Port>, each: usize) {
    let (since, contended) = (Instant::now(), auroraview_core::lock::contended());
    let mut ledger = Ledger([0; PRODUCERS]);
    std::thread::scope(|scope| {
        for sender in 0..PRODUCERS {
            scope.spawn(move || {
                let bell = Bell::new().unwrap();
                (0..each).for_each(|number| send(port, &bell, sender, number));
            });
        }
        while ledger.count() < each * PRODUCERS {
            echoes(port).into_iter().for_each(|message| ledger.enter(message));
        }
    });
    assert_eq!(port.pending_count(), 0);
    report("link, there and back", since, contended, ledger.count(), port.stats());
}

fn one_at_a_time_through_a_link(port: &Arc<Port>) {
    let bell = Bell::new().unwrap();
    let round_trip = |number| {
        let sent = Instant::now();
        send(port, &bell, 0, number);
        while echoes(port).is_empty() {}
        sent.elapsed()
    };
    report_latency("link, there and back", (0..2000).map(round_trip).collect());
}

// ---- the UI process ----

/// Sends back what is for a document, and says that the page took it, until the host says `exit` or is gone. Not a
/// test: it runs only when the test starts this program again.
#[test]
#[ignore = "a role"]
fn echo() {
    let socket = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    let mut peer = Peer::from_stdin().unwrap();
    let notice = |view, notice: &Notice| Frame { header: Header::notify(view), body: text_of(notice).unwrap() };
    let (version, schema_version) = (VERSION.into(), SCHEMA_VERSION);
    let hello = Notice::Hello { version, schema_version, pid: std::process::id(), engine: "echo".into() };
    peer.send(&notice(0, &hello)).unwrap();
    loop {
        let wanted = if peer.flush() { PollFlags::POLLIN } else { PollFlags::POLLIN | PollFlags::POLLOUT };
        poll(&mut [PollFd::new(socket.as_fd(), wanted)], PollTimeout::NONE).unwrap();
        if !peer.read().unwrap_or(false) {
            return;
        }
        let (mut messages, mut bytes) = (0, 0);
        while let Some(frame) = peer.next_frame().unwrap() {
            if frame.header.view == 0 {
                return;
            }
            if frame.header.doc.is_some() {
                (messages, bytes) = (messages + 1, bytes + frame.body.len());
                peer.send(&frame).unwrap();
            }
        }
        if messages > 0 {
            peer.send(&notice(VIEW, &Notice::Delivered { bytes, messages, coalesced: 0 })).unwrap();
        }
    }
}
