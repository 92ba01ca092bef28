//! Event listeners by name, as Python sees them.

use auroraview_core::listeners::{EventListeners, Listener};
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use std::sync::Arc;

/// Event listeners by name. Any thread, at any time; nobody waits.
#[pyclass(frozen)]
#[derive(Default)]
pub struct Listeners(EventListeners<Arc<Py<PyAny>>>);

#[pymethods]
impl Listeners {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Subscribes a handler; returns its id.
    #[pyo3(signature = (name, handler, once=false))]
    fn add(&self, name: &str, handler: Py<PyAny>, once: bool) -> u64 {
        self.0.subscribe(name, Arc::new(handler), once)
    }

    /// Removes the listener with an id. False if there is none.
    fn remove_id(&self, name: &str, id: u64) -> bool {
        !self.0.unsubscribe(name, |each| each.id == id).is_empty()
    }

    /// Puts another handler into the place of a listener. False if there is none with that id.
    fn replace(&self, name: &str, id: u64, handler: Py<PyAny>) -> bool {
        self.0.replace(name, id, &Arc::new(handler))
    }

    /// Removes all listeners of a name. Returns how many they were.
    fn remove_all(&self, name: &str) -> usize {
        self.0.unsubscribe(name, |_| true).len()
    }

    /// The handlers to call for one event; one for the next event only is handed out once.
    fn take(&self, py: Python<'_>, name: &str) -> Vec<Py<PyAny>> {
        self.0.take(name).iter().map(|each| each.handler.clone_ref(py)).collect()
    }

    /// Ids and handlers of a name, in their order.
    fn entries(&self, py: Python<'_>, name: &str) -> Vec<(u64, Py<PyAny>)> {
        let pair = |each: &Listener<Arc<Py<PyAny>>>| (each.id, each.handler.clone_ref(py));
        self.0.of(name).iter().map(pair).collect()
    }

    /// Whether anybody listens.
    fn has(&self, name: &str) -> bool {
        self.0.has(name)
    }

    /// Names that somebody listens to, sorted.
    fn names(&self) -> Vec<String> {
        self.0.names()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let mut outcome = Ok(());
        self.0.for_each(|handler| {
            if outcome.is_ok() {
                outcome = visit.call(&**handler);
            }
        });
        outcome
    }

    fn __clear__(&self) {
        self.0.clear();
    }
}
