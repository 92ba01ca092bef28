//! A UI process, as Python sees it.

use crate::errors;
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
        self.0.lost().map(ToString::to_string)
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

    /// Asks the UI process to end, and kills it after `timeout` seconds.
    fn shut_down(&self, py: Python<'_>, timeout: f64) -> PyResult<()> {
        let until = Instant::now() + Duration::try_from_secs_f64(timeout).unwrap_or_default();
        Ok(py.detach(|| self.0.shut_down(until))?)
    }
}
