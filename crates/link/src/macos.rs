//! macOS: a pipe as wake handle, poll and pselect, kqueue for processes. Checked by the compiler only; see
//! `docs/platforms.md`.

use crate::ready::Ready;
use crate::unix::{self, kill_own_group, poll_timeout};
use auroraview_core::inbox::Wake;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};
use nix::sys::select::{FD_SETSIZE, FdSet, pselect};
use nix::sys::socket::{MsgFlags, send};
use nix::sys::time::TimeSpec;
use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use crate::no_lane::{Listener, accept, listen};
pub use crate::unix::SignalGate;
pub(crate) use crate::unix::{Family, Log, Socket, describe, log_pipe, start_thread, wait_readable, wait_writable};

/// Whether the system tells when a file that was written is closed, so that what comes before need not be looked at.
pub(crate) const TELLS_END_OF_WRITING: bool = false;

/// What makes a waiting thread look at its inbox: a pipe, of which neither end blocks.
#[derive(Debug)]
pub struct WakeHandle {
    reader: File,
    writer: File,
}

impl WakeHandle {
    /// A new handle. Fails only when the process is out of descriptors.
    pub fn new() -> io::Result<Self> {
        let (reader, writer) = log_pipe()?;
        Ok(Self { reader, writer: File::from(writer) })
    }

    /// What becomes readable.
    #[allow(clippy::unnecessary_wraps)] // other systems have none
    pub fn descriptor(&self) -> Option<i32> {
        Some(self.reader.as_raw_fd())
    }
}

impl Wake for WakeHandle {
    fn wake(&self) {
        let _ = (&self.writer).write(&[1]); // a full pipe is a wake-up as well
    }
    fn clear(&self) {
        let mut bytes = [0; 64];
        while let Ok(count @ 1..) = (&self.reader).read(&mut bytes)
            && count == bytes.len()
        {}
    }
}

/// Waits until `wake`, one of `sockets` or the child's log has something, the time is up (all false), or a signal came (`None`).
pub(crate) fn wait(
    wake: &WakeHandle,
    sockets: &[&Socket],
    log: Option<&Log>,
    until: Option<Instant>,
    gate: Option<&SignalGate>,
) -> io::Result<Option<Ready>> {
    let mut fds = vec![wake.reader.as_fd()];
    fds.extend(sockets.iter().map(AsFd::as_fd));
    fds.extend(log.map(AsFd::as_fd));
    let left = until.map(|at| at.saturating_duration_since(Instant::now()));
    let outcome = match gate {
        Some(gate) => wait_with_signals(&fds, left, gate),
        None => wait_without_signals(&fds, left),
    };
    match outcome {
        Ok(ready) => {
            let log_at = 1 + sockets.len();
            let is_ready = |at: usize| ready.get(at).copied().unwrap_or(false);
            let sockets = (0..sockets.len()).filter(|at| is_ready(1 + at)).collect();
            Ok(Some(Ready { sockets, log: log.is_some() && is_ready(log_at) }))
        }
        Err(Errno::EINTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn wait_without_signals(fds: &[BorrowedFd<'_>], left: Option<Duration>) -> Result<Vec<bool>, Errno> {
    let mut fds: Vec<_> = fds.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    poll(&mut fds, poll_timeout(left))?;
    Ok(fds.iter().map(|fd| fd.any().unwrap_or(false)).collect())
}

/// There is no ppoll here, and pselect takes only small descriptors: in a process with more than a thousand open files
/// a wait that Ctrl+C may end is refused.
fn wait_with_signals(fds: &[BorrowedFd<'_>], left: Option<Duration>, gate: &SignalGate) -> Result<Vec<bool>, Errno> {
    let mut set = FdSet::new();
    for fd in fds {
        if usize::try_from(fd.as_raw_fd()).is_ok_and(|fd| fd >= FD_SETSIZE) {
            return Err(Errno::EMFILE);
        }
        set.insert(*fd);
    }
    pselect(None, &mut set, None, None, left.map(TimeSpec::from_duration).as_ref(), gate.mask())?;
    Ok(fds.iter().map(|fd| set.contains(*fd)).collect())
}

/// Our end (non-blocking) and the child's end of a new link. No other process inherits either.
pub(crate) fn socket_pair() -> io::Result<(Socket, OwnedFd)> {
    let (ours, theirs) = unix::socket_pair()?;
    rustix::net::sockopt::set_socket_nosigpipe(&ours, true)?;
    Ok((ours, theirs))
}

/// Takes standard input over as the link.
pub(crate) fn take_stdin() -> io::Result<Socket> {
    let link = unix::take_stdin()?;
    rustix::net::sockopt::set_socket_nosigpipe(&link, true)?;
    Ok(link)
}

/// Writes what the socket takes now. It was made so that it raises no SIGPIPE.
pub(crate) fn write_some(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    Ok(send(socket.as_raw_fd(), bytes, MsgFlags::MSG_DONTWAIT)?)
}

/// Writes what the socket takes now of both, one behind the other.
pub(crate) fn write_both(mut socket: &Socket, first: &[u8], then: &[u8]) -> io::Result<usize> {
    socket.write_vectored(&[IoSlice::new(first), IoSlice::new(then)])
}

/// Whether the child ends within `grace`, or has ended; it is not waited for.
pub(crate) fn ends_within(child: u32, grace: Duration) -> bool {
    let Ok(queue) = Kqueue::new() else { return true };
    let mut events = [nothing()];
    let timeout = TimeSpec::from_duration(grace);
    // One that has ended already is reported as an error (ESRCH), which is an event as well.
    !matches!(queue.kevent(&[process_end(child)], &mut events, Some(*timeout.as_ref())), Ok(0))
}

/// Ends this process's whole group when the process at the other end of `link` closes it or dies.
///
/// A thread of its own, so that it works while the main loop is stuck; it costs nothing while nothing happens. The
/// parent is watched too, since a `fork()` in the host keeps the other end of the link open.
pub(crate) fn exit_with_parent(link: Arc<Socket>) -> io::Result<()> {
    let queue = Kqueue::new()?;
    // Data is not awaited: with this mark only the end of the stream counts, and each change is told once.
    let link_id = usize::try_from(link.as_raw_fd()).map_err(io::Error::other)?;
    let flags = EvFlags::EV_ADD | EvFlags::EV_CLEAR;
    let end = KEvent::new(link_id, EventFilter::EVFILT_READ, flags, FilterFlag::NOTE_LOWAT, i32::MAX as isize, 0);
    queue.kevent(&[end], &mut [], None)?;
    start_thread("parent-watch", move || {
        let _kept_open = link;
        let parent = std::os::unix::process::parent_id();
        let mut changes: &[KEvent] = &[process_end(parent)];
        let mut events = [nothing()];
        loop {
            match queue.kevent(changes, &mut events, None) {
                Ok(1) if !is_end(&events[0]) => {}
                Err(Errno::EINTR) => {}
                _ => break,
            }
            changes = &[];
        }
        kill_own_group();
    })
}

/// The parent has ended (or is not there any more), or the link has.
fn is_end(event: &KEvent) -> bool {
    matches!(event.filter(), Ok(EventFilter::EVFILT_PROC))
        || event.flags().intersects(EvFlags::EV_EOF | EvFlags::EV_ERROR)
}

fn process_end(pid: u32) -> KEvent {
    let flags = EvFlags::EV_ADD | EvFlags::EV_ONESHOT;
    KEvent::new(pid as usize, EventFilter::EVFILT_PROC, flags, FilterFlag::NOTE_EXIT, 0, 0)
}

/// Room for an event.
fn nothing() -> KEvent {
    KEvent::new(0, EventFilter::EVFILT_READ, EvFlags::empty(), FilterFlag::empty(), 0, 0)
}
