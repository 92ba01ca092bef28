//! What comes to a port: from the page, from the UI process, and the loss of that.

use super::{Event, Port};
use crate::child::LogLine;
use crate::host::{Link, Loss};
use crate::mailbox::{Incoming, Mailbox, Ticket};
use crate::pending::Answered;
use auroraview_core::collect::Collected;
use auroraview_core::frame::Frame;
use auroraview_core::inbox::Urgency;
use auroraview_core::lifecycle::Lifecycle;
use auroraview_core::wire::{CUT, ErrorCode, ErrorObject, Header, Kind, LoadState, Loading, Notice, error_text};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tracing::debug;

/// As the rest of the port says it (`docs/logging.md`).
const TARGET: &str = "auroraview_link::port";
/// What names bytes that are of no use to any message.
const DROPPED: &[u8] = br#"{"jsonrpc":"2.0","method":"$/dropped"}"#;

impl Port {
    /// What a page asks for or tells: accepted with a ticket, or refused because the view is closing.
    fn accept(&self, frame: Frame, attachments: Vec<Collected>, drainer: Option<u32>) {
        let bytes = attachments.iter().map(Collected::len).sum();
        let is_call = frame.header.kind == Kind::Request;
        match self.gate.begin_operation() {
            // Events are bounded by the page's credit.
            Ok(_) if is_call && !self.tally.has_room(bytes) => {
                self.refuse(
                    frame.header,
                    ErrorCode::Busy,
                    "too many bytes wait for Python; wait for calls that carry some",
                );
            }
            Ok(ticket) => {
                let ticket = Ticket::of_page(ticket, &self.tally, if is_call { bytes } else { 0 });
                self.put(Urgency::Ordinary, Incoming::Frame(frame, Some(ticket), attachments), drainer);
            }
            Err(_) => self.refuse(frame.header, ErrorCode::Closed, "the view is closing"),
        }
    }

    fn refuse(&self, header: Header, code: ErrorCode, why: &str) {
        self.tally.dropped.fetch_add(1, Ordering::Relaxed);
        let Some(id) = header.id else { return };
        let error = ErrorObject::new(code, why);
        if let Ok(body) = error_text(id, &error) {
            // A link that is gone has no page that waits for it.
            let header = Header::new(header.view, header.doc, Kind::Response, Some(id));
            let _ = self.send_control(self.link().as_deref(), Frame { header, body }, Vec::new());
        }
    }

    /// What the UI process says about the view itself. An unreadable notice is passed on; Python logs it.
    fn notice(&self, frame: Frame, drainer: Option<u32>) {
        match serde_json::from_slice(&frame.body) {
            Ok(Notice::Delivered { messages, bytes, coalesced }) => {
                self.tally.coalesced.fetch_add(coalesced as u64, Ordering::Relaxed);
                return self.backlog.leave(messages, bytes);
            }
            Ok(Notice::Created { .. }) => drop(self.lifecycle.advance(Lifecycle::Active)),
            Ok(Notice::Closed { undelivered, .. }) => {
                let undelivered = undelivered + self.route.lock().waiting();
                self.tally.dropped.fetch_add(undelivered as u64, Ordering::Relaxed);
                self.request_close();
                self.end("the view is closed", drainer);
            }
            Ok(Notice::Document { doc, nonce, .. }) => self.direct(Event::Document { doc, nonce }, drainer),
            Ok(Notice::Lane { doc, asked }) => return self.direct(Event::Switched(doc, asked), drainer),
            Ok(Notice::Loading(Loading { state: LoadState::Committed, .. })) => {
                self.left("the page navigated away", drainer);
            }
            Ok(Notice::Refused { reason, .. }) if reason == CUT => self.direct(Event::Cut, drainer),
            Ok(Notice::Crashed { .. }) => self.left("the web process is gone", drainer),
            Ok(Notice::Failed { .. }) => self.end("the view could not be made", drainer),
            _ => {}
        }
        self.put(Urgency::Ordinary, Incoming::Frame(frame, None, Vec::new()), drainer);
    }

    /// The document is gone, and why. What it sent and no message named is nobody's.
    fn left(&self, why: &'static str, drainer: Option<u32>) {
        self.chunks.lock().clear();
        self.direct(Event::Left(why), drainer);
    }

    /// Nothing will come any more: everybody who waits is told.
    fn end(&self, why: &str, drainer: Option<u32>) {
        self.gate.shutdown();
        self.lifecycle.advance(Lifecycle::Destroying);
        self.backlog.room.wake_all();
        self.chunks.lock().clear();
        if let Some(link) = self.link() {
            link.hang_up_view(self.view);
        }
        self.fail_pending(ErrorCode::Closed, why, drainer);
    }

    /// Everybody who waits for an answer gets this one.
    pub(super) fn fail_pending(&self, code: ErrorCode, why: &str, drainer: Option<u32>) {
        for frame in self.pending.fail_all(self.view, code, why) {
            self.put(Urgency::Ordinary, Incoming::Frame(frame, None, Vec::new()), drainer);
        }
    }

    /// The page and its UI process are gone: what they had not taken is, too, and nobody will answer. The view waits for
    /// another process.
    fn outlive(&self, link: &Link, why: &str) {
        if link.has_lane()
            && let Err(error) = self.put_event(Event::Lost, None)
        {
            debug!(target: TARGET, view = self.view, %error, "the way of the messages");
        }
        let undelivered = self.backlog.restart(0, 0);
        self.tally.dropped.fetch_add(undelivered as u64, Ordering::Relaxed);
        self.chunks.lock().clear();
        self.fail_pending(ErrorCode::Navigated, why, None);
    }

    /// The attachments of a message, which came before it.
    fn attachments(&self, numbers: &[u64]) -> Vec<Collected> {
        if numbers.is_empty() { Vec::new() } else { self.chunks.lock().take(numbers) }
    }

    fn put(&self, urgency: Urgency, message: Incoming, drainer: Option<u32>) {
        if drainer == Some(self.view) {
            self.inbox.push_from_drainer(urgency, message);
        } else {
            self.inbox.push(urgency, message);
        }
    }
}

impl Mailbox for Port {
    fn receive(&self, frame: Frame, drainer: Option<u32>) {
        let Header { view, doc, kind, id, .. } = frame.header;
        debug!(target: TARGET, view, doc, ?kind, id, bytes = frame.body.len(), "receive");
        match (kind, doc) {
            (Kind::Request, Some(doc)) => self.direct(Event::Called(doc), drainer),
            // The UI process lets no document send more than a message may have.
            (Kind::Chunk, _) => {
                if !self.chunks.lock().add(id.unwrap_or_default(), frame.body) {
                    self.count_dropped();
                }
                return;
            }
            _ => {}
        }
        let attachments = self.attachments(&frame.header.att);
        if kind == Kind::Control && self.has_lane() {
            return self.direct(Event::Told(frame, attachments), drainer);
        }
        self.take(frame, attachments, drainer);
    }

    fn direct(&self, event: Event, drainer: Option<u32>) {
        if self.has_lane()
            && let Err(error) = self.put_event(event, drainer)
        {
            debug!(target: TARGET, view = self.view, %error, "the way of the messages");
        }
    }

    fn log(&self, line: LogLine, drainer: Option<u32>) {
        self.put(Urgency::Ordinary, Incoming::Log(line), drainer);
    }

    fn lost(&self, link: &Link, loss: &Loss) {
        let ends = loss.hopeless || !self.recovers.load(Ordering::Acquire);
        if ends && self.counts_on(link) {
            self.gate.shutdown();
            self.lifecycle.advance(Lifecycle::Destroying); // nobody may take it for one that was never shown
        }
        if !self.detach(link) {
            return; // it was told before
        }
        if ends || self.lifecycle.state() >= Lifecycle::CloseRequested {
            self.end(&loss.why, None);
        } else {
            self.outlive(link, &loss.why);
        }
        self.put(Urgency::Ordinary, Incoming::Lost(Arc::clone(&loss.why)), None);
    }
}

impl Port {
    /// Takes a message, whichever way it came.
    pub(super) fn take(&self, frame: Frame, attachments: Vec<Collected>, drainer: Option<u32>) {
        match (frame.header.kind, frame.header.doc) {
            (Kind::Response, _) => self.answered(frame, attachments, drainer),
            (Kind::Notify, None) => self.notice(frame, drainer),
            (Kind::Request, None) => {
                self.put(Urgency::Ordinary, Incoming::Frame(frame, None, attachments), drainer);
            }
            (Kind::Notify | Kind::Request, Some(_)) => self.accept(frame, attachments, drainer),
            (Kind::Control, _) if !attachments.is_empty() && frame.body == DROPPED => self.count_dropped(),
            (Kind::Control, _) => self.put(Urgency::Urgent, Incoming::Frame(frame, None, attachments), drainer),
            (Kind::Chunk, _) => {} // kept when it came
        }
    }

    pub(super) fn answered(&self, frame: Frame, attachments: Vec<Collected>, drainer: Option<u32>) {
        let carried = !attachments.is_empty();
        match self.pending.answer(frame, attachments) {
            Answered::ForDrainer(frame, attachments) => {
                self.put(Urgency::Ordinary, Incoming::Frame(frame, None, attachments), drainer);
            }
            Answered::Unasked if carried => self.count_dropped(),
            Answered::Given | Answered::Unasked => {}
        }
    }

    fn count_dropped(&self) {
        self.tally.dropped.fetch_add(1, Ordering::Relaxed);
    }
}
