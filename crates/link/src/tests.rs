//! Both ends of the link with real processes. They run wherever a test can run: on Linux, and under wine for Windows.
//!
//! A child is this test program again, told to run one of the [`roles`].

use crate::peer::{Peer, exit_with_parent};
use crate::platform::{self, Socket, WakeHandle};
use crate::{ChildSpec, Incoming, Link, Port, Waited};
use auroraview_core::frame::Frame;
use auroraview_core::wire::{Command, Header, Kind, Notice, SCHEMA_VERSION, text_of};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

const VERSION: &str = "test";
/// Where a role says that it lives: it connects, and the connection ends with it.
const LIFE_LINE: &str = "AURORAVIEW_TEST_LIFE_LINE";
/// Far more than any step takes; a wait that is lost ends here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Two ends of a new link.
#[allow(clippy::unnecessary_fallible_conversions)] // It can fail on Windows.
pub(crate) fn pair() -> (Arc<Socket>, Socket) {
    let (ours, theirs) = platform::socket_pair().unwrap();
    (Arc::new(ours), Socket::try_from(theirs).unwrap())
}

/// Waits until `socket` has something and fills `piece`.
pub(crate) fn read_exact(socket: &Socket, piece: &mut [u8]) {
    let wake = WakeHandle::new().unwrap();
    let mut filled = 0;
    while filled < piece.len() {
        let ready = platform::wait(&wake, &[socket], None, Some(Instant::now() + PATIENCE), None).unwrap();
        assert!(ready.is_none_or(|ready| !ready.sockets.is_empty()), "the other end sends nothing");
        match (&*socket).read(&mut piece[filled..]) {
            Ok(0) => panic!("the other end is gone"),
            Ok(count) => filled += count,
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
    }
}

/// This program again, as `role`.
fn spec(role: &str, life_line: Option<&TcpListener>) -> ChildSpec {
    let mut env: HashMap<_, _> = std::env::vars_os().collect();
    if let Some(listener) = life_line {
        env.insert(LIFE_LINE.into(), listener.local_addr().unwrap().to_string().into());
    }
    let name = format!("tests::roles::{role}");
    ChildSpec {
        program: std::env::current_exe().unwrap(),
        args: [&name, "--exact", "--ignored", "--nocapture"].map(String::from).to_vec(),
        env: env.into_iter().collect(),
    }
}

pub(crate) fn start(role: &str, life_line: Option<&TcpListener>) -> Arc<Link> {
    Link::start(&spec(role, life_line), VERSION).unwrap()
}

pub(crate) fn message(body: &[u8]) -> Frame {
    Frame { header: Header::new(1, Some(1), Kind::Notify, None), body: body.to_vec() }
}

fn life_lines() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

/// The next process that says that it lives.
fn next_life(listener: &TcpListener) -> TcpStream {
    let (sender, accepted) = channel();
    let listener = listener.try_clone().unwrap();
    std::thread::spawn(move || sender.send(listener.accept().unwrap().0));
    let stream = accepted.recv_timeout(PATIENCE).expect("a process that lives");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Waits until the process at the other end has ended.
fn wait_for_end(mut life: TcpStream) {
    match life.read(&mut [0]) {
        Ok(count) => assert_eq!(count, 0),
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}: it lives on"),
    }
}

/// Drains `port` until `enough`.
pub(crate) fn gather(port: &Port, mut enough: impl FnMut(&[Incoming]) -> bool) -> Vec<Incoming> {
    let until = Instant::now() + PATIENCE;
    let mut seen = Vec::new();
    while !enough(&seen) {
        assert_ne!(port.wait(Some(until), false, None).unwrap(), Waited::TimedOut, "after {} messages", seen.len());
        seen.extend(port.drain(usize::MAX));
    }
    seen
}

#[test]
fn everything_comes_back_whole_and_in_order() {
    let link = start("echo", None);
    let port = Port::new(1).unwrap();
    let mut sent: Vec<_> = (0..1000).map(|n| message(format!("{{\"n\":{n}}}").as_bytes())).collect();
    sent.insert(500, message(&vec![b'x'; 5 << 20]));
    port.attach(&link, vec![sent[0].clone()], false).unwrap();
    for frame in &sent[1..] {
        port.send(port.link().as_deref(), frame.clone(), Vec::new()).unwrap();
    }
    let is_frame = |message: &&Incoming| matches!(message, Incoming::Frame(..));
    let seen = gather(&port, |seen| seen.iter().filter(is_frame).count() == sent.len());
    let frames = seen.iter().filter_map(|message| match message {
        Incoming::Frame(frame, ..) => Some(frame),
        _ => None,
    });
    assert!(frames.eq(&sent));
    link.shut_down(Instant::now() + PATIENCE).unwrap();
    assert_eq!(&*link.lost().unwrap().why, "the UI process was shut down");
}

#[test]
fn another_thread_ends_a_wait() {
    let link = start("echo", None);
    let port = Port::new(1).unwrap();
    port.attach(&link, vec![message(b"first")], false).unwrap();
    gather(&port, |seen| seen.iter().any(|message| matches!(message, Incoming::Frame(..))));
    std::thread::scope(|scope| {
        scope.spawn(|| port.nudge());
        gather(&port, |seen| seen.iter().any(|message| matches!(message, Incoming::Nudge)));
    });
}

#[test]
fn a_wait_ends_in_time_and_not_before() {
    let (ours, _theirs) = pair();
    let wake = WakeHandle::new().unwrap();
    let until = Instant::now() + Duration::from_millis(30);
    let ready = platform::wait(&wake, &[&ours], None, Some(until), None).unwrap().unwrap();
    assert!(ready.sockets.is_empty() && !ready.log);
    assert!(Instant::now() >= until);
}

#[test]
fn a_child_that_does_not_end_is_killed_with_its_family() {
    let lives = life_lines();
    let link = start("deaf", Some(&lives));
    let family = [next_life(&lives), next_life(&lives)];
    link.shut_down(Instant::now()).unwrap();
    assert!(link.lost().is_some());
    family.into_iter().for_each(wait_for_end);
}

#[test]
fn a_killed_host_leaves_nothing_behind() {
    let lives = life_lines();
    let spec = spec("host", Some(&lives));
    let mut host = std::process::Command::new(&spec.program);
    let mut host = host.args(&spec.args).envs(spec.env).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let family = [next_life(&lives), next_life(&lives)];
    host.kill().unwrap();
    host.wait().unwrap();
    family.into_iter().for_each(wait_for_end);
}

#[test]
fn a_child_that_ends_takes_its_family_with_it_and_is_reported_with_its_last_words() {
    let lives = life_lines();
    let link = start("failing", Some(&lives));
    let port = Port::new(1).unwrap();
    port.attach(&link, vec![message(b"first")], false).unwrap();
    let family = [next_life(&lives), next_life(&lives)];
    // Both live: the child may fail now.
    family.iter().for_each(|mut life| life.write_all(b"!").unwrap());
    let seen = gather(&port, |seen| seen.iter().any(|message| matches!(message, Incoming::Lost(_))));
    let Some(Incoming::Lost(why)) = seen.last() else { panic!("{seen:?}") };
    assert!(why.contains("it exited with code 3") && why.contains("these are my last words"), "{why}");
    family.into_iter().for_each(wait_for_end);
}

#[test]
fn a_log_that_nobody_reads_does_not_stop_the_child() {
    let lives = life_lines();
    let _link = start("talkative", Some(&lives));
    next_life(&lives);
}

/// What a child of a test does. Not tests: they run only when a test starts this program again.
mod roles {
    use super::*;

    fn peer() -> Peer {
        let mut peer = Peer::from_stdin().unwrap();
        exit_with_parent(&peer).unwrap();
        let (version, pid) = (VERSION.into(), std::process::id());
        let hello = Notice::Hello { version, schema_version: SCHEMA_VERSION, pid, engine: String::new() };
        let header = Header::notify(0);
        peer.send(&Frame { header, body: text_of(&hello).unwrap() }).unwrap();
        peer
    }

    fn live() -> Option<TcpStream> {
        std::env::var(LIFE_LINE).ok().map(|address| TcpStream::connect(address).unwrap())
    }

    #[allow(clippy::zombie_processes)] // Whether it ends with us is what is tested.
    fn start_grandchild() {
        let spec = spec("forever", None);
        std::process::Command::new(spec.program).args(spec.args).spawn().unwrap();
    }

    /// Lives until the test has ended, so that a test that fails leaves nobody behind.
    fn live_on() {
        let _ = live().unwrap().read(&mut [0]);
    }

    #[test]
    #[ignore = "a role"]
    fn echo() {
        let mut peer = peer();
        let wake = WakeHandle::new().unwrap();
        loop {
            platform::wait(&wake, &[peer.socket()], None, None, None).unwrap();
            assert!(peer.read().unwrap(), "the host is gone");
            while let Some(frame) = peer.next_frame().unwrap() {
                if frame.header.view == 0 {
                    assert!(matches!(serde_json::from_slice(&frame.body), Ok(Command::Exit {})));
                    return;
                }
                peer.send(&frame).unwrap();
            }
            while !peer.flush() {
                platform::wait_writable(peer.socket());
            }
        }
    }

    #[test]
    #[ignore = "a role"]
    fn deaf() {
        let _peer = peer();
        start_grandchild();
        live_on();
    }

    #[test]
    #[ignore = "a role"]
    fn forever() {
        live_on();
    }

    #[test]
    #[ignore = "a role"]
    fn host() {
        let _link = Link::start(&spec("deaf", None), VERSION).unwrap();
        let _ = io::stdin().read(&mut [0]); // until the test kills us, or has ended
    }

    #[test]
    #[ignore = "a role"]
    fn failing() {
        let (_peer, life) = (peer(), live());
        start_grandchild();
        life.unwrap().read_exact(&mut [0]).unwrap();
        eprintln!("these are my last words");
        std::process::exit(3)
    }

    #[test]
    #[ignore = "a role"]
    fn talkative() {
        let _peer = peer();
        for _ in 0..20_000 {
            // What the pipe does not take is lost, as an error that does not matter.
            let _ = io::stderr().write(b"a line of a log that nobody reads, or at least not before it is too late\n");
        }
        live_on();
    }
}
