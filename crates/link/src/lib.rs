//! The two ends of the link between a host process and its UI process: transport, start and kill of the child, wake
//! handles, and who reads.
//!
//! Host end: [`Link`] (one per host process) and [`Port`] (one per view). UI end: [`Peer`].
//! `docs/decisions/0001-who-reads-the-link.md` has the measurements behind the thread layout.

mod backlog;
mod bell;
mod child;
mod host;
mod log;
mod mailbox;
mod outbound;
mod peer;
mod pending;
mod port;
mod ready;

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod platform;
#[cfg(target_os = "macos")]
#[path = "macos.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod platform;
#[cfg(unix)]
mod unix;
#[cfg(not(target_os = "linux"))]
pub mod watch;

pub use bell::Bell;
pub use child::ChildSpec;
pub use host::{Link, LinkError};
pub use log::{LOG_VARIABLE, LogError, MARK, start_log};
pub use mailbox::{Incoming, SendError, Tally, Ticket, Waited};
pub use peer::{Peer, exit_with_parent};
pub use platform::SignalGate;
pub use port::{Port, Question, Watch};

#[cfg(test)]
mod tests;
