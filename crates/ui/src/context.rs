//! A message of the host on its way through the pipeline, and what processors act on.

use crate::stock::Stock;
use crate::view::View;
use auroraview_core::frame::Frame;
use auroraview_core::pipeline::MessageProcessor;
use auroraview_core::wire::{Command, ErrorCode, ErrorObject, Header, Kind, ViewOptions, error_text};
use std::collections::HashMap;

/// A processor of messages of the host.
pub type Processor = Box<dyn MessageProcessor<HostMessage, Context>>;

/// A message of the host.
#[derive(Debug)]
pub struct HostMessage {
    /// What it is, and for whom: with a `doc` it is for the page.
    pub header: Header,
    /// Its JSON-RPC text as it came. For a page it is not parsed here.
    pub body: Vec<u8>,
    /// What it asks of this process; absent if it is for the page, an answer, or no command that this version knows.
    pub command: Option<Command>,
}

/// What processors act on: the views of the host. Belongs to the thread of the loop.
#[derive(Default)]
pub struct Context {
    pub(crate) views: HashMap<u32, View>,
    /// Waits until the loop can make it; the link is not read further before it is there.
    pub(crate) creating: Option<(u32, Box<ViewOptions>)>,
    pub(crate) stock: Stock,
    pub(crate) exiting: bool,
    /// What goes to the host after this message.
    pub(crate) out: Vec<Frame>,
}

impl HostMessage {
    pub(crate) fn new(Frame { header, body }: Frame) -> Self {
        let commands = header.doc.is_none() && header.kind != Kind::Response;
        let command = if commands { serde_json::from_slice(&body).ok() } else { None };
        Self { header, body, command }
    }
}

impl Context {
    /// Answers a request with an error: whoever takes one and does not carry it out owes it this. What is no request gets
    /// no answer.
    pub fn reject(&mut self, header: &Header, code: ErrorCode, message: &str) {
        self.out.extend(rejection(header, code, message));
    }

    /// Whether a spare page is to be made now: not while a view starts, which that would slow.
    pub(crate) fn wants_spare(&self) -> bool {
        self.stock.is_due() && !self.views.values().any(View::is_starting)
    }

    /// The view that a message is for. If it is gone, a request is answered; the rest is nobody's business any more.
    pub(crate) fn view(&mut self, header: &Header) -> Option<&mut View> {
        let view = self.views.get_mut(&header.view);
        if view.is_none() {
            self.out.extend(rejection(header, ErrorCode::Closed, "the view is closed"));
        }
        view
    }
}

fn rejection(header: &Header, code: ErrorCode, message: &str) -> Option<Frame> {
    let id = header.id.filter(|_| header.kind == Kind::Request)?;
    let body = error_text(id, &ErrorObject::new(code, message)).ok()?;
    Some(Frame { header: Header::new(header.view, header.doc, Kind::Response, Some(id)), body })
}
