//! One view's end of the link, as Python sees it.

use crate::errors;
use crate::link::Link;
use auroraview_core::frame::Frame;
use auroraview_core::lifecycle::Lifecycle;
use auroraview_core::wire::{Header, Kind, request_text};
use auroraview_link::{Incoming, Port as RustPort, Question as RustQuestion, SignalGate, Waited};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One view's end of the link.
#[pyclass(frozen)]
pub struct Port(Arc<RustPort>);

/// A request that a thread waits for.
#[pyclass(frozen)]
pub struct Question(RustQuestion);

#[pymethods]
impl Port {
    #[new]
    fn new(view: u32) -> PyResult<Self> {
        Ok(Self(RustPort::new(view)?))
    }

    /// The view's state, by name.
    #[getter]
    fn lifecycle(&self) -> &'static str {
        self.0.lifecycle().state().name()
    }

    /// Refuses messages from now on. True for exactly one caller.
    fn request_close(&self) -> bool {
        self.0.lifecycle().advance(Lifecycle::CloseRequested)
    }

    /// Ends the life of a view that was never shown.
    fn destroy(&self) -> bool {
        self.0.lifecycle().advance(Lifecycle::Destroyed)
    }

    /// Connects to a UI process: sends `body` (the creation), then what was sent early.
    fn attach(&self, py: Python<'_>, link: &Link, body: Vec<u8>) -> PyResult<bool> {
        let frame = self.frame(Kind::Notify, None, None, body);
        py.detach(|| self.0.attach(&link.0, frame)).map_err(errors::send)
    }

    /// Sends a notification to the page (`doc` given) or to the UI process, if the view is open.
    #[pyo3(signature = (body, doc=None))]
    fn notify(&self, py: Python<'_>, body: Vec<u8>, doc: Option<u32>) -> PyResult<()> {
        let frame = self.frame(Kind::Notify, doc, None, body);
        py.detach(|| self.0.send(frame)).map_err(errors::send)
    }

    /// Sends what must go through in every state: the answer to a request, or (`id` None) a command.
    #[pyo3(signature = (body, doc=None, id=None))]
    fn control(&self, py: Python<'_>, body: Vec<u8>, doc: Option<u32>, id: Option<u64>) -> PyResult<()> {
        let kind = if id.is_some() { Kind::Response } else { Kind::Notify };
        let frame = self.frame(kind, doc, id, body);
        py.detach(|| self.0.send_control(frame)).map_err(errors::send)
    }

    /// The id for a request whose answer will come to `drain`.
    fn reserve(&self) -> u64 {
        self.0.reserve()
    }

    /// Sends a request to the UI process with an id of `reserve`.
    fn request(&self, py: Python<'_>, id: u64, method: &str, params: &str) -> PyResult<()> {
        let frame = self.frame(Kind::Request, None, Some(id), request_text(id, method, params));
        py.detach(|| self.0.request(frame)).map_err(errors::send)
    }

    /// Sends a request to the UI process that this thread waits for. `drainer`: this thread drains the port.
    fn ask(&self, py: Python<'_>, method: &str, params: &str, drainer: bool) -> PyResult<Question> {
        let frame = |id| self.frame(Kind::Request, None, Some(id), request_text(id, method, params));
        let ask = || if drainer { self.0.ask_as_drainer(frame) } else { self.0.ask(frame) };
        py.detach(ask).map(Question).map_err(errors::send)
    }

    /// Forgets a request. False if its answer came already.
    fn forget(&self, id: u64) -> bool {
        self.0.forget(id)
    }

    /// Waits (without the GIL) until there is something to drain; False when `timeout` seconds passed first.
    #[pyo3(signature = (timeout, interruptible))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>, interruptible: bool) -> PyResult<bool> {
        let until = timeout.map(deadline);
        wait(py, interruptible, |gate| self.0.wait(until, gate))
    }

    /// Takes up to `limit` messages: tuples (kind, doc, id, text).
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

impl Port {
    fn frame(&self, kind: Kind, doc: Option<u32>, id: Option<u64>, body: Vec<u8>) -> Frame {
        Frame { header: Header { view: self.0.view(), doc, kind, id }, body }
    }
}

#[pymethods]
impl Question {
    /// Waits until the answer is there or, for a drainer, something to drain; False when the time is up.
    fn wait(&self, py: Python<'_>, timeout: f64, drainer: bool, interruptible: bool) -> PyResult<bool> {
        let until = deadline(timeout);
        wait(py, interruptible, |gate| self.0.wait(until, drainer, gate))
    }

    /// The answer's text, or None.
    fn answer<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.0.answer().map(|frame| PyBytes::new(py, &frame.body))
    }
}

fn deadline(seconds: f64) -> Instant {
    const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    Instant::now() + Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(FAR).min(FAR)
}

/// Waits without the GIL. `interruptible`: on Python's main thread, where Ctrl+C must end the wait, also one that comes
/// between the check and the wait.
fn wait(
    py: Python<'_>,
    interruptible: bool,
    mut once: impl FnMut(Option<&SignalGate>) -> std::io::Result<Waited> + Send,
) -> PyResult<bool> {
    loop {
        py.check_signals()?; // the host's handlers run here, with its own mask: programs that they start inherit it
        let gate = if interruptible { Some(SignalGate::close()?) } else { None };
        py.check_signals()?; // what came in between
        match py.detach(|| once(gate.as_ref()))? {
            Waited::Ready => return Ok(true),
            Waited::TimedOut => return Ok(false),
            Waited::Interrupted => {}
        }
    }
}

fn convert(py: Python<'_>, message: Incoming) -> PyResult<Option<Bound<'_, PyTuple>>> {
    let tuple = match message {
        Incoming::Frame(Frame { header, body }) => {
            let text = std::str::from_utf8(&body).map_err(|error| PyValueError::new_err(error.to_string()))?;
            let kind = match header.kind {
                Kind::Request => "request",
                Kind::Response => "response",
                Kind::Notify => "notify",
            };
            (PyString::intern(py, kind), header.doc, header.id, PyString::new(py, text)).into_pyobject(py)?
        }
        Incoming::Log(line) => plain(py, "log", &line)?,
        Incoming::Lost(why) => plain(py, "lost", &why)?,
        Incoming::Nudge => return Ok(None),
    };
    Ok(Some(tuple))
}

fn plain<'py>(py: Python<'py>, kind: &str, text: &str) -> PyResult<Bound<'py, PyTuple>> {
    (PyString::intern(py, kind), None::<u32>, None::<u64>, PyString::new(py, text)).into_pyobject(py)
}
