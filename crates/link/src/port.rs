//! One view's end of the link, on the host side: what Python's `WebView` stands on.

use crate::backlog::Backlog;
use crate::bell::Bell;
use crate::host::Link;
use crate::mailbox::{HostInbox, Incoming, Mailbox, SendError, Tally, Ticket, Waited};
use crate::pending::{Asker, Pending, Slot};
use crate::platform::{SignalGate, WakeHandle};
use auroraview_core::frame::Frame;
use auroraview_core::gate::Gate;
use auroraview_core::inbox::{Inbox, Urgency};
use auroraview_core::lifecycle::{Lifecycle, LifecycleObserver, ObservableLifecycle};
use auroraview_core::lock::{OrderedMutex, REGISTRY};
use auroraview_core::stats::QueueStats;
use auroraview_core::waiters::Entry;
use auroraview_core::wire::{Command, ErrorCode, ErrorObject, Header, Kind, Notice, error_text, text_of};
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tracing::debug;

/// Rings a bell, until it is dropped.
pub type Watch = Entry<Arc<Bell>>;

/// One view's end of the link. Any thread may send; one thread drains.
#[derive(Debug)]
pub struct Port {
    view: u32,
    inbox: Arc<HostInbox>,
    gate: Arc<Gate<Arc<Bell>>>,
    backlog: Backlog,
    lifecycle: ObservableLifecycle<Edges>,
    link: OnceLock<Arc<Link>>,
    pending: Pending,
    tally: Arc<Tally>,
    /// What was sent before the view was shown. Held while it is sent.
    early: OrderedMutex<Vec<Frame>, REGISTRY>,
}

/// Brings the edges of the lifecycle to the drainer.
#[derive(Debug)]
struct Edges(Arc<HostInbox>);

impl LifecycleObserver for Edges {
    fn advanced(&self, left: Lifecycle, entered: Lifecycle) {
        self.0.push(Urgency::Urgent, Incoming::Lifecycle(left, entered));
    }
}

impl Port {
    /// The port of view `view`, not connected yet: what is sent waits.
    pub fn new(view: u32) -> io::Result<Arc<Self>> {
        let inbox = Arc::new(Inbox::new(Arc::new(WakeHandle::new()?)));
        Ok(Arc::new(Self {
            view,
            gate: Arc::default(),
            backlog: Backlog::default(),
            lifecycle: ObservableLifecycle::new(Edges(Arc::clone(&inbox))),
            inbox,
            link: OnceLock::new(),
            pending: Pending::default(),
            tally: Arc::default(),
            early: OrderedMutex::default(),
        }))
    }

    /// The view's id.
    pub fn view(&self) -> u32 {
        self.view
    }

    /// The view's state.
    pub fn state(&self) -> Lifecycle {
        self.lifecycle.state()
    }

    /// What passed through the inbox.
    pub fn stats(&self) -> &QueueStats {
        self.inbox.stats()
    }

    /// What became of the messages of the page.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Messages that the page has not taken.
    pub fn backlog(&self) -> usize {
        self.backlog.messages()
    }

    // ---- life ----

    /// Refuses new work from now on; accepted work may finish. True for exactly one caller.
    pub fn request_close(&self) -> bool {
        let first = self.lifecycle.advance(Lifecycle::CloseRequested).is_some();
        self.gate.shutdown();
        self.backlog.room.wake_all(); // there will be none for them
        first
    }

    /// The view is gone: ends its life. True for exactly one caller.
    pub fn destroy(&self) -> bool {
        self.gate.shutdown();
        self.lifecycle.advance(Lifecycle::Destroying);
        self.lifecycle.advance(Lifecycle::Destroyed).is_some()
    }

    /// Accepts a piece of work of the host's own; closing waits until its ticket is dropped.
    pub fn begin_operation(&self) -> Result<Ticket, SendError> {
        let ticket = self.gate.begin_operation().map_err(|_| SendError::Closed)?;
        Ok(Ticket::new(ticket, None))
    }

    /// Accepted and not finished: messages of the page, and the host's own operations.
    pub fn pending_count(&self) -> usize {
        self.gate.pending_count()
    }

    /// Connects the view to a UI process: sends `first` (its creation), then what was sent early. False if it was
    /// connected before.
    pub fn attach(self: &Arc<Self>, link: &Arc<Link>, first: Frame) -> Result<bool, SendError> {
        let mut early = self.early.lock();
        if self.link.get().is_some() {
            return Ok(false);
        }
        link.register(self.view, Arc::<Self>::clone(self));
        link.send(&first)?;
        for frame in early.drain(..) {
            link.send(&frame)?;
        }
        Ok(self.link.set(Arc::clone(link)).is_ok())
    }

    /// The UI process does not do what it must: kills it, and tells every view. Blocks for a moment.
    pub fn abandon(&self, why: &str) {
        if let Some(link) = self.link.get() {
            link.lose(why);
        }
    }

    // ---- to the page and the UI process ----

    /// Whether sending only queues and, at most, writes what the socket takes at once. Before the view is shown it may wait
    /// for the thread that connects it.
    pub fn sends_at_once(&self) -> bool {
        self.link.get().is_some()
    }

    /// Sends a message of the user, if the view is open and its page keeps up.
    pub fn send(&self, frame: Frame) -> Result<(), SendError> {
        if self.lifecycle.state() >= Lifecycle::CloseRequested {
            return Err(SendError::Closed);
        }
        if frame.header.doc.is_some() && self.backlog.is_full() {
            return Err(SendError::Full { messages: self.backlog.messages() });
        }
        self.send_control(frame)
    }

    /// Sends what must go through whatever the state: answers, close.
    pub fn send_control(&self, frame: Frame) -> Result<(), SendError> {
        let Header { view, doc, kind, id, .. } = frame.header;
        debug!(view, doc, ?kind, id, bytes = frame.body.len(), "send");
        if doc.is_some() {
            self.backlog.enter(frame.body.len());
        }
        if let Some(link) = self.link.get() {
            return link.send(&frame);
        }
        let mut early = self.early.lock();
        match self.link.get() {
            Some(link) => link.send(&frame),
            None => {
                frame.encode()?; // the sender learns of a message that is too large, not whoever shows the view
                early.push(frame);
                Ok(())
            }
        }
    }

    /// Gives a request whose answer comes to the inbox its id, so that the drainer can know of it before it is sent.
    pub fn reserve(&self) -> u64 {
        self.pending.enter(Asker::Drainer)
    }

    /// Sends a request with an id of [`Port::reserve`].
    pub fn request(&self, frame: Frame) -> Result<(), SendError> {
        let id = frame.header.id;
        self.send(frame).inspect_err(|_| {
            id.map(|id| self.pending.forget(id));
        })
    }

    /// Gives a script up: its answer will be dropped, and if it has not started it never will. False if the answer came
    /// already.
    pub fn forget(&self, id: u64) -> bool {
        let waits = self.pending.forget(id);
        if waits && let Ok(body) = text_of(&Command::Forget { id }) {
            let header = Header::notify(self.view);
            // A UI process that is gone runs nothing.
            let _ = self.send_control(Frame { header, body });
        }
        waits
    }

    /// Sends a request that a thread waits for. The answer rings the thread's bell.
    pub fn ask(self: &Arc<Self>, bell: Arc<Bell>, frame: impl FnOnce(u64) -> Frame) -> Result<Question, SendError> {
        if self.link.get().is_none() {
            return Err(SendError::NotShown);
        }
        let slot = Slot::new(bell);
        let id = self.pending.enter(Asker::Thread(Arc::clone(&slot)));
        let question = Question { port: Arc::clone(self), id, slot };
        self.send(frame(id))?;
        Ok(question)
    }

    // ---- waits ----

    /// Waits until there is something to drain; `urgent`: something that passes everything ordinary.
    pub fn wait(&self, until: Option<Instant>, urgent: bool, gate: Option<&SignalGate>) -> io::Result<Waited> {
        let Some(link) = self.link.get() else { return Ok(Waited::TimedOut) };
        link.wait(Some(self.view), self.inbox.wake_handle(), &|| self.inbox.is_ready(urgent), until, gate)
    }

    /// Waits, on a thread that does not drain this view, until its `bell` is rung.
    pub fn wait_with(&self, bell: &Bell, until: Option<Instant>, gate: Option<&SignalGate>) -> io::Result<Waited> {
        bell.wait(self.link.get().map(|link| &**link), until, gate)
    }

    /// Rings `bell` whenever nothing is in flight any more, until the returned value is dropped.
    pub fn watch_drain(&self, bell: &Arc<Bell>) -> Watch {
        self.gate.enter(Arc::clone(bell))
    }

    /// Rings `bell` whenever the page took messages or the view closes, until the returned value is dropped.
    pub fn watch_room(&self, bell: &Arc<Bell>) -> Watch {
        self.backlog.room.enter(Arc::clone(bell))
    }

    /// Whether the page has to take something before `emit` may send more.
    pub fn is_full(&self) -> bool {
        self.backlog.is_full()
    }

    pub(crate) fn inbox(&self) -> Arc<HostInbox> {
        Arc::clone(&self.inbox)
    }

    /// Takes up to `limit` messages.
    pub fn drain(&self, limit: usize) -> Vec<Incoming> {
        self.inbox.drain(limit)
    }

    /// Makes the draining thread look at its own list.
    pub fn nudge(&self) {
        self.inbox.push(Urgency::Urgent, Incoming::Nudge);
    }

    // ---- from the page and the UI process ----

    /// What a page asks for or tells: accepted with a ticket, or refused because the view is closing.
    fn accept(&self, frame: Frame, drainer: Option<u32>) {
        match self.gate.begin_operation() {
            Ok(ticket) => {
                let ticket = Ticket::new(ticket, Some(&self.tally));
                self.put(Urgency::Ordinary, Incoming::Frame(frame, Some(ticket)), drainer);
            }
            Err(_) => self.refuse(frame.header),
        }
    }

    fn refuse(&self, header: Header) {
        self.tally.dropped.fetch_add(1, Ordering::Relaxed);
        let Some(id) = header.id else { return };
        let error = ErrorObject::new(ErrorCode::Closed, "the view is closing");
        if let Ok(body) = error_text(id, &error) {
            // A link that is gone has no page that waits for it.
            let _ = self.send_control(Frame { header: Header { kind: Kind::Response, ..header }, body });
        }
    }

    /// What the UI process says about the view itself. An unreadable notice is passed on; Python logs it.
    fn notice(&self, frame: Frame, drainer: Option<u32>) {
        match serde_json::from_slice(&frame.body) {
            Ok(Notice::Delivered { messages, bytes, coalesced }) => {
                self.tally.coalesced.fetch_add(coalesced as u64, Ordering::Relaxed);
                return self.backlog.leave(messages, bytes);
            }
            Ok(Notice::Created { .. }) => drop(self.lifecycle.advance(Lifecycle::Active)),
            Ok(Notice::Closed { undelivered, .. }) => {
                self.tally.dropped.fetch_add(undelivered as u64, Ordering::Relaxed);
                self.request_close();
                self.end("the view is closed", drainer);
            }
            Ok(Notice::Failed { .. }) => self.end("the view could not be made", drainer),
            _ => {}
        }
        self.put(Urgency::Ordinary, Incoming::Frame(frame, None), drainer);
    }

    /// Nothing will come any more: everybody who waits is told.
    fn end(&self, why: &str, drainer: Option<u32>) {
        self.gate.shutdown();
        self.lifecycle.advance(Lifecycle::Destroying);
        self.backlog.room.wake_all();
        for frame in self.pending.fail_all(self.view, ErrorCode::Closed, why) {
            self.put(Urgency::Ordinary, Incoming::Frame(frame, None), drainer);
        }
    }

    fn put(&self, urgency: Urgency, message: Incoming, drainer: Option<u32>) {
        if drainer == Some(self.view) {
            self.inbox.push_from_drainer(urgency, message);
        } else {
            self.inbox.push(urgency, message);
        }
    }
}

impl Mailbox for Port {
    fn receive(&self, frame: Frame, drainer: Option<u32>) {
        let Header { view, doc, kind, id, .. } = frame.header;
        debug!(view, doc, ?kind, id, bytes = frame.body.len(), "receive");
        match (frame.header.kind, frame.header.doc) {
            (Kind::Response, _) => {
                if let Some(frame) = self.pending.answer(frame) {
                    self.put(Urgency::Ordinary, Incoming::Frame(frame, None), drainer);
                }
            }
            (Kind::Notify, None) => self.notice(frame, drainer),
            (Kind::Request, None) => self.put(Urgency::Ordinary, Incoming::Frame(frame, None), drainer),
            (Kind::Notify | Kind::Request, Some(_)) => self.accept(frame, drainer),
            (Kind::Control, _) => self.put(Urgency::Urgent, Incoming::Frame(frame, None), drainer),
        }
    }

    fn log(&self, line: String, drainer: Option<u32>) {
        self.put(Urgency::Ordinary, Incoming::Log(line), drainer);
    }

    fn lost(&self, why: &Arc<str>) {
        self.end(why, None);
        self.put(Urgency::Ordinary, Incoming::Lost(Arc::clone(why)), None);
    }
}

/// A request that a thread waits for. Dropping it forgets the answer.
#[derive(Debug)]
pub struct Question {
    port: Arc<Port>,
    id: u64,
    slot: Arc<Slot>,
}

impl Question {
    /// The answer, if it is there.
    pub fn answer(&self) -> Option<&Frame> {
        self.slot.answer.get()
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.port.forget(self.id);
    }
}
