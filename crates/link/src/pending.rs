//! Requests of the host that wait for their answer. Each gets exactly one: whoever takes it out of the table gives it.

use crate::bell::Bell;
use auroraview_core::collect::Collected;
use auroraview_core::frame::Frame;
use auroraview_core::lock::{OrderedMutex, STATE};
use auroraview_core::wire::{ErrorCode, ErrorObject, Header, Kind, error_text};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Where a waiting thread finds its answer.
#[derive(Debug)]
pub(crate) struct Slot {
    pub answer: OnceLock<(Frame, Vec<Collected>)>,
    /// Of the waiting thread.
    bell: Arc<Bell>,
}

/// Who wants the answer.
#[derive(Debug)]
pub(crate) enum Asker {
    /// A thread that waits for it.
    Thread(Arc<Slot>),
    /// The view's drainer, which runs a callback.
    Drainer,
}

/// What became of an answer.
#[derive(Debug)]
pub(crate) enum Answered {
    /// A thread has it.
    Given,
    /// The drainer runs a callback with it.
    ForDrainer(Frame, Vec<Collected>),
    /// Nobody waits for it.
    Unasked,
}

impl Slot {
    pub fn new(bell: Arc<Bell>) -> Arc<Self> {
        Arc::new(Self { answer: OnceLock::new(), bell })
    }
}

/// The unanswered requests of one view. Nothing is called while the lock is held.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    last_id: AtomicU64,
    askers: OrderedMutex<HashMap<u64, Asker>, STATE>,
}

impl Pending {
    /// Enters a request and gives it its id.
    pub fn enter(&self, asker: Asker) -> u64 {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        self.askers.lock().insert(id, asker);
        id
    }

    /// The asker gave up; a later answer is dropped. False if the answer came already.
    pub fn forget(&self, id: u64) -> bool {
        self.askers.lock().remove(&id).is_some()
    }

    /// Whether somebody waits for the answer.
    pub fn has(&self, id: u64) -> bool {
        self.askers.lock().contains_key(&id)
    }

    /// Gives the answer to the thread that waits for it, or hands it back for the drainer.
    pub fn answer(&self, frame: Frame, attachments: Vec<Collected>) -> Answered {
        match frame.header.id.and_then(|id| self.askers.lock().remove(&id)) {
            None => Answered::Unasked,
            Some(Asker::Drainer) => Answered::ForDrainer(frame, attachments),
            Some(Asker::Thread(slot)) => {
                let _ = slot.answer.set((frame, attachments)); // whoever takes the asker out is the only one who answers
                slot.bell.ring();
                Answered::Given
            }
        }
    }

    /// Answers everything with an error; returns what the drainer must see.
    pub fn fail_all(&self, view: u32, code: ErrorCode, message: &str) -> Vec<Frame> {
        let ids: Vec<u64> = self.askers.lock().keys().copied().collect();
        let error = ErrorObject::new(code, message);
        let answer = |id: u64| {
            let body = error_text(id, &error).unwrap_or_else(|_| b"{}".to_vec());
            self.answer(Frame { header: Header::new(view, None, Kind::Response, Some(id)), body }, Vec::new())
        };
        let for_drainer = |answered| match answered {
            Answered::ForDrainer(frame, _) => Some(frame),
            Answered::Given | Answered::Unasked => None,
        };
        ids.into_iter().map(answer).filter_map(for_drainer).collect()
    }
}
