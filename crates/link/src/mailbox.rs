//! What passes between the link and the ends of its views.

use crate::bell::Bell;
use crate::platform::WakeHandle;
use auroraview_core::frame::{Frame, FrameError};
use auroraview_core::gate;
use auroraview_core::inbox::Inbox;
use auroraview_core::lifecycle::Lifecycle;
use auroraview_core::limits::{MAX_BACKLOG_BYTES, MAX_BACKLOG_MESSAGES};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The inbox of a view, in the host.
pub(crate) type HostInbox = Inbox<Incoming, Arc<WakeHandle>>;

/// What became of the messages of a page. What was accepted is, in the end, processed or cancelled.
#[derive(Debug, Default)]
pub struct Tally {
    /// Calls and events that were let in.
    pub accepted: AtomicU64,
    /// Handled.
    pub processed: AtomicU64,
    /// Let in, but given up: by its caller, or because the view closed.
    pub cancelled: AtomicU64,
    /// Refused because the view was closing; and messages to the page that it never took.
    pub dropped: AtomicU64,
    /// Messages to the page that a newer one replaced, as their sender asked.
    pub coalesced: AtomicU64,
}

/// An accepted message or operation. Closing the view waits until it is dropped.
#[derive(Debug)]
pub struct Ticket {
    _gate: gate::Ticket<Arc<Bell>>,
    tally: Option<Arc<Tally>>,
}

impl Ticket {
    pub(crate) fn new(gate: gate::Ticket<Arc<Bell>>, tally: Option<&Arc<Tally>>) -> Self {
        if let Some(tally) = tally {
            tally.accepted.fetch_add(1, Ordering::Relaxed);
        }
        Self { _gate: gate, tally: tally.map(Arc::clone) }
    }

    /// It was handled. A ticket that is only dropped was cancelled.
    pub fn done(mut self) {
        if let Some(tally) = self.tally.take() {
            tally.processed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(tally) = &self.tally {
            tally.cancelled.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Where the link puts what arrives for a view. `drainer`: the view whose inbox the calling thread drains next anyway, so
/// that it needs no wake-up.
pub(crate) trait Mailbox: Send + Sync {
    /// A message of the UI process or of the page.
    fn receive(&self, frame: Frame, drainer: Option<u32>);
    /// A line of the UI process's log.
    fn log(&self, line: String, drainer: Option<u32>);
    /// The UI process is gone.
    fn lost(&self, why: &Arc<str>);
}

/// Something for the thread that drains a view.
#[derive(Debug)]
pub enum Incoming {
    /// A message of the UI process or of the page. What a page asks for or tells carries a ticket: closing waits for it.
    Frame(Frame, Option<Ticket>),
    /// The view's state changed: from the first to the second.
    Lifecycle(Lifecycle, Lifecycle),
    /// A line of the UI process's log.
    Log(String),
    /// The UI process is gone; why.
    Lost(Arc<str>),
    /// Nothing, but look again at your own list.
    Nudge,
}

/// Why a message was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The view is closing or closed.
    #[error("the view is closed")]
    Closed,
    /// The page does not take messages as fast as they are sent.
    #[error(
        "{messages} messages wait for the page, which does not take them (bound: {MAX_BACKLOG_MESSAGES} messages or {} MiB)",
        MAX_BACKLOG_BYTES >> 20
    )]
    Full {
        /// Messages waiting.
        messages: usize,
    },
    /// The view has no UI process yet.
    #[error("the view is not shown yet")]
    NotShown,
    /// The message cannot be framed.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The operating system gives us no more descriptors or threads.
    #[error("the operating system refused: {0}")]
    System(#[from] io::Error),
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// There is something to drain, or the answer came.
    Ready,
    /// The time is up.
    TimedOut,
    /// A signal came; the caller looks at it and waits again.
    Interrupted,
}
