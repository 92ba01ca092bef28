//! The GIL as a lock among ours: with it held, no registry is waited for, and nothing that takes time is done.

use auroraview_core::lock::{GIL, Held};
use auroraview_link::{SignalGate, Waited};
use pyo3::prelude::*;
use std::time::{Duration, Instant};

/// Calls something short with the GIL held; a checked build then refuses locks that must not be waited for.
pub fn held<R>(call: impl FnOnce() -> R) -> R {
    let _held = Held::enter(GIL);
    call()
}

/// Waits without the GIL. `interruptible`: on Python's main thread, where Ctrl+C must end the wait, also one that comes
/// between the check and the wait.
pub fn wait(
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

/// The moment in `seconds` from now; far away if that is more than anybody lives.
pub fn deadline(seconds: f64) -> Instant {
    const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    Instant::now() + Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(FAR).min(FAR)
}
