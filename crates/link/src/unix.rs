//! What Linux and macOS share: the socket pair, signal masks, process groups, standard input.

use crate::child::Ending;
use crate::platform::ends_within;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, killpg, sigprocmask};
use nix::sys::socket::{setsockopt, sockopt};
use nix::unistd::Pid;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

/// How long a child that closed the link may take to end by itself.
const GRACE: Duration = Duration::from_millis(200);

/// Bytes that each end takes before its writer has to wait; as many as the system allows.
const ROOM: usize = 1 << 20;

/// One end of a link.
pub(crate) type Socket = UnixStream;

/// The reading end of the child's log.
pub(crate) type Log = File;

/// Holds signals back between the check for them and the wait, so that Ctrl+C in between still ends the wait.
#[derive(Debug)]
pub struct SignalGate {
    before: SigSet,
}

impl SignalGate {
    /// Blocks the signals of this thread until the wait (or the drop) lets them in.
    pub fn close() -> io::Result<Self> {
        let mut before = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), Some(&mut before))?;
        Ok(Self { before })
    }

    /// The signals that stay blocked during the wait: those that were blocked before.
    pub(crate) fn mask(&self) -> &SigSet {
        &self.before
    }
}

impl Drop for SignalGate {
    fn drop(&mut self) {
        // Restoring a mask that the kernel gave us cannot fail.
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None);
    }
}

/// Starts a thread of ours, which signals of the host do not reach.
pub(crate) fn start_thread(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.into()).spawn(move || {
        let _ = SigSet::all().thread_block();
        body();
    })?;
    Ok(())
}

/// Rounded up: a wait may not end before its time.
pub(crate) fn poll_timeout(left: Option<Duration>) -> PollTimeout {
    match left {
        None => PollTimeout::NONE,
        Some(left) => PollTimeout::try_from(left + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX),
    }
}

/// Waits until there is something to read or the other end is gone.
pub(crate) fn wait_readable(socket: &Socket) {
    let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
    while let Err(Errno::EINTR) = poll(&mut fds, PollTimeout::NONE) {}
}

/// Waits until the socket takes bytes again or is gone.
pub(crate) fn wait_writable(socket: &Socket) {
    let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
    while let Err(Errno::EINTR) = poll(&mut fds, PollTimeout::NONE) {}
}

/// Our end (non-blocking) and the child's end of a new link. No other process inherits either.
pub(crate) fn socket_pair() -> io::Result<(Socket, OwnedFd)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    for end in [&ours, &theirs] {
        let _ = setsockopt(end, sockopt::SndBuf, &ROOM); // without it bytes go more slowly
    }
    Ok((ours, theirs.into()))
}

/// Reading and writing end of a pipe for the child's log. Neither blocks: a child that floods loses lines, not time.
pub(crate) fn log_pipe() -> io::Result<(Log, OwnedFd)> {
    let (ours, theirs) = io::pipe()?;
    fcntl(&ours, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    fcntl(&theirs, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((File::from(OwnedFd::from(ours)), theirs.into()))
}

/// The UI process with everything that it starts: a process group.
#[derive(Debug)]
pub(crate) struct Family(Child);

impl Family {
    /// Starts `command` as the leader of a new process group.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        Ok(Self(command.process_group(0).spawn()?))
    }

    /// The UI process's number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether the UI process has ended; it is not waited for. One that just closed the link gets a moment to end.
    pub fn has_ended(&self) -> bool {
        ends_within(self.id(), GRACE)
    }

    /// Kills everybody. The child must not have been waited for, or its number may be somebody else's.
    pub fn kill(&self) {
        if let Ok(pid) = i32::try_from(self.id()) {
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL); // ESRCH: everybody is gone already
        }
    }

    /// Waits until the UI process has ended.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.0.wait()
    }
}

/// How a child ended.
pub(crate) fn describe(status: ExitStatus) -> Ending {
    let (code, signal) = (status.code(), status.signal());
    let words = match (code, signal) {
        (Some(code), _) => format!("it exited with code {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => "it ended".into(),
    };
    Ending { words, code, signal }
}

/// Ends this process and everything it started.
pub(crate) fn kill_own_group() {
    let _ = killpg(nix::unistd::getpgrp(), Signal::SIGKILL);
}

/// Duplicates standard input as the link and points standard input at nothing, so that no child inherits the link.
pub(crate) fn take_stdin() -> io::Result<Socket> {
    let link = io::stdin().as_fd().try_clone_to_owned()?;
    fcntl(&link, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let null = File::open("/dev/null")?;
    nix::unistd::dup2_stdin(&null)?;
    Ok(UnixStream::from(link))
}
