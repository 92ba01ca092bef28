//! A UI process, as Python sees it.

use crate::bell::Bell;
use crate::{errors, gil};
use auroraview_link::{ChildSpec, Link as RustLink};
use pyo3::prelude::*;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A started UI process.
#[pyclass(frozen)]
pub struct Link(pub Arc<RustLink>);

#[pymethods]
impl Link {
    /// Starts `program` with exactly the environment `env`. Returns at once.
    #[staticmethod]
    fn start(py: Python<'_>, program: PathBuf, args: Vec<String>, env: HashMap<OsString, OsString>) -> PyResult<Self> {
        let spec = ChildSpec { program, args, env: env.into_iter().collect() };
        py.detach(|| RustLink::start(&spec, crate::VERSION)).map(Self).map_err(errors::link)
    }

    /// Why the UI process is gone, or None.
    #[getter]
    fn lost(&self) -> Option<String> {
        self.0.lost().map(|loss| loss.why.to_string())
    }

    /// Its exit code and the signal that ended it, as far as they are known, and whether another one would end in the same
    /// way. None while it is there.
    #[getter]
    fn ending(&self) -> Option<(Option<i32>, Option<i32>, bool)> {
        self.0.lost().map(|loss| (loss.code, loss.signal, loss.hopeless))
    }

    /// The last lines of its log.
    fn last_words(&self) -> Vec<String> {
        self.0.lost().map_or_else(|| self.0.last_words(), |loss| loss.log.clone())
    }

    /// Whether the UI process is there, as far as the link tells now.
    fn is_alive(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(py.detach(|| self.0.is_alive())?)
    }

    /// Process id.
    #[getter]
    fn pid(&self) -> u32 {
        self.0.pid()
    }

    /// Waits (without the GIL), on a thread that drains no view, until its bell is rung; reads the link meanwhile. False when
    /// `timeout` seconds passed first.
    fn wait_with(&self, py: Python<'_>, bell: &Bell, timeout: Option<f64>) -> PyResult<bool> {
        let until = timeout.map(gil::deadline);
        gil::wait(py, false, |gate| bell.0.wait(Some(&self.0), until, gate))
    }

    /// Has the UI process keep an empty page ready for the next view, from now on. Returns at once.
    fn warm_up(&self, py: Python<'_>) {
        py.detach(|| self.0.warm_up());
    }

    /// Asks the UI process to end, and kills it after `timeout` seconds.
    fn shut_down(&self, py: Python<'_>, timeout: f64) -> PyResult<()> {
        let until = Instant::now() + Duration::try_from_secs_f64(timeout).unwrap_or_default();
        Ok(py.detach(|| self.0.shut_down(until))?)
    }
}
