//! Tracing of this process on its way to `logging`: events wait in a queue, so that saying something never needs the GIL.

use auroraview_core::sync::Queue;
use auroraview_link::MARK;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Lines that may wait; more than that are counted only.
const MAX_LINES: usize = 10_000;

static LINES: LazyLock<Queue<String>> = LazyLock::new(Queue::default);
static LOST: AtomicUsize = AtomicUsize::new(0);

fn keep(line: String) {
    if LINES.len() < MAX_LINES {
        LINES.push(line);
    } else {
        LOST.fetch_add(1, Ordering::Relaxed);
    }
}

/// Begins to keep what `filter` lets through. Raises ValueError for a filter that makes no sense.
#[pyfunction]
pub fn start_log(filter: &str) -> PyResult<()> {
    auroraview_link::start_log(filter, keep).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// The lines that wait: "@LEVEL time target text", the time in microseconds since 1970.
#[pyfunction]
pub fn take_log() -> Vec<String> {
    let mut lines: Vec<String> = std::iter::from_fn(|| LINES.pop()).collect();
    let lost = LOST.swap(0, Ordering::Relaxed);
    if lost > 0 {
        lines.push(format!("{MARK}WARN 0 auroraview::log {lost} lines were lost: nobody took them in time"));
    }
    lines
}
