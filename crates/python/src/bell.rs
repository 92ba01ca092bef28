//! What a thread that drains no view waits on, as Python sees it.

use crate::gil;
use crate::port::Port;
use auroraview_link::Bell as RustBell;
use pyo3::prelude::*;
use std::sync::Arc;

/// A thread's bell.
#[pyclass(frozen)]
pub struct Bell(pub Arc<RustBell>);

#[pymethods]
impl Bell {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Self(RustBell::new()?))
    }

    /// Ends the owner's wait, or else its next one. Any thread.
    fn ring(&self) {
        self.0.ring();
    }

    /// From now on the owner waits on the inbox of `port` (None: on the bell itself). Called by the owner.
    #[pyo3(signature = (port))]
    fn drains(&self, port: Option<&Port>) {
        self.0.drains(port.map(|port| &*port.0));
    }

    /// From now on `echo` (None: no other) is rung with this bell.
    #[pyo3(signature = (echo))]
    fn echo(&self, echo: Option<&Bell>) {
        self.0.echo(echo.map(|bell| &bell.0));
    }

    /// Forgets that it was rung. True if it was.
    fn silence(&self) -> bool {
        self.0.silence()
    }

    /// What becomes readable when the bell is rung; None where the system has no such thing.
    #[getter]
    fn descriptor(&self) -> Option<i32> {
        self.0.descriptor()
    }

    /// Waits (without the GIL) until the bell is rung; False when `timeout` seconds passed first.
    fn wait(&self, py: Python<'_>, timeout: Option<f64>, interruptible: bool) -> PyResult<bool> {
        let until = timeout.map(gil::deadline);
        gil::wait(py, interruptible, |gate| self.0.wait(None, until, gate))
    }
}
