//! Linux: socketpair, eventfd, poll, process groups, pidfd.

use auroraview_core::inbox::Wake;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, killpg, sigprocmask};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, send, socketpair};
use nix::sys::time::TimeSpec;
use nix::unistd::{Pid, pipe2};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// One end of a link.
pub(crate) type Socket = UnixStream;

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

/// Holds signals back between the check for them and the wait, so that Ctrl+C in between still ends the wait.
#[derive(Debug)]
pub struct SignalGate(SigSet);

impl SignalGate {
    /// Blocks the signals of this thread until the wait (or the drop) lets them in.
    pub fn close() -> io::Result<Self> {
        let mut before = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), Some(&mut before))?;
        Ok(Self(before))
    }
}

impl Drop for SignalGate {
    fn drop(&mut self) {
        // Restoring a mask that the kernel gave us cannot fail.
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.0), None);
    }
}

/// Which of the descriptors of a wait are ready.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Ready {
    pub link: bool,
    pub log: bool,
}

/// Waits until `wake`, the link or the child's log has something, the time is up (all false), or a signal came (`None`).
pub(crate) fn wait(
    wake: &WakeHandle,
    link: Option<&Socket>,
    log: Option<&File>,
    until: Option<Instant>,
    gate: Option<&SignalGate>,
) -> io::Result<Option<Ready>> {
    let mut fds = vec![PollFd::new(wake.0.as_fd(), PollFlags::POLLIN)];
    fds.extend(link.map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)));
    fds.extend(log.map(|log| PollFd::new(log.as_fd(), PollFlags::POLLIN)));
    let left = until.map(|at| at.saturating_duration_since(Instant::now()));
    let outcome = match gate {
        Some(gate) => ppoll(&mut fds, left.map(TimeSpec::from_duration), Some(gate.0)),
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

/// Rounded up: a wait may not end before its time.
fn poll_timeout(left: Option<Duration>) -> PollTimeout {
    match left {
        None => PollTimeout::NONE,
        Some(left) => PollTimeout::try_from(left + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX),
    }
}

/// Waits until the socket takes bytes again or is gone.
pub(crate) fn wait_writable(socket: &Socket) {
    let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
    while let Err(Errno::EINTR) = poll(&mut fds, PollTimeout::NONE) {}
}

/// Writes what the socket takes now, without a SIGPIPE for hosts that did not ignore it.
pub(crate) fn write_some(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    Ok(send(socket.as_raw_fd(), bytes, MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT)?)
}

/// Keeps signals of the host away from a thread of ours.
pub(crate) fn block_signals() {
    let _ = SigSet::all().thread_block();
}

/// Our end (non-blocking) and the child's end of a new link.
pub(crate) fn socket_pair() -> io::Result<(Socket, OwnedFd)> {
    let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)?;
    let ours = UnixStream::from(ours);
    ours.set_nonblocking(true)?;
    Ok((ours, theirs))
}

/// Reading and writing end of a pipe for the child's log. Neither blocks: a child that floods loses lines, not time.
pub(crate) fn log_pipe() -> io::Result<(File, OwnedFd)> {
    let (ours, theirs) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
    Ok((File::from(ours), theirs))
}

/// How a child ended, for people.
pub(crate) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it exited with code {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => "it ended".into(),
    }
}

/// Makes `command` the leader of a new process group, so that the whole family can be killed.
pub(crate) fn own_group(command: &mut Command) {
    command.process_group(0);
}

/// Kills the child's process group. The child must not have been waited for, or its number may be somebody else's.
pub(crate) fn kill_group(child: &Child) {
    if let Ok(pid) = i32::try_from(child.id()) {
        let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL); // ESRCH: everybody is gone already
    }
}

/// Whether the child has ended; it is not waited for. A child that just closed the link gets a moment to end.
pub(crate) fn has_ended(child: &Child) -> bool {
    const GRACE: Duration = Duration::from_millis(200);
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    let open = |pid| rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok();
    let Some(pidfd) = pid.and_then(open) else { return true };
    let mut fds = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
    matches!(poll(&mut fds, poll_timeout(Some(GRACE))), Ok(1))
}

/// Ends this process's whole group when the process at the other end of `link` closes it or dies.
///
/// A thread of its own, so that it works while the main loop is stuck; it costs nothing while nothing happens. The
/// parent's pidfd is watched too, since a `fork()` in the host keeps the other end of the link open.
pub(crate) fn exit_with_parent(link: Socket) -> io::Result<()> {
    let parent = pidfd_of_parent()?;
    // No event is asked for: the end of the stream is reported anyway.
    std::thread::Builder::new().name("parent-watch".into()).spawn(move || {
        block_signals();
        let mut fds = vec![PollFd::new(link.as_fd(), PollFlags::empty())];
        if let Some(parent) = &parent {
            fds.push(PollFd::new(parent.as_fd(), PollFlags::POLLIN));
        }
        while let Err(Errno::EINTR) = poll(&mut fds, PollTimeout::NONE) {}
        let _ = killpg(nix::unistd::getpgrp(), Signal::SIGKILL);
    })?;
    Ok(())
}

/// `None` where the kernel has no pidfd: then the end of the link alone has to do.
fn pidfd_of_parent() -> io::Result<Option<OwnedFd>> {
    let Some(parent) = rustix::process::getppid() else { return Ok(None) };
    match rustix::process::pidfd_open(parent, rustix::process::PidfdFlags::empty()) {
        Ok(fd) => Ok(Some(fd)),
        Err(rustix::io::Errno::NOSYS) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Duplicates standard input as the link and points standard input at nothing, so that no child inherits the link.
pub(crate) fn take_stdin() -> io::Result<Socket> {
    let link = io::stdin().as_fd().try_clone_to_owned()?;
    fcntl(&link, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let null = std::fs::File::open("/dev/null")?;
    nix::unistd::dup2_stdin(&null)?;
    Ok(UnixStream::from(link))
}
