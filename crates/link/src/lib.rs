//! The two ends of the link between a host process and its UI process: transport, start and kill of the child, wake
//! handles, and who reads.
//!
//! Host end: [`Link`] (one per host process) and [`Port`] (one per view). UI end: [`Peer`].
//! `docs/decisions/0001-who-reads-the-link.md` has the measurements behind the thread layout.

mod backlog;
mod bell;
mod child;
mod direct;
mod files;
mod host;
mod log;
mod mailbox;
mod outbound;
mod parcel;
mod peer;
mod pending;
mod port;
mod ready;
mod watchdog;

#[cfg(not(target_os = "linux"))]
mod no_lane;
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
pub mod watch;

pub use auroraview_core::collect::{Chunks, Collected};
pub use bell::Bell;
pub use child::{ChildSpec, LogLine};
pub use direct::LANE_VARIABLE;
pub use files::FileWatch;
pub use host::{Link, LinkError, Loss};
pub use log::{LOG_VARIABLE, LogError, MARK, start_log};
pub use mailbox::{Incoming, SendError, Tally, Ticket, Waited};
pub use parcel::{Attachment, Shared};
pub use peer::{Peer, exit_with_parent};
pub use platform::SignalGate;
pub use port::{Port, Question, Watch};
pub use watchdog::{Alarm, GRACE, Overdue, Watchdog};

#[cfg(test)]
mod tests;
