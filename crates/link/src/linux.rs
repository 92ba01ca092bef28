//! Linux: eventfd, ppoll, pidfd.

use crate::peer::Peer;
use crate::ready::Ready;
use crate::unix::{kill_own_group, poll_timeout};
use auroraview_core::inbox::Wake;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::socket::{MsgFlags, send};
use nix::sys::time::TimeSpec;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use crate::unix::SignalGate;
pub(crate) use crate::unix::{
    Family, Log, Socket, describe, log_pipe, socket_pair, start_thread, take_stdin, wait_writable,
};

/// What makes a waiting thread look at its inbox.
#[derive(Debug)]
pub struct WakeHandle(EventFd);

impl WakeHandle {
    /// A new handle. Fails only when the process is out of descriptors.
    pub fn new() -> io::Result<Self> {
        Ok(Self(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?))
    }
}

impl Wake for WakeHandle {
    fn wake(&self) {
        // The counter cannot overflow in practice, and a full counter is a wake-up as well.
        let _ = self.0.write(1);
    }
    fn clear(&self) {
        let _ = self.0.read(); // WouldBlock: nothing to forget
    }
}

impl Peer {
    /// The descriptor for the loop to watch.
    pub fn as_raw_fd(&self) -> RawFd {
        self.socket().as_raw_fd()
    }
}

/// Waits until `wake`, the link or the child's log has something, the time is up (all false), or a signal came (`None`).
pub(crate) fn wait(
    wake: &WakeHandle,
    link: Option<&Socket>,
    log: Option<&Log>,
    until: Option<Instant>,
    gate: Option<&SignalGate>,
) -> io::Result<Option<Ready>> {
    let mut fds = vec![PollFd::new(wake.0.as_fd(), PollFlags::POLLIN)];
    fds.extend(link.map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)));
    fds.extend(log.map(|log| PollFd::new(log.as_fd(), PollFlags::POLLIN)));
    let left = until.map(|at| at.saturating_duration_since(Instant::now()));
    let outcome = match gate {
        Some(gate) => ppoll(&mut fds, left.map(TimeSpec::from_duration), Some(*gate.mask())),
        None => poll(&mut fds, poll_timeout(left)),
    };
    match outcome {
        Ok(_) => {
            let ready = |n: usize| fds.get(n).and_then(PollFd::any).unwrap_or(false);
            let (link_at, log_at) = (1, 1 + usize::from(link.is_some()));
            Ok(Some(Ready { link: link.is_some() && ready(link_at), log: log.is_some() && ready(log_at) }))
        }
        Err(Errno::EINTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Writes what the socket takes now, without a SIGPIPE for hosts that did not ignore it.
pub(crate) fn write_some(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    Ok(send(socket.as_raw_fd(), bytes, MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT)?)
}

/// Whether the child ends within `grace`, or has ended; it is not waited for.
pub(crate) fn ends_within(child: u32, grace: Duration) -> bool {
    let pid = i32::try_from(child).ok().and_then(Pid::from_raw);
    let open = |pid| pidfd_open(pid, PidfdFlags::empty()).ok();
    let Some(pidfd) = pid.and_then(open) else { return true };
    let mut fds = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
    matches!(poll(&mut fds, poll_timeout(Some(grace))), Ok(1))
}

/// Ends this process's whole group when the process at the other end of `link` closes it or dies.
///
/// A thread of its own, so that it works while the main loop is stuck; it costs nothing while nothing happens. The
/// parent's pidfd is watched too, since a `fork()` in the host keeps the other end of the link open.
pub(crate) fn exit_with_parent(link: Arc<Socket>) -> io::Result<()> {
    let parent = pidfd_of_parent()?;
    start_thread("parent-watch", move || {
        // No event is asked for: the end of the stream is reported anyway.
        let mut fds = vec![PollFd::new(link.as_fd(), PollFlags::empty())];
        if let Some(parent) = &parent {
            fds.push(PollFd::new(parent.as_fd(), PollFlags::POLLIN));
        }
        while let Err(Errno::EINTR) = poll(&mut fds, PollTimeout::NONE) {}
        kill_own_group();
    })
}

/// `None` where the kernel has no pidfd: then the end of the link alone has to do.
fn pidfd_of_parent() -> io::Result<Option<OwnedFd>> {
    let Some(parent) = rustix::process::getppid() else { return Ok(None) };
    match pidfd_open(parent, PidfdFlags::empty()) {
        Ok(fd) => Ok(Some(fd)),
        Err(rustix::io::Errno::NOSYS) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
