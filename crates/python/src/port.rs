//! One view's end of the link, as Python sees it.

use crate::attachments::Body;
use crate::bell::Bell;
use crate::fresh::{Named, handed_over};
use crate::link::Link;
use crate::{errors, gil};
use auroraview_core::frame::Frame;
use auroraview_core::json;
use auroraview_core::wire::{Header, Kind, request_text};
use auroraview_link::{
    Attachment, Collected, Incoming, Link as RustLink, Port as RustPort, Question as RustQuestion, SendError,
    Ticket as RustTicket, Watch as RustWatch,
};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// One view's end of the link.
#[pyclass(frozen)]
pub struct Port(pub Arc<RustPort>);

/// A request that a thread waits for.
#[pyclass(frozen)]
pub struct Question(RustQuestion);

/// An accepted piece of work, or the bytes that came with a message: a message of the page, or an operation of the host.
#[pyclass(frozen)]
pub struct Ticket {
    work: Mutex<Option<RustTicket>>,
    attachments: Mutex<Vec<Collected>>,
}

#[pymethods]
impl Ticket {
    /// The work was done: closing does not wait for it any longer.
    fn done(&self) {
        gil::held(|| self.take().map(RustTicket::done));
    }

    /// The work will not be done.
    fn cancel(&self) {
        gil::held(|| drop(self.take()));
        self.take_attachments();
    }

    /// The attachments of the message, in its order. They are handed out once.
    fn take_attached<'py>(&self, py: Python<'py>, named: Vec<Named>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        handed_over(py, &self.take_attachments(), &named)
    }
}

/// Rings a bell as long as it lives.
#[pyclass(frozen)]
pub struct Watch {
    _entry: RustWatch,
}

impl Ticket {
    fn new(work: Option<RustTicket>, attachments: Vec<Collected>) -> Self {
        Self { work: Mutex::new(work), attachments: Mutex::new(attachments) }
    }

    fn take(&self) -> Option<RustTicket> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn take_attachments(&self) -> Vec<Collected> {
        std::mem::take(&mut *self.attachments.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl Port {
    #[new]
    fn new(view: u32) -> PyResult<Self> {
        Ok(Self(RustPort::new(view)?))
    }

    /// The view's state, by name.
    #[getter]
    fn lifecycle(&self) -> &'static str {
        self.0.state().name()
    }

    /// Refuses new work from now on. True for exactly one caller.
    fn request_close(&self) -> bool {
        gil::held(|| self.0.request_close())
    }

    /// The view is gone: ends its life. True for exactly one caller.
    fn destroy(&self) -> bool {
        gil::held(|| self.0.destroy())
    }

    /// Accepts a piece of work of the host's own.
    fn begin_operation(&self) -> PyResult<Ticket> {
        let ticket = self.0.begin_operation().map_err(errors::send)?;
        Ok(Ticket::new(Some(ticket), Vec::new()))
    }

    /// Accepted and not finished.
    #[getter]
    fn pending_count(&self) -> usize {
        self.0.pending_count()
    }

    /// Counters by name, and the latency's counts by powers of two of microseconds.
    fn stats(&self) -> (HashMap<&'static str, u64>, Vec<u64>) {
        let (queue, tally) = (self.0.stats(), self.0.tally());
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = HashMap::from([
            ("pushed", read(&queue.pushed)),
            ("taken", read(&queue.taken)),
            ("wake_ups", read(&queue.wake_ups)),
            ("accepted", read(&tally.accepted)),
            ("processed", read(&tally.processed)),
            ("cancelled", read(&tally.cancelled)),
            ("dropped", read(&tally.dropped)),
            ("coalesced", read(&tally.coalesced)),
            ("backlog", self.0.backlog() as u64),
        ]);
        (counters, queue.latency.counts().to_vec())
    }

    /// Connects to a UI process: sends `first` (the creation and what goes with it), then what was sent early. `recovers`:
    /// when the process is lost, the port waits for another.
    fn attach(&self, py: Python<'_>, link: &Link, first: Vec<Body>, recovers: bool) -> PyResult<bool> {
        let first = first.into_iter().map(|body| self.frame(Kind::Notify, None, None, body.text)).collect();
        py.detach(|| self.0.attach(&link.0, first, recovers)).map_err(errors::send)
    }

    /// Whether there is a UI process that takes what is sent.
    #[getter]
    fn is_attached(&self) -> bool {
        self.0.link().is_some()
    }

    /// Somebody is about to attach it: questions wait for that.
    fn announce(&self) {
        self.0.announce();
    }

    /// The UI process does not do what it must: kills it, and tells every view.
    fn abandon(&self, py: Python<'_>, why: &str) {
        py.detach(|| self.0.abandon(why));
    }

    /// Sends a notification to the page (`doc` given) or to the UI process, if the view is open.
    /// `coalesce`: it replaces an older one with the same number that the page has not taken.
    #[pyo3(signature = (body, doc=None, coalesce=None))]
    fn notify(&self, py: Python<'_>, body: Body, doc: Option<u32>, coalesce: Option<u64>) -> PyResult<()> {
        let mut frame = self.frame(Kind::Notify, doc, None, body.text);
        frame.header.coalesce = coalesce;
        self.send(py, frame, body.attachments, RustPort::send)
    }

    /// Sends what must go through in every state: the answer to a request; without `id`, a command, or (`doc` given) what
    /// passes the page's ordinary messages.
    #[pyo3(signature = (body, doc=None, id=None))]
    fn control(&self, py: Python<'_>, body: Body, doc: Option<u32>, id: Option<u64>) -> PyResult<()> {
        let kind = match (doc, id) {
            (_, Some(_)) => Kind::Response,
            (Some(_), None) => Kind::Control,
            (None, None) => Kind::Notify,
        };
        let frame = self.frame(kind, doc, id, body.text);
        self.send(py, frame, body.attachments, RustPort::send_control)
    }

    /// Sends what comes of a call before its answer, in the page's order and in every state: who sends it keeps it small.
    /// `coalesce`: as in `notify`.
    #[pyo3(signature = (body, doc, coalesce=None))]
    fn progress(&self, py: Python<'_>, body: Body, doc: u32, coalesce: Option<u64>) -> PyResult<()> {
        let mut frame = self.frame(Kind::Notify, Some(doc), None, body.text);
        frame.header.coalesce = coalesce;
        self.send(py, frame, body.attachments, RustPort::send_control)
    }

    /// The id for a request whose answer will come to `drain`.
    fn reserve(&self) -> u64 {
        self.0.reserve()
    }

    /// Sends a request to the page (`doc` 0) or to the UI process with an id of `reserve`.
    #[pyo3(signature = (id, method, params=None, doc=None))]
    fn request(&self, py: Python<'_>, id: u64, method: &str, params: Option<Body>, doc: Option<u32>) -> PyResult<()> {
        let (params, attachments) = params_of(params)?;
        let frame = self.frame(Kind::Request, doc, Some(id), request_text(id, method, params.as_deref()));
        self.send(py, frame, attachments, |port, _, frame, attachments| port.request(frame, attachments))
    }

    /// Sends a request to the page (`doc` 0) or to the UI process that this thread waits for. Its answer rings the thread's
    /// bell.
    #[pyo3(signature = (method, params, bell, doc=None))]
    fn ask(
        &self,
        py: Python<'_>,
        method: &str,
        params: Option<Body>,
        bell: &Bell,
        doc: Option<u32>,
    ) -> PyResult<Question> {
        let (params, attachments) = params_of(params)?;
        let frame = |id| self.frame(Kind::Request, doc, Some(id), request_text(id, method, params.as_deref()));
        let bell = Arc::clone(&bell.0);
        py.detach(|| self.0.ask(bell, attachments, frame)).map(Question).map_err(errors::send)
    }

    /// Gives a script or a call of the page's function up. False if its answer came already.
    fn forget(&self, py: Python<'_>, id: u64) -> bool {
        py.detach(|| self.0.forget(id))
    }

    /// Waits (without the GIL) until there is something to drain, or (`urgent`) something that passes everything ordinary;
    /// False when `timeout` seconds passed first.
    #[pyo3(signature = (timeout, interruptible, urgent=false))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>, interruptible: bool, urgent: bool) -> PyResult<bool> {
        let until = timeout.map(gil::deadline);
        gil::wait(py, interruptible, |gate| self.0.wait(until, urgent, gate))
    }

    /// Waits (without the GIL), on a thread that does not drain this port, until its bell is rung; False when `timeout`
    /// seconds passed first.
    fn wait_with(&self, py: Python<'_>, bell: &Bell, timeout: Option<f64>, interruptible: bool) -> PyResult<bool> {
        let until = timeout.map(gil::deadline);
        gil::wait(py, interruptible, |gate| self.0.wait_with(&bell.0, until, gate))
    }

    /// The view is drained by the host's loop, which `bell` wakes.
    fn embed(&self, bell: &Bell) {
        gil::held(|| self.0.embed(&bell.0));
    }

    /// Rings `bell` whenever nothing is in flight any more, as long as the returned object lives.
    fn watch_drain(&self, bell: &Bell) -> Watch {
        gil::held(|| Watch { _entry: self.0.watch_drain(&bell.0) })
    }

    /// Rings `bell` whenever the page took messages or the view closes, as long as the returned object lives.
    fn watch_room(&self, bell: &Bell) -> Watch {
        gil::held(|| Watch { _entry: self.0.watch_room(&bell.0) })
    }

    /// Whether the page has to take something before more can be sent.
    #[getter]
    fn is_full(&self) -> bool {
        self.0.is_full()
    }

    /// Takes up to `limit` messages, urgent ones first: tuples (kind, doc, id, text, ticket). There is a ticket for a message
    /// that was accepted, and for one with attachments.
    fn drain<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Bound<'py, PyList>> {
        list_of(py, self.0.drain(limit))
    }

    /// Takes up to `limit` messages of those that pass everything ordinary, on any thread.
    fn drain_urgent<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Bound<'py, PyList>> {
        list_of(py, self.0.drain_urgent(limit))
    }

    /// Makes the draining thread look at its own list.
    fn nudge(&self) {
        self.0.nudge();
    }
}

/// A message of up to so many bytes is sent with the GIL held: that takes microseconds, while giving the GIL away beside a
/// busy thread costs its whole switch interval (5 ms).
const SMALL: usize = 64 << 10;

/// How a message leaves.
type Send = fn(&RustPort, Option<&RustLink>, Frame, Vec<Attachment>) -> Result<(), SendError>;

impl Port {
    fn send(&self, py: Python<'_>, frame: Frame, attachments: Vec<Attachment>, send: Send) -> PyResult<()> {
        let size = frame.body.len() + attachments.iter().map(Attachment::len).sum::<usize>();
        let link = self.0.link();
        let sent = if size <= SMALL && link.is_some() {
            gil::held(|| send(&self.0, link.as_deref(), frame, attachments))
        } else {
            py.detach(|| send(&self.0, link.as_deref(), frame, attachments))
        };
        sent.map_err(errors::send)
    }

    fn frame(&self, kind: Kind, doc: Option<u32>, id: Option<u64>, body: Vec<u8>) -> Frame {
        Frame { header: Header::new(self.0.view(), doc, kind, id), body }
    }
}

#[pymethods]
impl Question {
    /// The answer's text, or None.
    fn answer<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.0.answer().map(|frame| PyBytes::new(py, &frame.body))
    }

    /// The answer's attachments, in its order.
    fn take_attached<'py>(&self, py: Python<'py>, named: Vec<Named>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        handed_over(py, self.0.attachments(), &named)
    }

    /// Nobody waits for it any more.
    fn give_up(&self, py: Python<'_>) {
        py.detach(|| self.0.give_up());
    }
}

/// The `params` of a request as text, with what may follow them, and what they name.
fn params_of(params: Option<Body>) -> PyResult<(Option<String>, Vec<Attachment>)> {
    let Some(Body { text, attachments }) = params else { return Ok((None, Vec::new())) };
    Ok((Some(String::from_utf8(text)?), attachments))
}

/// What goes before the text of a page's message that is nested too deeply; no message begins so.
pub const TOO_DEEP: &str = "\0";

fn list_of(py: Python<'_>, messages: Vec<Incoming>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for message in messages {
        if let Some(tuple) = convert(py, message)? {
            list.append(tuple)?;
        }
    }
    Ok(list)
}

fn convert(py: Python<'_>, message: Incoming) -> PyResult<Option<Bound<'_, PyTuple>>> {
    let tuple = match message {
        Incoming::Frame(Frame { header, body }, ticket, attachments) => {
            let mut text = String::from_utf8_lossy(&body); // only a UI process out of its mind sends anything else
            // Here, since Python would have to copy the text for that.
            if header.doc.is_some() && json::check_depth(&body).is_err() {
                text.to_mut().insert_str(0, TOO_DEEP);
            }
            let kind = match header.kind {
                Kind::Request => "request",
                Kind::Response => "response",
                Kind::Notify => "notify",
                Kind::Control => "control",
                Kind::Chunk => "chunk", // the port keeps them
            };
            let has_ticket = ticket.is_some() || !attachments.is_empty();
            let ticket = has_ticket.then(|| Ticket::new(ticket, attachments));
            (PyString::intern(py, kind), header.doc, header.id, PyString::new(py, &text), ticket).into_pyobject(py)?
        }
        Incoming::Lifecycle(left, entered) => plain(py, "lifecycle", &format!("{} {}", left.name(), entered.name()))?,
        Incoming::Log(line) => plain(py, "log", line.text())?,
        Incoming::Lost(why) => plain(py, "lost", &why)?,
        Incoming::Nudge => return Ok(None),
    };
    Ok(Some(tuple))
}

fn plain<'py>(py: Python<'py>, kind: &str, text: &str) -> PyResult<Bound<'py, PyTuple>> {
    (PyString::intern(py, kind), None::<u32>, None::<u64>, PyString::new(py, text), None::<Ticket>).into_pyobject(py)
}
