//! The watchdog of the main thread, as Python sees it. Its thread never touches Python; one that is made for each alarm does.

use crate::gil;
use auroraview_link::{Alarm, Overdue, Watchdog as RustWatchdog};
use pyo3::prelude::*;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is known of a handler before it runs.
struct Named {
    text: String,
    owner: Py<PyAny>,
}

/// A name for the watchdog, and whom it tells something of: anything.
#[pyclass(frozen)]
pub struct Label(Arc<Named>);

#[pymethods]
impl Label {
    #[new]
    fn new(text: String, owner: Py<PyAny>) -> Self {
        Self(Arc::new(Named { text, owner }))
    }
}

/// Tells Python, or the standard error if Python cannot listen.
struct Teller(Py<PyAny>);

impl Alarm<Named> for Teller {
    fn tell(&self, overdue: &Overdue<Named>, heard: &dyn Fn()) {
        // None: Python is ending, and nobody wants to know any more.
        let _ = Python::try_attach(|py| {
            heard();
            let held = overdue.since.elapsed().as_secs_f64();
            let in_time = overdue.noticed + auroraview_link::GRACE > Instant::now();
            let Named { text, owner } = &*overdue.label;
            if let Err(error) = self.0.call1(py, (text, owner.clone_ref(py), held, in_time)) {
                error.write_unraisable(py, None);
            }
        });
    }

    fn shout(&self, overdue: &Overdue<Named>) {
        // A standard error that takes nothing has nobody who reads it.
        let _ = writeln!(
            std::io::stderr(),
            "auroraview: {} has held the main thread for {} ms, and no other thread of Python runs meanwhile",
            overdue.label.text,
            overdue.since.elapsed().as_millis()
        );
    }
}

/// Watches the main thread.
#[pyclass(frozen)]
pub struct Watchdog(RustWatchdog<Named, Teller>);

#[pymethods]
impl Watchdog {
    /// `tell(text, owner, seconds, in_time)` is called on a thread of its own for each handler that takes too long.
    #[new]
    fn new(tell: Py<PyAny>) -> PyResult<Self> {
        Ok(Self(RustWatchdog::new(Teller(tell))?))
    }

    /// What takes more seconds is too long; 0: nobody watches.
    fn set_limit(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        let limit = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        py.detach(|| {
            self.0.set_limit(limit);
            if limit.is_zero() { Ok(()) } else { self.0.start() }
        })?;
        Ok(())
    }

    /// A handler begins. False: nobody watches, and it must not be left.
    fn enter(&self, label: &Label) -> bool {
        gil::held(|| self.0.enter(Arc::clone(&label.0)))
    }

    /// The handler that began last has ended.
    fn leave(&self) {
        gil::held(|| self.0.leave());
    }

    /// Ends it. False: somebody is still being told something after so many seconds.
    fn stop(&self, py: Python<'_>, timeout: f64) -> bool {
        py.detach(|| self.0.stop(Duration::try_from_secs_f64(timeout).unwrap_or_default()))
    }
}
