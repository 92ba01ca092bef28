//! Answers for the host: of its scripts and of the functions of the page that it called. Each gets exactly one.

use super::{Outgoing, View};
use auroraview_core::frame::Frame;
use auroraview_core::limits::MAX_BODY;
use auroraview_core::post::Line;
use auroraview_core::script::answer_text;
use auroraview_core::wire::{ErrorCode, ErrorObject, Header, Kind};

impl View {
    /// A function of the page is done. What the host did not ask, or has given up, is nobody's answer.
    pub(super) fn take_answer(&mut self, line: Line<'_>) {
        let Line { id, body, att, .. } = line;
        self.transfers.claim(&att);
        let Some(document) = self.document.as_mut() else { return };
        let doc = document.generation;
        if !document.asked.remove(&id) {
            return self.drop_uploads(doc, att);
        }
        if body.len() > MAX_BODY {
            self.drop_uploads(doc, att);
            let error = ErrorObject::new(ErrorCode::TooLarge, "the function's value is over the limit of 16 MiB");
            return self.answer_host(id, Err(error));
        }
        let mut header = Header::new(self.id, Some(doc), Kind::Response, Some(id));
        header.att = att;
        self.out.push(Outgoing::Message(Frame { header, body: body.as_bytes().to_vec() }));
    }

    pub(super) fn evaluated(&mut self, id: u64, outcome: Result<String, ErrorObject>) {
        if self.scripts.remove(&id) {
            self.answer_host(id, outcome);
        }
    }

    pub(super) fn fail_scripts(&mut self, code: ErrorCode, why: &str) {
        for id in std::mem::take(&mut self.scripts) {
            self.answer_host(id, Err(ErrorObject::new(code, why)));
        }
    }

    pub(super) fn answer_host(&mut self, id: u64, outcome: Result<String, ErrorObject>) {
        self.push_out(Kind::Response, None, Some(id), answer_text(id, outcome));
    }
}
