//! Linux: eventfd, ppoll, pidfd.

use crate::peer::Peer;
use crate::ready::Ready;
use crate::unix::{kill_own_group, poll_timeout};
use auroraview_core::inbox::Wake;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::socket::{MsgFlags, getsockopt, send, sockopt};
use nix::sys::time::TimeSpec;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use crate::unix::SignalGate;

/// What hears of new direct connections.
pub(crate) type Listener = Socket;
pub(crate) use crate::unix::{
    Family, Log, Socket, describe, log_pipe, socket_pair, start_thread, take_stdin, wait_readable, wait_writable,
};

/// Whether the system tells when a file that was written is closed, so that what comes before need not be looked at.
pub(crate) const TELLS_END_OF_WRITING: bool = true;

/// What makes a waiting thread look at its inbox.
#[derive(Debug)]
pub struct WakeHandle(EventFd);

impl WakeHandle {
    /// A new handle. Fails only when the process is out of descriptors.
    pub fn new() -> io::Result<Self> {
        Ok(Self(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?))
    }

    /// What becomes readable.
    #[allow(clippy::unnecessary_wraps)] // other systems have none
    pub fn descriptor(&self) -> Option<RawFd> {
        Some(self.0.as_raw_fd())
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

/// Waits until `wake`, one of `sockets` or the child's log has something, the time is up (all false), or a signal came (`None`).
pub(crate) fn wait(
    wake: &WakeHandle,
    sockets: &[&Socket],
    log: Option<&Log>,
    until: Option<Instant>,
    gate: Option<&SignalGate>,
) -> io::Result<Option<Ready>> {
    let mut fds = vec![PollFd::new(wake.0.as_fd(), PollFlags::POLLIN)];
    fds.extend(sockets.iter().map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)));
    fds.extend(log.map(|log| PollFd::new(log.as_fd(), PollFlags::POLLIN)));
    let left = until.map(|at| at.saturating_duration_since(Instant::now()));
    let outcome = match gate {
        Some(gate) => ppoll(&mut fds, left.map(TimeSpec::from_duration), Some(*gate.mask())),
        None => poll(&mut fds, poll_timeout(left)),
    };
    match outcome {
        Ok(_) => {
            let ready = |n: usize| fds.get(n).and_then(PollFd::any).unwrap_or(false);
            let log_at = 1 + sockets.len();
            let sockets = (0..sockets.len()).filter(|at| ready(1 + at)).collect();
            Ok(Some(Ready { sockets, log: log.is_some() && ready(log_at) }))
        }
        Err(Errno::EINTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Writes what the socket takes now, without a SIGPIPE for hosts that did not ignore it.
pub(crate) fn write_some(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    Ok(send(socket.as_raw_fd(), bytes, MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT)?)
}

/// Listens for direct connections under the abstract name `name`.
pub(crate) fn listen(name: &str) -> io::Result<Option<Listener>> {
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(name)?)?;
    listener.set_nonblocking(true)?;
    // Held as a socket, so that everything that a leader waits for is one.
    Ok(Some(Socket::from(OwnedFd::from(listener))))
}

/// The next one who wants a direct connection; `None`: nobody does, or it is another user's process.
pub(crate) fn accept(listener: &Listener) -> io::Result<Option<Socket>> {
    let listener = UnixListener::from(listener.as_fd().try_clone_to_owned()?);
    let (socket, _) = match listener.accept() {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
        accepted => accepted?,
    };
    let peer = getsockopt(&socket, sockopt::PeerCredentials)?;
    socket.set_nonblocking(true)?;
    Ok((peer.uid() == rustix::process::geteuid().as_raw()).then_some(socket))
}

/// Writes what the socket takes now of both, one behind the other.
pub(crate) fn write_both(socket: &Socket, first: &[u8], then: &[u8]) -> io::Result<usize> {
    let (parts, flags) = ([IoSlice::new(first), IoSlice::new(then)], SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
    Ok(sendmsg(socket, &parts, &mut SendAncillaryBuffer::default(), flags)?)
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
