//! One view's end of the link, on the host side: what Python's `WebView` stands on.

use crate::backlog::Backlog;
use crate::host::Link;
use crate::mailbox::{Incoming, Mailbox, SendError, Waited};
use crate::pending::{Asker, Pending, Slot};
use crate::platform::{SignalGate, WakeHandle};
use auroraview_core::frame::Frame;
use auroraview_core::inbox::Inbox;
use auroraview_core::lifecycle::{AtomicLifecycle, Lifecycle};
use auroraview_core::wire::{ErrorCode, Kind, Notice};
use parking_lot::Mutex;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// One view's end of the link. Any thread may send; one thread drains.
#[derive(Debug)]
pub struct Port {
    view: u32,
    inbox: Inbox<Incoming, Arc<WakeHandle>>,
    backlog: Backlog,
    lifecycle: AtomicLifecycle,
    link: OnceLock<Arc<Link>>,
    pending: Pending,
    /// What was sent before the view was shown. Level 3 (Resource).
    early: Mutex<Vec<Frame>>,
}

impl Port {
    /// The port of view `view`, not connected yet: what is sent waits.
    pub fn new(view: u32) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            view,
            inbox: Inbox::new(Arc::new(WakeHandle::new()?)),
            backlog: Backlog::default(),
            lifecycle: AtomicLifecycle::new(),
            link: OnceLock::new(),
            pending: Pending::default(),
            early: Mutex::default(),
        }))
    }

    /// The view's id.
    pub fn view(&self) -> u32 {
        self.view
    }

    /// The view's state.
    pub fn lifecycle(&self) -> &AtomicLifecycle {
        &self.lifecycle
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
        if frame.header.doc.is_some() {
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

    /// Forgets a request: its answer will be dropped. False if the answer came already.
    pub fn forget(&self, id: u64) -> bool {
        self.pending.forget(id)
    }

    /// Sends a request and waits for its answer on a thread that does not drain this view.
    pub fn ask(self: &Arc<Self>, frame: impl FnOnce(u64) -> Frame) -> Result<Question, SendError> {
        let wake = thread_handle()?;
        self.ask_with(wake, frame)
    }

    /// Sends a request and waits for its answer on the thread that drains this view.
    pub fn ask_as_drainer(self: &Arc<Self>, frame: impl FnOnce(u64) -> Frame) -> Result<Question, SendError> {
        self.ask_with(Arc::clone(self.inbox.wake_handle()), frame)
    }

    fn ask_with(
        self: &Arc<Self>,
        wake: Arc<WakeHandle>,
        frame: impl FnOnce(u64) -> Frame,
    ) -> Result<Question, SendError> {
        let link = self.link.get().ok_or(SendError::NotShown)?;
        let slot = Slot::new(Arc::clone(&wake));
        let id = self.pending.enter(Asker::Thread(Arc::clone(&slot)));
        let question = Question { port: Arc::clone(self), link: Arc::clone(link), id, slot, wake };
        self.send(frame(id))?;
        Ok(question)
    }

    /// Waits until there is something to drain.
    pub fn wait(&self, until: Option<Instant>, gate: Option<&SignalGate>) -> io::Result<Waited> {
        let Some(link) = self.link.get() else { return Ok(Waited::TimedOut) };
        link.wait(Some(self.view), self.inbox.wake_handle(), &|| !self.inbox.is_empty(), until, gate)
    }

    /// Takes up to `limit` messages.
    pub fn drain(&self, limit: usize) -> Vec<Incoming> {
        self.inbox.drain(limit)
    }

    /// Makes the draining thread look at its own list.
    pub fn nudge(&self) {
        self.inbox.push(Incoming::Nudge);
    }

    /// What the UI process says about the view itself. An unreadable notice is passed on; Python logs it.
    fn notice(&self, frame: Frame, drainer: Option<u32>) {
        match serde_json::from_slice(&frame.body) {
            Ok(Notice::Delivered { messages, bytes, .. }) => return self.backlog.leave(messages, bytes),
            Ok(Notice::Created { .. }) => drop(self.lifecycle.advance(Lifecycle::Active)),
            Ok(Notice::Closed { .. } | Notice::Failed { .. }) => self.end("the view is closed", drainer),
            _ => {}
        }
        self.put(Incoming::Frame(frame), drainer);
    }

    /// Nothing will come any more: everybody who waits is told.
    fn end(&self, why: &str, drainer: Option<u32>) {
        self.lifecycle.advance(Lifecycle::Destroyed);
        for frame in self.pending.fail_all(self.view, ErrorCode::Closed, why) {
            self.put(Incoming::Frame(frame), drainer);
        }
    }

    fn put(&self, message: Incoming, drainer: Option<u32>) {
        if drainer == Some(self.view) {
            self.inbox.push_from_drainer(message);
        } else {
            self.inbox.push(message);
        }
    }
}

impl Mailbox for Port {
    fn receive(&self, frame: Frame, drainer: Option<u32>) {
        match frame.header.kind {
            Kind::Response => {
                if let Some(frame) = self.pending.answer(frame) {
                    self.put(Incoming::Frame(frame), drainer);
                }
            }
            Kind::Notify | Kind::Control if frame.header.doc.is_none() => self.notice(frame, drainer),
            Kind::Notify | Kind::Control | Kind::Request => self.put(Incoming::Frame(frame), drainer),
        }
    }

    fn log(&self, line: String, drainer: Option<u32>) {
        self.put(Incoming::Log(line), drainer);
    }

    fn lost(&self, why: &Arc<str>) {
        self.end(why, None);
        self.put(Incoming::Lost(Arc::clone(why)), None);
    }
}

/// A request that a thread waits for. Dropping it forgets the answer.
#[derive(Debug)]
pub struct Question {
    port: Arc<Port>,
    link: Arc<Link>,
    id: u64,
    slot: Arc<Slot>,
    wake: Arc<WakeHandle>,
}

impl Question {
    /// The answer, if it is there.
    pub fn answer(&self) -> Option<&Frame> {
        self.slot.answer.get()
    }

    /// Waits for the answer; with `serve` (on the draining thread) also until there is something to drain.
    pub fn wait(&self, until: Instant, serve: bool, gate: Option<&SignalGate>) -> io::Result<Waited> {
        let drainer = serve.then_some(self.port.view);
        let done = || self.slot.answer.get().is_some() || (serve && !self.port.inbox.is_empty());
        self.link.wait(drainer, &self.wake, &done, Some(until), gate)
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.port.pending.forget(self.id);
    }
}

/// The wake handle of a thread that drains nothing.
fn thread_handle() -> io::Result<Arc<WakeHandle>> {
    thread_local! {
        static HANDLE: OnceLock<Arc<WakeHandle>> = const { OnceLock::new() };
    }
    HANDLE.with(|cell| match cell.get() {
        Some(handle) => Ok(Arc::clone(handle)),
        None => {
            let handle = Arc::new(WakeHandle::new()?);
            let _ = cell.set(Arc::clone(&handle));
            Ok(handle)
        }
    })
}
