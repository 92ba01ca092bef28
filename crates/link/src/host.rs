//! The host's end of the link: one UI process, and the way of its messages to the views.

use crate::child::{self, ChildSpec, StderrTail};
use crate::direct::{Connection, Reception};
use crate::mailbox::{Mailbox, SendError, Waited};
use crate::outbound::Outbound;
use crate::parcel::{Attachment, Parcel, chunks};
use crate::platform::{self, Family, SignalGate, Socket, WakeHandle};
use crate::port::Event;
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
use tracing::{debug, info};

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

/// What is known of a UI process that is gone.
#[derive(Debug)]
pub struct Loss {
    /// Why, for people, with its last words.
    pub why: Arc<str>,
    /// What it exited with, if it did by itself.
    pub code: Option<i32>,
    /// What ended it, if that was a signal of somebody else's.
    pub signal: Option<i32>,
    /// The last lines of its log.
    pub log: Vec<String>,
    /// Another one would end in the same way: it is no `auroraview-ui` of this version, or cannot show windows here.
    pub hopeless: bool,
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
    /// Of direct connections, where there are any.
    reception: Option<Reception>,
    child: OrderedMutex<Family, RESOURCE>,
    pid: u32,
    started: Instant,
    greeted: AtomicBool,
    /// What it said when it could not go on.
    gave_up: AtomicBool,
    closing: AtomicBool,
    lost: OnceLock<Loss>,
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
        let mut spec = spec.clone();
        let reception = Reception::open(&mut spec.env);
        let started = child::start(&spec).map_err(failed)?;
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
            reception,
            pid: started.family.id(),
            child: OrderedMutex::new(started.family),
            started: Instant::now(),
            greeted: AtomicBool::new(false),
            gave_up: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            lost: OnceLock::new(),
            owner: std::process::id(),
        }))
    }

    /// What is known of the end of the UI process, if it is gone.
    pub fn lost(&self) -> Option<&Loss> {
        self.lost.get()
    }

    /// The last lines of the UI process's log.
    pub fn last_words(&self) -> Vec<String> {
        self.log.last(usize::MAX)
    }

    /// Whether the UI process is there, as far as the link tells now. Reads it if nobody else waits on it: while no view
    /// is open, nobody would have noticed its end.
    pub fn is_alive(&self) -> io::Result<bool> {
        let wake = Arc::new(WakeHandle::new()?);
        let mut waiter = self.turn.enter(&wake);
        while waiter.leads() && self.lost.get().is_none() {
            match platform::wait(&wake, &[&self.socket], None, Some(Instant::now()), None)? {
                Some(ready) if !ready.sockets.is_empty() => self.read(None),
                _ => break,
            }
        }
        Ok(self.lost.get().is_none())
    }

    /// The UI process's number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// From now on what comes for `view` goes to `port`.
    pub(crate) fn register(&self, view: u32, port: &Arc<dyn Mailbox>) {
        loop {
            let current = self.ports.load();
            let alive = current.iter().filter(|(_, port)| port.strong_count() > 0);
            let mut next: Ports = alive.map(|(view, port)| (*view, Weak::clone(port))).collect();
            next.insert(view, Arc::downgrade(port));
            if self.ports.replace(&current, next) {
                return;
            }
        }
    }

    /// Tells a port that was registered and counts on the link from now on, if the process was lost meanwhile.
    pub(crate) fn check(&self, port: &dyn Mailbox) {
        // With its counterpart in `lose`: either it sees what the port has done, or this sees that the process is lost.
        fence(Ordering::SeqCst);
        if let Some(loss) = self.lost.get() {
            port.lost(self, loss);
        }
    }

    pub(crate) fn send(&self, frame: &Frame, attachments: &[Attachment]) -> Result<(), SendError> {
        let Header { view, doc, .. } = frame.header;
        let mut parcel = Parcel { view, chunks: Vec::new(), message: frame.encode()? };
        for attachment in attachments {
            parcel.chunks.extend(chunks(view, doc, attachment)?);
        }
        Ok(self.out.send(parcel)?)
    }

    /// Waits until `done` or until the process is lost, reading the link when it is this thread's turn. `drainer` is the
    /// view that this thread drains.
    pub(crate) fn wait(
        &self,
        drainer: Option<u32>,
        wake: &Arc<WakeHandle>,
        done: &dyn Fn() -> bool,
        until: Option<Instant>,
        gate: Option<&SignalGate>,
    ) -> io::Result<Waited> {
        let mut waiter = self.turn.enter(wake);
        loop {
            // Nothing comes by a lost link any more, and the view may have another by now: the caller looks.
            if done() || self.lost.get().is_some() {
                return Ok(Waited::Ready);
            }
            let leads = waiter.leads();
            let connections = self.reception.as_ref().filter(|_| leads).map(Reception::connections).unwrap_or_default();
            let sockets = if leads { self.sockets(&connections) } else { Vec::new() };
            let log = (leads && !self.log.ended()).then(|| self.log.pipe());
            let hello_due = (leads && !self.greeted.load(Ordering::Acquire)).then(|| self.started + HELLO_DEADLINE);
            let deadline = [until, hello_due].into_iter().flatten().min();
            let Some(ready) = platform::wait(wake, &sockets, log, deadline, gate)? else {
                return Ok(Waited::Interrupted);
            };
            wake.clear();
            if ready.log {
                self.read_log(drainer);
            }
            self.read_sockets(&ready.sockets, &connections, drainer);
            let now = Instant::now();
            if hello_due.is_some_and(|due| due <= now) && !self.greeted.load(Ordering::Acquire) {
                self.lose("it did not answer in time after its start");
            }
            if until.is_some_and(|until| until <= now) {
                return Ok(Waited::TimedOut);
            }
        }
    }

    /// What a leader waits for: the link, then whoever wants to connect directly, then who did.
    fn sockets<'a>(&'a self, connections: &'a [Arc<Connection>]) -> Vec<&'a Socket> {
        let listener = self.reception.as_ref().map(Reception::listener);
        let connected = connections.iter().map(|connection| connection.socket());
        std::iter::once(&*self.socket).chain(listener).chain(connected).collect()
    }

    /// Reads those of [`Link::sockets`] that have something.
    fn read_sockets(&self, ready: &[usize], connections: &[Arc<Connection>], drainer: Option<u32>) {
        for at in ready.iter().rev() {
            match (at, &self.reception) {
                (0, _) => self.read(drainer),
                (1, Some(reception)) => reception.accept(),
                (_, Some(reception)) => {
                    if let Some(connection) = connections.get(at - 2) {
                        self.read_directly(reception, connection, drainer);
                    }
                }
                (_, None) => {}
            }
        }
    }

    /// Reads a direct connection until nothing is left, and hands everything to its view.
    fn read_directly(&self, reception: &Reception, connection: &Arc<Connection>, drainer: Option<u32>) {
        loop {
            let read = reception.read(connection);
            let port = connection.view().and_then(|view| self.port(view));
            if let Some(port) = &port {
                for packet in read.packets {
                    debug!(view = connection.view(), packet = ?packet.kind, bytes = packet.body.len(), "receive");
                    port.direct(Event::Came(Arc::clone(connection), packet), drainer);
                }
            }
            if read.ended {
                self.hang_up(connection);
                if let Some(port) = &port {
                    port.direct(Event::Ended(Arc::clone(connection)), drainer);
                }
            }
            if read.ended || !read.more {
                return;
            }
        }
    }

    /// Whether pages may connect directly.
    pub(crate) fn has_lane(&self) -> bool {
        self.reception.is_some()
    }

    /// Ends a direct connection.
    pub(crate) fn hang_up(&self, connection: &Connection) {
        if let Some(reception) = &self.reception {
            reception.drop(connection);
        }
    }

    /// Ends the direct connections of a view that is closed: nobody may read the link any more, and notice that they ended.
    pub(crate) fn hang_up_view(&self, view: u32) {
        if let Some(reception) = &self.reception {
            reception.drop_of(view);
        }
    }

    fn port(&self, view: u32) -> Option<Arc<dyn Mailbox>> {
        self.ports.with(|ports| ports.get(&view).and_then(Weak::upgrade))
    }

    /// Reads once and hands every complete frame to its owner. What pages said directly comes first: it was said before
    /// the UI process could tell that its page is gone.
    fn read(&self, drainer: Option<u32>) {
        if let Some(reception) = &self.reception {
            for connection in &*reception.connections() {
                self.read_directly(reception, connection, drainer);
            }
        }
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
        if let Some(port) = self.port(frame.header.view) {
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
            Ok(Notice::Unusable { message }) => {
                self.gave_up.store(true, Ordering::Release);
                self.lose(&message);
            }
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
        let mut child = self.child.lock();
        if self.lost.get().is_some() {
            return;
        }
        let how = child::reap(&mut child);
        self.read_log(None);
        let why = if why.is_empty() { &how.words } else { why };
        // One that was killed before it said hello might have said it the next time.
        let never_worked = !self.greeted.load(Ordering::Acquire) && how.signal.is_none();
        let loss = Loss {
            why: self.explain(why).into(),
            code: how.code,
            signal: how.signal,
            log: self.last_words(),
            hopeless: never_worked || self.gave_up.load(Ordering::Acquire),
        };
        let _ = self.lost.set(loss); // nobody else can: the child is locked
        drop(child);
        fence(Ordering::SeqCst); // see `check`
        info!(pid = self.pid, "the UI process is gone");
        self.tell_ports();
    }

    /// Tells every view that the process is lost. None of them gets anything of this link after that.
    fn tell_ports(&self) {
        let Some(loss) = self.lost.get() else { return };
        let ports = self.ports.load();
        while !self.ports.replace(&self.ports.load(), Ports::default()) {}
        for port in ports.values().filter_map(Weak::upgrade) {
            port.lost(self, loss);
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

    /// Has the UI process keep an empty page ready, from now on. Returns at once. One that is gone needs no page.
    pub fn warm_up(&self) {
        self.ask(&Command::Warmup {});
    }

    /// Tells the UI process something that is about none of its views.
    fn ask(&self, command: &Command) {
        let header = Header::notify(0);
        if let Ok(body) = text_of(command) {
            let _ = self.send(&Frame { header, body }, &[]); // a link that is gone needs no request
        }
    }

    /// Ends the UI process: asks, waits until `until`, then kills its process group. Blocks; call it without the GIL.
    pub fn shut_down(&self, until: Instant) -> io::Result<()> {
        self.closing.store(true, Ordering::Release);
        self.ask(&Command::Exit {});
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
