//! What passes between the link and the ends of its views.

use crate::bell::Bell;
use crate::child::LogLine;
use crate::host::{Link, Loss};
use crate::platform::WakeHandle;
use crate::port::Event;
use auroraview_core::collect::Collected;
use auroraview_core::frame::{Frame, FrameError};
use auroraview_core::gate;
use auroraview_core::inbox::{Inbox, Wake};
use auroraview_core::lifecycle::Lifecycle;
use auroraview_core::limits::{MAX_BACKLOG_BYTES, MAX_BACKLOG_MESSAGES, MAX_HELD};
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// The inbox of a view, in the host.
pub(crate) type HostInbox = Inbox<Incoming, PortWake>;

/// Wakes the thread that drains a view: in a wait of ours by its handle, in the host's loop by the loop's bell.
#[derive(Debug)]
pub(crate) struct PortWake {
    pub handle: Arc<WakeHandle>,
    pub host: OnceLock<Arc<Bell>>,
}

impl Wake for PortWake {
    fn wake(&self) {
        self.handle.wake();
        if let Some(bell) = self.host.get() {
            bell.ring();
        }
    }
    /// The loop silences its bell itself, before it looks at any of its views: the bell is for all of them.
    fn clear(&self) {
        self.handle.clear();
    }
}

/// What became of the messages of a page. What was accepted is, in the end, processed or cancelled.
#[derive(Debug, Default)]
pub struct Tally {
    /// Calls and events that were let in.
    pub accepted: AtomicU64,
    /// Handled.
    pub processed: AtomicU64,
    /// Let in, but given up: by its caller, or because the view closed.
    pub cancelled: AtomicU64,
    /// Refused because the view was closing or too many bytes waited, bytes of the page that no message wants, and messages
    /// to the page that it never took.
    pub dropped: AtomicU64,
    /// Messages to the page that a newer one replaced, as their sender asked.
    pub coalesced: AtomicU64,
    /// Bytes that came with calls which are not handled.
    held: AtomicUsize,
}

impl Tally {
    /// Whether a call with so many bytes may be let in. Only the thread that reads the link lets calls in.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        bytes == 0 || self.held.load(Ordering::Relaxed) + bytes <= MAX_HELD
    }
}

/// An accepted message or operation. Closing the view waits until it is dropped.
#[derive(Debug)]
pub struct Ticket {
    _gate: gate::Ticket<Arc<Bell>>,
    tally: Option<Arc<Tally>>,
    handled: bool,
    /// Of [`Tally::held`].
    held: usize,
}

impl Ticket {
    /// Of the host's own work.
    pub(crate) fn of_host(gate: gate::Ticket<Arc<Bell>>) -> Self {
        Self { _gate: gate, tally: None, handled: false, held: 0 }
    }

    /// Of a message of the page, which holds so many bytes until it is handled.
    pub(crate) fn of_page(gate: gate::Ticket<Arc<Bell>>, tally: &Arc<Tally>, held: usize) -> Self {
        tally.accepted.fetch_add(1, Ordering::Relaxed);
        tally.held.fetch_add(held, Ordering::Relaxed);
        Self { _gate: gate, tally: Some(Arc::clone(tally)), handled: false, held }
    }

    /// It was handled. A ticket that is only dropped was cancelled.
    pub fn done(mut self) {
        self.handled = true;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(tally) = &self.tally {
            tally.held.fetch_sub(self.held, Ordering::Relaxed);
            let counter = if self.handled { &tally.processed } else { &tally.cancelled };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Where the link puts what arrives for a view. `drainer`: the view whose inbox the calling thread drains next anyway, so
/// that it needs no wake-up.
pub(crate) trait Mailbox: Send + Sync {
    /// A message of the UI process or of the page.
    fn receive(&self, frame: Frame, drainer: Option<u32>);
    /// Something that came by a direct connection, or its end.
    fn direct(&self, event: Event, drainer: Option<u32>);
    /// A line of the UI process's log.
    fn log(&self, line: LogLine, drainer: Option<u32>);
    /// The UI process of `link` is gone.
    fn lost(&self, link: &Link, loss: &Loss);
}

/// Something for the thread that drains a view.
#[derive(Debug)]
pub enum Incoming {
    /// A message of the UI process or of the page, and its attachments. What a page asks for or tells carries a ticket:
    /// closing waits for it.
    Frame(Frame, Option<Ticket>, Vec<Collected>),
    /// The view's state changed: from the first to the second.
    Lifecycle(Lifecycle, Lifecycle),
    /// A line of the UI process's log.
    Log(LogLine),
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
