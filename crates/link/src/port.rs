//! One view's end of the link, on the host side: what Python's `WebView` stands on.

use crate::backlog::Backlog;
use crate::bell::{Bell, wait_alone};
use crate::direct::Connection;
use crate::host::Link;
use crate::mailbox::{HostInbox, Incoming, Mailbox, PortWake, SendError, Tally, Ticket, Waited};
use crate::parcel::Attachment;
use crate::pending::{Asker, Pending, Slot};
use crate::platform::{SignalGate, WakeHandle};
use auroraview_core::collect::{Chunks, Collected};
use auroraview_core::frame::{Frame, FrameError};
use auroraview_core::gate::Gate;
use auroraview_core::inbox::{Inbox, Urgency};
use auroraview_core::lifecycle::{Lifecycle, LifecycleObserver, ObservableLifecycle};
use auroraview_core::limits::MAX_ATTACHED;
use auroraview_core::lock::{OrderedMutex, REGISTRY, RESOURCE, STATE};
use auroraview_core::outbox::Outbox;
use auroraview_core::route;
use auroraview_core::stats::QueueStats;
use auroraview_core::sync::Snapshot;
use auroraview_core::waiters::{Entry, Waiters};
use auroraview_core::wire::{Command, ErrorCode, Header, Kind, text_of};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;
use tracing::debug;

pub(crate) type Event = route::Event<Arc<Connection>, Attachment>;
type Action = route::Action<Arc<Connection>, Attachment>;
type Route = route::Route<Arc<Connection>, Attachment>;

mod incoming;

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
    /// None: not shown yet, or between two UI processes.
    link: Snapshot<Option<Arc<Link>>>,
    /// Threads that wait since there was no UI process.
    unconnected: Waiters<Arc<Bell>>,
    /// Whether the view may get another UI process when it loses this one, or its first when it has none.
    recovers: AtomicBool,
    pending: Pending,
    tally: Arc<Tally>,
    /// What happened and [`Port::run`] has not seen.
    events: Outbox<Event>,
    /// Owned by whoever runs it; the lock is never contended.
    route: OrderedMutex<Route, RESOURCE>,
    this: Weak<Self>,
    /// What was sent while there was no UI process. Held while it is sent.
    early: OrderedMutex<Vec<(Frame, Vec<Attachment>)>, REGISTRY>,
    /// Of the page's document. Only the leader of the link's turn takes it.
    chunks: OrderedMutex<Chunks, STATE>,
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
        let wake = PortWake { handle: Arc::new(WakeHandle::new()?), host: OnceLock::new() };
        let inbox = Arc::new(Inbox::new(wake));
        Ok(Arc::new_cyclic(|this| Self {
            view,
            gate: Arc::default(),
            backlog: Backlog::default(),
            lifecycle: ObservableLifecycle::new(Edges(Arc::clone(&inbox))),
            inbox,
            link: Snapshot::default(),
            unconnected: Waiters::default(),
            recovers: AtomicBool::new(false),
            pending: Pending::default(),
            tally: Arc::default(),
            events: Outbox::default(),
            route: OrderedMutex::new(Route::new(view)),
            this: Weak::clone(this),
            early: OrderedMutex::default(),
            chunks: OrderedMutex::default(),
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
        self.fail_pending(ErrorCode::Closed, "the view is closed", None); // between two UI processes somebody may wait
        self.lifecycle.advance(Lifecycle::Destroyed).is_some()
    }

    /// Accepts a piece of work of the host's own; closing waits until its ticket is dropped.
    pub fn begin_operation(&self) -> Result<Ticket, SendError> {
        let ticket = self.gate.begin_operation().map_err(|_| SendError::Closed)?;
        Ok(Ticket::of_host(ticket))
    }

    /// Accepted and not finished: messages of the page, and the host's own operations.
    pub fn pending_count(&self) -> usize {
        self.gate.pending_count()
    }

    /// Connects the view to a UI process: sends `first` (its creation and what goes with it), then what was sent early.
    /// False if it is connected already. `recovers`: when the process is lost, the view waits for another.
    pub fn attach(self: &Arc<Self>, link: &Arc<Link>, first: Vec<Frame>, recovers: bool) -> Result<bool, SendError> {
        let mut early = self.early.lock();
        let none = self.link.load();
        if none.is_some() {
            return Ok(false);
        }
        self.recovers.store(recovers, Ordering::Release);
        let port: Arc<dyn Mailbox> = Arc::<Self>::clone(self);
        link.register(self.view, &port);
        for frame in first {
            link.send(&frame, &[])?;
        }
        // A question that was answered with the loss of the last process is not asked again.
        early.retain(|(frame, _)| frame.header.id.is_none_or(|id| self.pending.has(id)));
        let for_page = early.iter().filter(|(frame, _)| frame.header.doc.is_some());
        let sizes = for_page.map(|(frame, attachments)| size_of(frame, attachments));
        self.backlog.restart(sizes.clone().count(), sizes.sum());
        for (frame, attachments) in early.drain(..) {
            link.send(&frame, &attachments)?;
        }
        self.link.replace(&none, Some(Arc::clone(link)));
        drop(early);
        self.unconnected.wake_all(); // they take part in reading it
        link.check(&**self);
        Ok(true)
    }

    /// Somebody is about to [`Port::attach`] it: questions wait for that.
    pub fn announce(&self) {
        self.recovers.store(true, Ordering::Release);
    }

    /// The UI process does not do what it must: kills it, and tells every view. Blocks for a moment.
    pub fn abandon(&self, why: &str) {
        if let Some(link) = self.link() {
            link.lose(why);
        }
    }

    /// Counts on `link` no longer. False: it did not.
    fn detach(&self, link: &Link) -> bool {
        let current = self.link.load();
        is(&current, link) && self.link.replace(&current, None)
    }

    fn counts_on(&self, link: &Link) -> bool {
        self.link.with(|current| is(current, link))
    }

    // ---- to the page and the UI process ----

    /// The UI process that takes what is sent. Without one, sending may wait for the thread that connects the next; with
    /// it, it only queues and, at most, writes what the socket takes at once.
    pub fn link(&self) -> Option<Arc<Link>> {
        self.link.with(Option::clone)
    }

    /// Sends a message of the user, if the view is open and its page keeps up. `link`: [`Port::link`].
    pub fn send(&self, link: Option<&Link>, frame: Frame, attachments: Vec<Attachment>) -> Result<(), SendError> {
        if self.lifecycle.state() >= Lifecycle::CloseRequested {
            return Err(SendError::Closed);
        }
        if frame.header.doc.is_some() && self.backlog.is_full() {
            return Err(SendError::Full { messages: self.backlog.messages() });
        }
        self.send_control(link, frame, attachments)
    }

    /// Sends what must go through whatever the state: answers, close. Without a UI process it waits for one, but for what
    /// only the last one could have wanted.
    pub fn send_control(
        &self,
        link: Option<&Link>,
        mut frame: Frame,
        attachments: Vec<Attachment>,
    ) -> Result<(), SendError> {
        let Header { view, doc, kind, id, .. } = frame.header;
        let size = size_of(&frame, &attachments);
        let attached = size - frame.body.len();
        debug!(view, doc, ?kind, id, bytes = frame.body.len(), attached, "send");
        frame.header.att = attachments.iter().map(|attachment| attachment.number).collect();
        if attached > MAX_ATTACHED {
            return Err(FrameError::TooLarge { size: attached }.into());
        }
        if doc.is_some() {
            self.backlog.enter(size);
        }
        if let Some(link) = link {
            return self.send_on(link, frame, attachments);
        }
        let mut early = self.early.lock();
        if let Some(link) = self.link() {
            return self.send_on(&link, frame, attachments);
        }
        frame.encode()?; // the sender learns of a message that is too large, not whoever shows the view
        if kind == Kind::Response || doc.is_some_and(|doc| doc != 0) {
            self.backlog.leave(usize::from(doc.is_some()), size); // whom it is for is gone
        } else {
            early.push((frame, attachments));
        }
        Ok(())
    }

    fn send_on(&self, link: &Link, frame: Frame, attachments: Vec<Attachment>) -> Result<(), SendError> {
        if !link.has_lane() {
            return link.send(&frame, &attachments);
        }
        frame.check()?;
        let attached = attachments.iter().map(Attachment::len).sum();
        self.put_event(Event::Sent(frame, attachments, attached), None)
    }

    fn has_lane(&self) -> bool {
        self.link.with(|link| link.as_ref().is_some_and(|link| link.has_lane()))
    }

    // ---- the way of the messages ----

    /// Takes part in deciding which way messages take: whoever finds nobody doing that does it, for all.
    fn put_event(&self, event: Event, drainer: Option<u32>) -> Result<(), SendError> {
        if self.events.put(event) { self.run(drainer) } else { Ok(()) }
    }

    /// The direct connection takes more.
    pub(crate) fn run_lane(&self) {
        // Nobody waits for an answer; who sends next is told what the system refuses.
        let _ = self.put_event(Event::Room, None);
    }

    fn run(&self, drainer: Option<u32>) -> Result<(), SendError> {
        let mut outcome = Ok(());
        loop {
            let connection = self.take_events();
            let ready = connection.as_ref().is_none_or(|connection| connection.flush());
            let actions = self.route.lock().take_actions(ready);
            if actions.is_empty() {
                if let Some(connection) = connection.filter(|_| !ready) {
                    outcome = connection.await_room(&self.this).map_err(SendError::from).and(outcome);
                }
                if self.events.leave() {
                    return outcome;
                }
            }
            for action in actions {
                outcome = outcome.and(self.carry_out(action, drainer));
            }
        }
    }

    fn take_events(&self) -> Option<Arc<Connection>> {
        let mut route = self.route.lock();
        while let Some(event) = self.events.take() {
            route.take(event);
        }
        route.connection().cloned()
    }

    fn carry_out(&self, action: Action, drainer: Option<u32>) -> Result<(), SendError> {
        match action {
            Action::Slow(frame, attachments) => return self.send_slowly(&frame, &attachments),
            Action::Fast(connection, packet) => {
                connection.add(packet.into());
                connection.flush();
            }
            // The message that names it follows at once.
            Action::Attach(connection, doc, attachment) => connection.add(attachment.piece(doc)),
            Action::Receive(frame, attachments) => {
                let Header { view, doc, kind, id, .. } = frame.header;
                debug!(view, doc, ?kind, id, bytes = frame.body.len(), "receive");
                self.take(frame, attachments, drainer);
            }
            Action::Answer(frame) => self.answered(frame, Vec::new(), drainer),
            Action::Left(amount) => {
                self.tally.coalesced.fetch_add(amount.coalesced as u64, Ordering::Relaxed);
                self.backlog.leave(amount.messages, amount.bytes);
            }
            Action::Cut(connection) => {
                if let Some(link) = self.link() {
                    link.hang_up(&connection);
                }
                return self.put_event(Event::Ended(connection), drainer);
            }
        }
        Ok(())
    }

    /// What was on its way when its UI process was lost is lost, too; a question that was answered with that is not asked.
    fn send_slowly(&self, frame: &Frame, attachments: &[Attachment]) -> Result<(), SendError> {
        let Header { kind, id, .. } = frame.header;
        let unasked = kind == Kind::Request && id.is_some_and(|id| !self.pending.has(id));
        match self.link().filter(|_| !unasked) {
            Some(link) => link.send(frame, attachments),
            None => Ok(()),
        }
    }

    /// Gives a request whose answer comes to the inbox its id, so that the drainer can know of it before it is sent.
    pub fn reserve(&self) -> u64 {
        self.pending.enter(Asker::Drainer)
    }

    /// Sends a request with an id of [`Port::reserve`].
    pub fn request(&self, frame: Frame, attachments: Vec<Attachment>) -> Result<(), SendError> {
        let id = frame.header.id;
        self.send(self.link().as_deref(), frame, attachments).inspect_err(|_| {
            id.map(|id| self.pending.forget(id));
        })
    }

    /// Gives a script, or a call of a function of the page, up: its answer will be dropped, and if it has not started it
    /// never will. False if the answer came already.
    pub fn forget(&self, id: u64) -> bool {
        let waits = self.pending.forget(id);
        if waits && let Ok(body) = text_of(&Command::Forget { id }) {
            let header = Header::notify(self.view);
            let _ = self.put_event(Event::Forgotten(id), None);
            // A UI process that is gone runs nothing.
            let _ = self.send_control(self.link().as_deref(), Frame { header, body }, Vec::new());
        }
        waits
    }

    /// Sends a request that a thread waits for. The answer rings the thread's bell.
    pub fn ask(
        self: &Arc<Self>,
        bell: Arc<Bell>,
        attachments: Vec<Attachment>,
        frame: impl FnOnce(u64) -> Frame,
    ) -> Result<Question, SendError> {
        let never_shown = self.link().is_none() && !self.recovers.load(Ordering::Acquire);
        if never_shown && self.lifecycle.state() < Lifecycle::CloseRequested {
            return Err(SendError::NotShown);
        }
        let slot = Slot::new(bell);
        let id = self.pending.enter(Asker::Thread(Arc::clone(&slot)));
        let question = Question { port: Arc::clone(self), id, slot };
        self.send(self.link().as_deref(), frame(id), attachments)?;
        Ok(question)
    }

    // ---- waits ----

    /// Waits until there is something to drain; `urgent`: something that passes everything ordinary.
    pub fn wait(&self, until: Option<Instant>, urgent: bool, gate: Option<&SignalGate>) -> io::Result<Waited> {
        let (wake, ready) = (&self.inbox.wake_handle().handle, || self.inbox.is_ready(urgent));
        match self.link() {
            Some(link) => link.wait(Some(self.view), wake, &ready, until, gate),
            None => wait_alone(wake, &ready, until, gate),
        }
    }

    /// The view is drained by the host's loop, which `bell` wakes. Only the first call counts.
    pub fn embed(&self, bell: &Arc<Bell>) {
        let _ = self.inbox.wake_handle().host.set(Arc::clone(bell));
        bell.ring(); // for what came before
    }

    /// Waits, on a thread that does not drain this view, until its `bell` is rung.
    pub fn wait_with(&self, bell: &Arc<Bell>, until: Option<Instant>, gate: Option<&SignalGate>) -> io::Result<Waited> {
        let link = self.link();
        let _entry = link.is_none().then(|| self.unconnected.enter(Arc::clone(bell)));
        let link = link.or_else(|| self.link()); // it may have come before the entry
        bell.wait(link.as_deref(), until, gate)
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

    /// Takes up to `limit` messages of those that pass everything ordinary, on any thread; see [`Inbox::drain_urgent`].
    pub fn drain_urgent(&self, limit: usize) -> Vec<Incoming> {
        self.inbox.drain_urgent(limit)
    }

    /// Makes the draining thread look at its own list.
    pub fn nudge(&self) {
        self.inbox.push(Urgency::Urgent, Incoming::Nudge);
    }
}

fn is(current: &Option<Arc<Link>>, link: &Link) -> bool {
    current.as_ref().is_some_and(|current| std::ptr::eq(Arc::as_ptr(current), link))
}

/// Bytes of a message with its attachments.
fn size_of(frame: &Frame, attachments: &[Attachment]) -> usize {
    frame.body.len() + attachments.iter().map(Attachment::len).sum::<usize>()
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
        self.slot.answer.get().map(|(frame, _)| frame)
    }

    /// Its attachments, in its order.
    pub fn attachments(&self) -> &[Collected] {
        self.slot.answer.get().map_or(&[], |(_, attachments)| attachments)
    }

    /// Forgets the answer, if it has not come.
    pub fn give_up(&self) {
        self.port.forget(self.id);
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.give_up();
    }
}
