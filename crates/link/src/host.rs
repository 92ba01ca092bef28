//! The host's end of the link: one UI process, and the way of its messages to the views.

use crate::child::{self, ChildSpec, StderrTail};
use crate::mailbox::{Mailbox, SendError, Waited};
use crate::outbound::Outbound;
use crate::platform::{self, Family, SignalGate, Socket, WakeHandle};
use auroraview_core::frame::{Decoder, Frame, FrameError};
use auroraview_core::inbox::Wake;
use auroraview_core::lock::{OrderedMutex, RESOURCE};
use auroraview_core::sync::Snapshot;
use auroraview_core::turn::Turn;
use auroraview_core::wire::{Command, Header, Notice, SCHEMA_VERSION, text_of};
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};
use tracing::info;

/// How long a UI process may take to send its first frame.
const HELLO_DEADLINE: Duration = Duration::from_secs(20);
/// How many lines of its log the message about a lost UI process carries.
const LOG_LINES: usize = 8;

/// Why a link cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The executable is missing or will not start.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// The executable.
        program: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

type Ports = HashMap<u32, Weak<dyn Mailbox>>;

/// A started UI process. Threads that wait on it read it in turn ([`Turn`]); there is no reader thread.
pub struct Link {
    program: PathBuf,
    version: String,
    socket: Arc<Socket>,
    out: Arc<Outbound>,
    log: StderrTail,
    turn: Turn<WakeHandle>,
    /// Owned by the leader of the turn; the lock is never contended.
    decoder: OrderedMutex<Decoder, RESOURCE>,
    ports: Snapshot<Ports>,
    child: OrderedMutex<Family, RESOURCE>,
    pid: u32,
    started: Instant,
    greeted: AtomicBool,
    closing: AtomicBool,
    lost: OnceLock<Arc<str>>,
    /// The process that started it. A fork of that process must leave the child alone.
    owner: u32,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("program", &self.program).field("lost", &self.lost).finish_non_exhaustive()
    }
}

impl Link {
    /// Starts a UI process, which must be of version `version`. Returns at once; whether it is the right one shows later.
    pub fn start(spec: &ChildSpec, version: &str) -> Result<Arc<Self>, LinkError> {
        let failed = |source| LinkError::Start { program: spec.program.clone(), source };
        let started = child::start(spec).map_err(failed)?;
        info!(pid = started.family.id(), program = %spec.program.display(), "started the UI process");
        Ok(Arc::new(Self {
            program: spec.program.clone(),
            version: version.to_owned(),
            out: Outbound::new(Arc::clone(&started.socket)),
            socket: started.socket,
            log: started.log,
            turn: Turn::default(),
            decoder: OrderedMutex::default(),
            ports: Snapshot::default(),
            pid: started.family.id(),
            child: OrderedMutex::new(started.family),
            started: Instant::now(),
            greeted: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            lost: OnceLock::new(),
            owner: std::process::id(),
        }))
    }

    /// Why the UI process is gone, if it is.
    pub fn lost(&self) -> Option<&Arc<str>> {
        self.lost.get()
    }

    /// Whether the UI process is there, as far as the link tells now. Reads it if nobody else waits on it: while no view
    /// is open, nobody would have noticed its end.
    pub fn is_alive(&self) -> io::Result<bool> {
        let wake = Arc::new(WakeHandle::new()?);
        let mut waiter = self.turn.enter(&wake);
        while waiter.leads() && self.lost.get().is_none() {
            match platform::wait(&wake, Some(&self.socket), None, Some(Instant::now()), None)? {
                Some(ready) if ready.link => self.read(None),
                _ => break,
            }
        }
        Ok(self.lost.get().is_none())
    }

    /// The UI process's number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    pub(crate) fn register(&self, view: u32, port: Arc<dyn Mailbox>) {
        loop {
            let current = self.ports.load();
            let alive = current.iter().filter(|(_, port)| port.strong_count() > 0);
            let mut next: Ports = alive.map(|(view, port)| (*view, Weak::clone(port))).collect();
            next.insert(view, Arc::downgrade(&port));
            if self.ports.replace(&current, next) {
                break;
            }
        }
        // With its counterpart in `lose`: either it sees this port, or this port sees that the process is lost.
        fence(Ordering::SeqCst);
        if let Some(why) = self.lost.get() {
            port.lost(why); // it was lost between the caller's look and now
        }
    }

    pub(crate) fn send(&self, frame: &Frame) -> Result<(), SendError> {
        Ok(self.out.send(frame.encode()?)?)
    }

    /// Waits until `done`, reading the link when it is this thread's turn. `drainer` is the view that this thread drains.
    pub(crate) fn wait(
        &self,
        drainer: Option<u32>,
        wake: &Arc<WakeHandle>,
        done: &dyn Fn() -> bool,
        until: Option<Instant>,
        gate: Option<&SignalGate>,
    ) -> io::Result<Waited> {
        if done() {
            return Ok(Waited::Ready);
        }
        let mut waiter = self.turn.enter(wake);
        loop {
            let leads = waiter.leads() && self.lost.get().is_none();
            let socket = leads.then_some(&*self.socket);
            let log = (leads && !self.log.ended()).then(|| self.log.pipe());
            let hello_due = (leads && !self.greeted.load(Ordering::Acquire)).then(|| self.started + HELLO_DEADLINE);
            let deadline = [until, hello_due].into_iter().flatten().min();
            let Some(ready) = platform::wait(wake, socket, log, deadline, gate)? else {
                return Ok(Waited::Interrupted);
            };
            wake.clear();
            if ready.log {
                self.read_log(drainer);
            }
            if ready.link {
                self.read(drainer);
            }
            if done() {
                return Ok(Waited::Ready);
            }
            let now = Instant::now();
            if hello_due.is_some_and(|due| due <= now) && !self.greeted.load(Ordering::Acquire) {
                self.lose("it did not answer in time after its start");
            }
            if until.is_some_and(|until| until <= now) {
                return Ok(Waited::TimedOut);
            }
        }
    }

    /// Reads once and hands every complete frame to its owner.
    fn read(&self, drainer: Option<u32>) {
        let (frames, end) = self.read_frames();
        for frame in frames {
            self.route(frame, drainer);
        }
        if let Err(why) = end {
            self.lose(&why);
        }
    }

    /// What one read completes, and why it was the last one, if it was ("": the stream ended).
    fn read_frames(&self) -> (Vec<Frame>, Result<(), String>) {
        let mut frames = Vec::new();
        let mut decoder = self.decoder.lock();
        match decoder.fill(&mut &*self.socket) {
            Ok(0) => return (frames, Err(String::new())),
            // It ended before it had read everything.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return (frames, Err(String::new())),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(error) => return (frames, Err(format!("reading the link failed: {error}"))),
        }
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => return (frames, Ok(())),
                Err(error) => return (frames, Err(self.describe_garbage(&error))),
            }
        }
    }

    fn describe_garbage(&self, error: &FrameError) -> String {
        format!("{error}; is {} an auroraview-ui {}?", self.program.display(), self.version)
    }

    fn route(&self, frame: Frame, drainer: Option<u32>) {
        if frame.header.view == 0 {
            return self.hear(&frame);
        }
        let port = self.ports.with(|ports| ports.get(&frame.header.view).and_then(Weak::upgrade));
        if let Some(port) = port {
            port.receive(frame, drainer);
        }
    }

    /// What the UI process says about itself.
    fn hear(&self, frame: &Frame) {
        match serde_json::from_slice(&frame.body) {
            Ok(Notice::Hello { version, schema_version, .. }) => {
                if version == self.version && schema_version == SCHEMA_VERSION {
                    self.greeted.store(true, Ordering::Release);
                } else {
                    self.lose(&format!("it is version {version}, but this auroraview is version {}", self.version));
                }
            }
            Ok(Notice::Unusable { message }) => self.lose(&message),
            _ => {}
        }
    }

    fn read_log(&self, drainer: Option<u32>) {
        let fresh = self.log.read();
        // Any view will do: the lines go to `logging`, once.
        let port = self.ports.with(|ports| ports.values().find_map(Weak::upgrade));
        if let Some(port) = port {
            for line in fresh {
                port.log(line, drainer);
            }
        }
    }

    /// The UI process is gone or must go: kills its family, waits for it and tells every view. Only the first call counts.
    pub(crate) fn lose(&self, why: &str) {
        if self.lost.get().is_some() {
            return;
        }
        let how = child::reap(&mut self.child.lock());
        self.read_log(None);
        let why = if why.is_empty() { &how } else { why };
        if self.lost.set(self.explain(why).into()).is_err() {
            return;
        }
        fence(Ordering::SeqCst); // see `register`
        info!(pid = self.pid, "the UI process is gone");
        let ports: Vec<_> = self.ports.load().values().filter_map(Weak::upgrade).collect();
        for port in ports {
            port.lost(self.lost.get().unwrap_or(&Arc::from("")));
        }
    }

    fn explain(&self, why: &str) -> String {
        if self.closing.load(Ordering::Acquire) {
            return "the UI process was shut down".into();
        }
        let mut text = format!("the UI process {} is gone: {why}", self.program.display());
        let log = self.log.last(LOG_LINES);
        if !log.is_empty() {
            text.push_str("\nits last words:\n  ");
            text.push_str(&log.join("\n  "));
        }
        text
    }

    /// Ends the UI process: asks, waits until `until`, then kills its process group. Blocks; call it without the GIL.
    pub fn shut_down(&self, until: Instant) -> io::Result<()> {
        self.closing.store(true, Ordering::Release);
        let header = Header::notify(0);
        if let Ok(body) = text_of(&Command::Exit {}) {
            let _ = self.send(&Frame { header, body }); // a link that is gone needs no request
        }
        let wake = Arc::new(WakeHandle::new()?);
        while self.lost.get().is_none() {
            if self.wait(None, &wake, &|| self.lost.get().is_some(), Some(until), None)? == Waited::TimedOut {
                self.lose("it did not end when asked");
            }
        }
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if self.lost.get().is_none() && self.owner == std::process::id() {
            child::reap(&mut self.child.lock());
        }
    }
}
