//! Files that changed, as Python sees them.

use crate::bell::Bell;
use crate::gil;
use crate::port::Port;
use auroraview_link::FileWatch;
use pyo3::prelude::*;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

/// Watches files and folders as long as it lives. Any thread.
#[pyclass(frozen)]
pub struct Watcher(FileWatch);

/// Whom a watcher tells.
#[derive(FromPyObject)]
enum Tells<'py> {
    Bell(PyRef<'py, Bell>),
    Port(PyRef<'py, Port>),
}

#[pymethods]
impl Watcher {
    /// Watches nothing yet. When something changes it rings a bell, or makes the thread that drains a port look.
    #[new]
    fn new(py: Python<'_>, tells: Tells<'_>) -> PyResult<Self> {
        let nudge: Box<dyn Fn() + Send + Sync> = match tells {
            Tells::Bell(bell) => {
                let bell = Arc::clone(&bell.0);
                Box::new(move || bell.ring())
            }
            Tells::Port(port) => {
                let port = Arc::clone(&port.0);
                Box::new(move || port.nudge())
            }
        };
        Ok(Self(py.detach(|| FileWatch::start(nudge))?))
    }

    /// Watches one more path: a file, or a folder with all that is below it.
    fn watch(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        Ok(py.detach(|| self.0.watch(&path))?)
    }

    /// Whether `take` has something to look at.
    #[getter]
    fn is_touched(&self) -> bool {
        gil::held(|| self.0.is_touched())
    }

    /// The paths whose content changed since the last time.
    fn take(&self, py: Python<'_>) -> Vec<OsString> {
        py.detach(|| self.0.take()).into_iter().map(PathBuf::into_os_string).collect()
    }
}
