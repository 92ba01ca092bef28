//! One view's end of the link, as Python sees it.

use crate::bell::Bell;
use crate::link::Link;
use crate::{errors, gil};
use auroraview_core::frame::Frame;
use auroraview_core::wire::{Header, Kind, request_text};
use auroraview_link::{
    Incoming, Port as RustPort, Question as RustQuestion, SendError, Ticket as RustTicket, Watch as RustWatch,
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

/// An accepted piece of work: a message of the page, or an operation of the host.
#[pyclass(frozen)]
pub struct Ticket(Mutex<Option<RustTicket>>);

#[pymethods]
impl Ticket {
    /// The work was done: closing does not wait for it any longer.
    fn done(&self) {
        gil::held(|| self.take().map(RustTicket::done));
    }

    /// The work will not be done.
    fn cancel(&self) {
        gil::held(|| drop(self.take()));
    }
}

/// Rings a bell as long as it lives.
#[pyclass(frozen)]
pub struct Watch {
    _entry: RustWatch,
}

impl Ticket {
    fn new(ticket: RustTicket) -> Self {
        Self(Mutex::new(Some(ticket)))
    }

    fn take(&self) -> Option<RustTicket> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
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
        self.0.begin_operation().map(Ticket::new).map_err(errors::send)
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

    /// Connects to a UI process: sends `body` (the creation), then what was sent early.
    fn attach(&self, py: Python<'_>, link: &Link, body: Vec<u8>) -> PyResult<bool> {
        let frame = self.frame(Kind::Notify, None, None, body);
        py.detach(|| self.0.attach(&link.0, frame)).map_err(errors::send)
    }

    /// The UI process does not do what it must: kills it, and tells every view.
    fn abandon(&self, py: Python<'_>, why: &str) {
        py.detach(|| self.0.abandon(why));
    }

    /// Sends a notification to the page (`doc` given) or to the UI process, if the view is open.
    /// `coalesce`: it replaces an older one with the same number that the page has not taken.
    #[pyo3(signature = (body, doc=None, coalesce=None))]
    fn notify(&self, py: Python<'_>, body: Vec<u8>, doc: Option<u32>, coalesce: Option<u64>) -> PyResult<()> {
        let mut frame = self.frame(Kind::Notify, doc, None, body);
        frame.header.coalesce = coalesce;
        self.send(py, frame, RustPort::send)
    }

    /// Sends what must go through in every state: the answer to a request; without `id`, a command, or (`doc` given) what
    /// passes the page's ordinary messages.
    #[pyo3(signature = (body, doc=None, id=None))]
    fn control(&self, py: Python<'_>, body: Vec<u8>, doc: Option<u32>, id: Option<u64>) -> PyResult<()> {
        let kind = match (doc, id) {
            (_, Some(_)) => Kind::Response,
            (Some(_), None) => Kind::Control,
            (None, None) => Kind::Notify,
        };
        let frame = self.frame(kind, doc, id, body);
        self.send(py, frame, RustPort::send_control)
    }

    /// The id for a request whose answer will come to `drain`.
    fn reserve(&self) -> u64 {
        self.0.reserve()
    }

    /// Sends a request to the UI process with an id of `reserve`.
    fn request(&self, py: Python<'_>, id: u64, method: &str, params: &str) -> PyResult<()> {
        let frame = self.frame(Kind::Request, None, Some(id), request_text(id, method, params));
        self.send(py, frame, RustPort::request)
    }

    /// Sends a request to the UI process that this thread waits for. Its answer rings the thread's bell.
    fn ask(&self, py: Python<'_>, method: &str, params: &str, bell: &Bell) -> PyResult<Question> {
        let frame = |id| self.frame(Kind::Request, None, Some(id), request_text(id, method, params));
        let bell = Arc::clone(&bell.0);
        py.detach(|| self.0.ask(bell, frame)).map(Question).map_err(errors::send)
    }

    /// Gives a script up. False if its answer came already.
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

    /// Takes up to `limit` messages, urgent ones first: tuples (kind, doc, id, text, ticket).
    fn drain<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for message in self.0.drain(limit) {
            if let Some(tuple) = convert(py, message)? {
                list.append(tuple)?;
            }
        }
        Ok(list)
    }

    /// Makes the draining thread look at its own list.
    fn nudge(&self) {
        self.0.nudge();
    }
}

/// A message of up to so many bytes is sent with the GIL held: that takes microseconds, while giving the GIL away beside a
/// busy thread costs its whole switch interval (5 ms).
const SMALL: usize = 64 << 10;

impl Port {
    fn send(&self, py: Python<'_>, frame: Frame, send: fn(&RustPort, Frame) -> Result<(), SendError>) -> PyResult<()> {
        let sent = if frame.body.len() <= SMALL && self.0.sends_at_once() {
            gil::held(|| send(&self.0, frame))
        } else {
            py.detach(|| send(&self.0, frame))
        };
        sent.map_err(errors::send)
    }

    fn frame(&self, kind: Kind, doc: Option<u32>, id: Option<u64>, body: Vec<u8>) -> Frame {
        Frame { header: Header { view: self.0.view(), doc, kind, id, coalesce: None }, body }
    }
}

#[pymethods]
impl Question {
    /// The answer's text, or None.
    fn answer<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.0.answer().map(|frame| PyBytes::new(py, &frame.body))
    }
}

fn convert(py: Python<'_>, message: Incoming) -> PyResult<Option<Bound<'_, PyTuple>>> {
    let tuple = match message {
        Incoming::Frame(Frame { header, body }, ticket) => {
            let text = String::from_utf8_lossy(&body); // only a UI process out of its mind sends anything else
            let kind = match header.kind {
                Kind::Request => "request",
                Kind::Response => "response",
                Kind::Notify => "notify",
                Kind::Control => "control",
            };
            let ticket = ticket.map(Ticket::new);
            (PyString::intern(py, kind), header.doc, header.id, PyString::new(py, &text), ticket).into_pyobject(py)?
        }
        Incoming::Lifecycle(left, entered) => plain(py, "lifecycle", &format!("{} {}", left.name(), entered.name()))?,
        Incoming::Log(line) => plain(py, "log", &line)?,
        Incoming::Lost(why) => plain(py, "lost", &why)?,
        Incoming::Nudge => return Ok(None),
    };
    Ok(Some(tuple))
}

fn plain<'py>(py: Python<'py>, kind: &str, text: &str) -> PyResult<Bound<'py, PyTuple>> {
    (PyString::intern(py, kind), None::<u32>, None::<u64>, PyString::new(py, text), None::<Ticket>).into_pyobject(py)
}
