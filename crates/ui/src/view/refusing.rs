//! What a view does with posts that it refuses, and when there are too many.

use super::{View, refusal};
use crate::backend::Slot;
use crate::refusals::Next;
use auroraview_core::wire::{CUT, Notice};
use std::time::Instant;

impl View {
    pub(super) fn refuse(&mut self, reason: &'static str, slot: Box<dyn Slot>) {
        slot.refuse(&refusal(reason));
        self.count_refused(reason);
    }

    pub(super) fn count_refused(&mut self, reason: &'static str) {
        let (reason, count) = match self.refusals.count(reason, Instant::now()) {
            Next::Counted => return,
            Next::Tell(count) => (reason, count),
            Next::Cut => {
                self.cut();
                (CUT, 1)
            }
        };
        let origin = self.origin.clone();
        self.tell(&Notice::Refused { origin, reason: reason.into(), count });
    }

    /// Takes the bridge from a document that floods. Scripts of the host still run in it.
    fn cut(&mut self) {
        self.document = None;
        self.lane.drop_addressed();
        for slot in std::mem::take(&mut self.parked) {
            slot.refuse(&refusal(CUT));
        }
    }
}
