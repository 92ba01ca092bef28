//! Windows: events to wait for, Ctrl+C, and what `pipe.rs` (the link) and `family.rs` (processes) hold.
//!
//! A wait here waits for kernel objects and for nothing else: it never looks at the thread's message queue, which belongs
//! to the host (`tests.rs` holds that).
#![allow(unsafe_code)] // The operating system's calls.

mod family;
mod pipe;

use crate::ready::Ready;
use auroraview_core::inbox::Wake;
use auroraview_core::lock::{OrderedMutex, STATE};
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::null;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use windows_sys::Win32::Foundation::{HANDLE, WAIT_FAILED, WAIT_OBJECT_0};
use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, SetConsoleCtrlHandler};
use windows_sys::Win32::System::Threading::{
    CreateEventW, GetCurrentThread, INFINITE, ResetEvent, SetEvent, WaitForMultipleObjects, WaitForSingleObject,
};
use windows_sys::core::BOOL;

pub(crate) use crate::no_lane::{Listener, accept, listen};
pub(crate) use family::{Family, describe, exit_with_parent};
pub(crate) use pipe::{
    Log, Socket, log_pipe, socket_pair, take_stdin, wait_readable, wait_writable, write_both, write_some,
};

/// Whether the system tells when a file that was written is closed, so that what comes before need not be looked at.
pub(crate) const TELLS_END_OF_WRITING: bool = false;

/// How long a wait that Ctrl+C ended lets the other handlers of Ctrl+C run.
const HANDLERS: Duration = Duration::from_secs(1);

/// A manual-reset event: once set, it stays set until somebody clears it.
#[derive(Debug)]
struct Event(OwnedHandle);

impl Event {
    fn new() -> io::Result<Self> {
        // SAFETY: no attributes and no name; the result is checked.
        let handle = unsafe { CreateEventW(null(), 1, 0, null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a handle that was just made, owned by nobody else.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    fn set(&self) {
        // SAFETY: the handle is open. Setting an event that is ours cannot fail.
        unsafe { SetEvent(self.raw()) };
    }

    fn clear(&self) {
        // SAFETY: as above.
        unsafe { ResetEvent(self.raw()) };
    }

    fn is_set(&self) -> bool {
        ends_within(self.0.as_handle(), Duration::ZERO)
    }

    fn wait(&self) {
        // SAFETY: the handle is open for as long as the wait lasts.
        unsafe { WaitForSingleObject(self.raw(), INFINITE) };
    }

    fn raw(&self) -> HANDLE {
        self.0.as_raw_handle()
    }
}

/// Whether `object` (a process, a thread, an event) ends or is set within `time`, or is already.
fn ends_within(object: BorrowedHandle<'_>, time: Duration) -> bool {
    // SAFETY: the handle is borrowed, so it is open.
    unsafe { WaitForSingleObject(object.as_raw_handle(), milliseconds(Some(time))) == WAIT_OBJECT_0 }
}

/// Rounded up: a wait may not end before its time. A very long one ends early, which the callers expect.
fn milliseconds(time: Option<Duration>) -> u32 {
    match time {
        None => INFINITE,
        Some(time) => u32::try_from(time.as_micros().div_ceil(1000)).unwrap_or(INFINITE).min(INFINITE - 1),
    }
}

/// What makes a waiting thread look at its inbox.
#[derive(Debug)]
pub struct WakeHandle(Event);

impl WakeHandle {
    /// A new handle. Fails only when the process is out of handles.
    pub fn new() -> io::Result<Self> {
        Event::new().map(Self)
    }

    /// An event is no descriptor.
    #[allow(clippy::unused_self)] // other systems have one
    pub fn descriptor(&self) -> Option<i32> {
        None
    }
}

impl Wake for WakeHandle {
    fn wake(&self) {
        self.0.set();
    }
    fn clear(&self) {
        self.0.clear();
    }
}

/// Lets Ctrl+C end a wait, also when it comes between the check for it and the wait.
#[derive(Debug)]
pub struct SignalGate(&'static Interrupts);

/// Ctrl+C and Ctrl+Break, as a wait sees them.
#[derive(Debug)]
struct Interrupts {
    came: Event,
    /// The thread that the system made for the last one. Level 4 (State); nothing is called while it is held.
    handler: OrderedMutex<Option<OwnedHandle>, STATE>,
}

/// One for the process, made by the first wait that Ctrl+C may end. `None`: the system refused.
static INTERRUPTS: OnceLock<Option<Interrupts>> = OnceLock::new();

impl SignalGate {
    /// From now on Ctrl+C ends the next wait, which may already have begun.
    pub fn close() -> io::Result<Self> {
        let interrupts = INTERRUPTS.get_or_init(|| {
            // SAFETY: the handler is a function of ours that is never removed.
            let heard = unsafe { SetConsoleCtrlHandler(Some(on_control), 1) } != 0;
            let came = heard.then(Event::new)?.ok()?;
            Some(Interrupts { came, handler: OrderedMutex::default() })
        });
        interrupts.as_ref().map(Self).ok_or_else(|| io::Error::other("the system does not tell us of Ctrl+C"))
    }
}

/// Called by the system, on a thread that it makes for this, before the handlers that were there before ours.
unsafe extern "system" fn on_control(kind: u32) -> BOOL {
    if let (CTRL_C_EVENT | CTRL_BREAK_EVENT, Some(Some(interrupts))) = (kind, INTERRUPTS.get()) {
        interrupts.note();
    }
    0 // Not handled: Python's own handler and the host's come next.
}

impl Interrupts {
    fn note(&self) {
        // SAFETY: the pseudo handle of this thread is valid as long as the thread runs; the clone is a real handle.
        let this_thread = unsafe { BorrowedHandle::borrow_raw(GetCurrentThread()) };
        *self.handler.lock() = this_thread.try_clone_to_owned().ok();
        self.came.set();
    }

    /// Forgets what came, after the other handlers had their turn: only then does Python know of the Ctrl+C.
    fn take(&self) {
        let handler = {
            let mut handler = self.handler.lock();
            self.came.clear();
            handler.take()
        };
        if let Some(thread) = handler {
            ends_within(thread.as_handle(), HANDLERS);
        }
    }
}

/// Starts a thread of ours.
pub(crate) fn start_thread(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.into()).spawn(body)?;
    Ok(())
}

/// Waits until `wake`, one of `sockets` or the child's log has something, the time is up (all false), or Ctrl+C came (`None`).
pub(crate) fn wait(
    wake: &WakeHandle,
    sockets: &[&Socket],
    log: Option<&Log>,
    until: Option<Instant>,
    gate: Option<&SignalGate>,
) -> io::Result<Option<Ready>> {
    let mut events = vec![wake.0.raw()];
    events.extend(sockets.iter().map(|socket| socket.begin_reading().raw()));
    events.extend(log.map(|log| log.begin_reading().raw()));
    events.extend(gate.map(|gate| gate.0.came.raw()));
    let left = until.map(|at| at.saturating_duration_since(Instant::now()));
    // SAFETY: at most four handles, all of them borrowed by the arguments and so open.
    let outcome = unsafe { WaitForMultipleObjects(events.len() as u32, events.as_ptr(), 0, milliseconds(left)) };
    if outcome == WAIT_FAILED {
        return Err(io::Error::last_os_error());
    }
    if let Some(gate) = gate.filter(|gate| gate.0.came.is_set()) {
        gate.0.take();
        return Ok(None);
    }
    let readable = (0..sockets.len()).filter(|at| sockets[*at].is_readable()).collect();
    Ok(Some(Ready { sockets: readable, log: log.is_some_and(Log::is_readable) }))
}

#[cfg(test)]
mod tests;
