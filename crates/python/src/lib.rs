//! `auroraview._core`: converts, calls and maps errors. Every wait happens without the GIL; policy lives in Python.

mod attachments;
mod bell;
mod errors;
mod fresh;
mod gil;
#[cfg(feature = "buffers")]
#[path = "buffers.rs"]
mod held;
#[cfg(not(feature = "buffers"))]
#[path = "bytes_only.rs"]
mod held;
mod link;
mod listeners;
mod log;
mod port;
mod streaming;
mod watch;
mod watchdog;

use auroraview_core::{json, lock};
use pyo3::prelude::*;

/// Version of the extension; the UI process must be of the same.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The extension module.
#[pymodule]
mod _core {
    #[pymodule_export]
    use super::bell::Bell;
    #[pymodule_export]
    use super::held::copied;
    #[pymodule_export]
    use super::link::Link;
    #[pymodule_export]
    use super::listeners::Listeners;
    #[pymodule_export]
    use super::log::{start_log, take_log};
    #[pymodule_export]
    use super::port::{Port, Question, Ticket, Watch};
    #[pymodule_export]
    use super::streaming::Utf8Stream;
    #[pymodule_export]
    use super::watch::Watcher;
    #[pymodule_export]
    use super::watchdog::{Label, Watchdog};
    #[pymodule_export]
    use super::{check_json, check_lock_order, contended_locks};
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = super::VERSION;
    #[pymodule_export]
    const MAX_BODY: usize = auroraview_core::limits::MAX_BODY;
    #[pymodule_export]
    const MAX_ATTACHED: usize = auroraview_core::limits::MAX_ATTACHED;
    #[pymodule_export]
    const MAX_ATTACHMENTS: usize = auroraview_core::limits::MAX_ATTACHMENTS;
    #[pymodule_export]
    const TOO_DEEP: &str = super::port::TOO_DEEP;
    #[pymodule_export]
    const READS_BUFFERS: bool = cfg!(feature = "buffers");
    #[pymodule_export]
    const LOCK_ORDER_CHECKED: bool = auroraview_core::lock::CHECKED;
}

/// Raises `InvalidDataError` if a JSON text is nested too deeply or holds an integer that JavaScript would round.
#[pyfunction]
fn check_json(text: &[u8]) -> PyResult<()> {
    json::check(text).map_err(|error| errors::raise("InvalidDataError", error.to_string()))
}

/// How often, in this process, a thread had to wait for a lock of ours.
#[pyfunction]
fn contended_locks() -> u64 {
    lock::contended()
}

/// Turns the check of the lock order on or off. False: this build has none.
#[pyfunction]
fn check_lock_order(on: bool) -> bool {
    lock::check_order(on)
}
