//! Which way a view's messages take in the host: through the UI process, or by the fast lane straight to the library in
//! the web process (`docs/decisions/0007-fast-lane.md`). Pure: events in, actions out; whoever owns it carries them out.
//!
//! Order across the change of ways, down: a marker goes through the UI process as the last message of that way, and the
//! bridge takes nothing from the lane before it has seen the marker. Up: the bridge's last line through the UI process is a
//! marker, too, and nothing that came by the lane is taken before that was seen.

use crate::collect::{Chunks, Collected};
use crate::direct::{Packet, PacketKind};
use crate::frame::Frame;
use crate::lane::{Amount, Lane, Message, Page, Step, Waiting};
use crate::limits::MAX_BODY;
use crate::post::{Line, LineKind, objection, parse_direct};
use crate::script::{answer_text, read_outcome};
use crate::wire::{CUT, Command, ErrorCode, ErrorObject, Header, Kind, error_text, request_text};
use std::collections::BTreeSet;

/// Tells the bridge to go on by the lane.
const MARKER: &str = r#"{"jsonrpc":"2.0","method":"$/lane"}"#;
/// No messages, and not counted as a batch: the bridge says at once how far it is.
const ASK: &str = "[]";
/// What names attachments that nobody wants.
const DROPPED: &str = r#"{"jsonrpc":"2.0","method":"$/dropped"}"#;
/// What the UI process says of a document that is gone.
const GONE: &str = r#"{"jsonrpc":"2.0","method":"$/gone","params":{}}"#;
/// Why scripts have no answer when nobody said more.
const ANOTHER: &str = "the page navigated away";
/// The same, when the document's connection is the first to tell.
const BROKEN: &str = "the page is gone, or its connection is broken";

/// What happened. `C` is a direct connection, `D` an attachment on its way to the page.
#[derive(Debug)]
pub enum Event<C, D> {
    /// The host sends something, to the page or to the UI process; its attachments, and their bytes.
    Sent(Frame, Vec<D>, usize),
    /// Nobody waits for a script, or a function of the page, any more.
    Forgotten(u64),
    /// A call of that document came through the UI process.
    Called(u32),
    /// The UI process admitted a document.
    Document {
        /// Its generation.
        doc: u32,
        /// What it named itself.
        nonce: String,
    },
    /// The UI process says that the page's document is gone, and why.
    Left(&'static str),
    /// The UI process took the bridge from a document that floods it.
    Cut,
    /// The UI process is gone, with its pages and what was on its way to them.
    Lost,
    /// The document said its last through the UI process. It has got these calls of its functions and not answered.
    Switched(u32, Vec<u64>),
    /// A control message of a document came through the UI process.
    Told(Frame, Vec<Collected>),
    /// Something came by a direct connection.
    Came(C, Packet),
    /// A direct connection ended.
    Ended(C),
    /// The connection takes more.
    Room,
}

/// What is to be done, in this order.
#[derive(Debug, PartialEq, Eq)]
pub enum Action<C, D> {
    /// Send it to the UI process.
    Slow(Frame, Vec<D>),
    /// Write it to the connection.
    Fast(C, Packet),
    /// Write an attachment to the connection, for the document that the library numbers so.
    Attach(C, u32, D),
    /// Take a message of the page.
    Receive(Frame, Vec<Collected>),
    /// Take the answer to a script or to a call of the page's function.
    Answer(Frame),
    /// So much has left the lane.
    Left(Amount),
    /// The connection's peer is out of its mind.
    Cut(C),
}

/// The way of one view's messages.
#[derive(Debug)]
pub struct Route<C, D> {
    view: u32,
    /// The document that the UI process admitted last, while it is there.
    admitted: Option<Admitted>,
    /// A document that offered itself by a connection and is not admitted yet.
    offered: Option<(C, u32, String)>,
    direct: Option<Direct<C>>,
    /// Everything on its way to the page while there is a direct document.
    lane: Lane<(u64, D)>,
    /// The request to close when all is done; it is held back until the direct document is idle.
    closing: Option<Frame>,
    /// The host asked to close: it takes no calls any more.
    finishing: bool,
    /// Scripts, and calls of its functions, of a direct document that said that it goes. The UI process will say why.
    orphans: BTreeSet<u64>,
    actions: Vec<Action<C, D>>,
}

#[derive(Debug)]
struct Admitted {
    generation: u32,
    nonce: String,
    /// Calls that are not answered.
    calls: usize,
}

/// The document that speaks by the lane.
#[derive(Debug)]
struct Direct<C> {
    connection: C,
    /// The library's number of it.
    doc: u32,
    generation: u32,
    /// What came before its marker did; none any more once it did.
    early: Option<Early>,
    /// Scripts that run.
    scripts: BTreeSet<u64>,
    /// Calls of its functions that it has got and not answered.
    asked: BTreeSet<u64>,
    /// Attachments that no message has named yet.
    chunks: Chunks,
    /// Batches that went to it, and how many of them it has handled.
    sent: u64,
    handled: u64,
    /// It was asked how far it is, after so many batches.
    polled: Option<u64>,
}

impl<C> Direct<C> {
    fn new(connection: C, doc: u32, generation: u32) -> Self {
        let (early, scripts, asked) = (Some(Early::default()), BTreeSet::new(), BTreeSet::new());
        let (chunks, sent, handled, polled) = (Chunks::default(), 0, 0, None);
        Self { connection, doc, generation, early, scripts, asked, chunks, sent, handled, polled }
    }

    /// Whether it said that it goes before the UI process has passed on its last words there.
    fn goes(&self) -> bool {
        self.early.as_ref().is_some_and(|early| early.goes)
    }
}

/// What happens between the two markers. What a bridge may have unanswered bounds it: calls, events, bytes.
#[derive(Debug, Default)]
struct Early {
    packets: Vec<Packet>,
    /// Nobody waits for the answers to these any more.
    forgotten: BTreeSet<u64>,
    /// The document said that it goes: nothing more is for it. What it said before is still to be taken.
    goes: bool,
}

impl<C: Clone + PartialEq, D> Route<C, D> {
    /// Everything goes through the UI process.
    pub fn new(view: u32) -> Self {
        let lane = Lane::default();
        let (closing, finishing, orphans) = (None, false, BTreeSet::new());
        let (admitted, offered, direct, actions) = (None, None, None, Vec::new());
        Self { view, admitted, offered, direct, lane, closing, finishing, orphans, actions }
    }

    /// Takes an event; [`Route::take_actions`] has what follows from it.
    pub fn take(&mut self, event: Event<C, D>) {
        match event {
            Event::Sent(frame, attachments, attached) => self.send(frame, attachments, attached),
            Event::Forgotten(id) => self.forget(id),
            Event::Called(doc) => self.count_call(doc),
            Event::Document { doc, nonce } => {
                self.leave();
                self.fail_orphans(ANOTHER);
                self.admitted = Some(Admitted { generation: doc, nonce, calls: 0 });
                self.begin();
            }
            Event::Left(why) => {
                self.leave();
                self.fail_orphans(why);
                self.admitted = None;
            }
            Event::Cut => {
                // One that speaks by the lane already only has its calls refused; scripts go on. Any other never will speak.
                if self.direct.as_ref().is_none_or(|direct| direct.early.is_some()) {
                    self.leave();
                    self.fail_orphans(CUT);
                    self.admitted = None;
                }
            }
            Event::Lost => {
                let actions = std::mem::take(&mut self.actions);
                *self = Self { actions, ..Self::new(self.view) };
            }
            Event::Switched(doc, asked) => self.switched(doc, asked),
            Event::Told(frame, attachments) => self.told(frame, attachments),
            Event::Room => {}
            Event::Came(connection, packet) => self.came(connection, packet),
            Event::Ended(connection) => self.ended(&connection),
        }
    }

    fn ended(&mut self, connection: &C) {
        let breaks = |direct: &&Direct<C>| direct.connection == *connection && !direct.goes();
        if let Some(direct) = self.direct.as_ref().filter(breaks) {
            // Its bridge is gone, whatever becomes of its page.
            let header = Header::new(self.view, Some(direct.generation), Kind::Control, None);
            self.leave();
            self.fail_broken();
            self.actions.push(Action::Receive(Frame { header, body: GONE.into() }, Vec::new()));
        }
        self.offered.take_if(|(offering, ..)| offering == connection);
    }

    /// Of a view that closes, this is how it ends; whoever waits hears that.
    fn fail_broken(&mut self) {
        if !self.finishing {
            self.fail_orphans(BROKEN);
        }
    }

    /// What is to be done now. `ready`: the connection takes something at once.
    pub fn take_actions(&mut self, ready: bool) -> Vec<Action<C, D>> {
        if ready {
            self.run_lane();
        }
        let left = self.lane.take_left();
        if left != Amount::default() {
            self.actions.push(Action::Left(left));
        }
        self.close_if_idle();
        std::mem::take(&mut self.actions)
    }

    /// The connection of the document that speaks by the lane.
    pub fn connection(&self) -> Option<&C> {
        self.direct.as_ref().map(|direct| &direct.connection)
    }

    /// Messages of the host that wait here.
    pub fn waiting(&self) -> usize {
        self.lane.waiting()
    }

    // ---- down ----

    fn send(&mut self, frame: Frame, attachments: Vec<D>, attached: usize) {
        let Header { doc, kind, .. } = frame.header;
        if let (Some(doc), Kind::Response, Some(admitted)) = (doc, kind, &mut self.admitted)
            && doc == admitted.generation
        {
            admitted.calls = admitted.calls.saturating_sub(1);
        }
        match (&self.direct, doc) {
            (Some(direct), Some(doc)) if doc == 0 || doc == direct.generation || kind == Kind::Request => {
                self.for_page(frame, attachments, attached);
            }
            (Some(_), None) => self.for_ui_process(frame),
            (None, None) => {
                // The UI process ends the view when it owes nothing: no document may take its debts to the lane then.
                self.finishing |= matches!(serde_json::from_slice(&frame.body), Ok(Command::Close { .. }));
                self.slow(frame);
            }
            _ => self.actions.push(Action::Slow(frame, attachments)),
        }
    }

    fn for_page(&mut self, Frame { header, body }: Frame, attachments: Vec<D>, attached: usize) {
        let Ok(text) = String::from_utf8(body) else { return };
        let attachments = header.att.iter().copied().zip(attachments).collect();
        self.lane.push_of_host(&header, text, attachments, attached);
    }

    fn for_ui_process(&mut self, frame: Frame) {
        match (serde_json::from_slice(&frame.body), frame.header.id) {
            (Ok(Command::Eval { script }), Some(id)) => self.lane.push_script(id, script),
            (Ok(Command::Close { finish: true }), _) => (self.finishing, self.closing) = (true, Some(frame)),
            (Ok(Command::Close { finish: false }), _) => {
                self.finishing = true;
                self.slow(frame);
            }
            (Ok(Command::Session(session)), _) => {
                // The UI process tells the next document. This one must know before what the host sends it next.
                let text = serde_json::json!({ "jsonrpc": "2.0", "method": "$/session", "params": session });
                self.lane.push(Message::ours(0, text.to_string()));
                self.slow(frame);
            }
            _ => self.slow(frame),
        }
    }

    fn slow(&mut self, frame: Frame) {
        self.actions.push(Action::Slow(frame, Vec::new()));
    }

    fn run_lane(&mut self) {
        let Some(direct) = self.direct.as_mut().filter(|direct| !direct.goes()) else { return };
        let packet = match self.lane.next(Page::Ready { parked: 1 }) {
            Step::Idle => return,
            Step::Batch { text, requests, attachments, attached, .. } => {
                direct.sent += 1;
                direct.asked.extend(requests);
                for (_, attachment) in attachments {
                    self.actions.push(Action::Attach(direct.connection.clone(), direct.doc, attachment));
                }
                self.lane.fetched(attached);
                Packet { kind: PacketKind::Batch, doc: direct.doc, id: 0, body: text.into_bytes() }
            }
            Step::Script { id, script } => {
                direct.scripts.insert(id);
                Packet { kind: PacketKind::Eval, doc: direct.doc, id, body: script.into_bytes() }
            }
        };
        self.actions.push(Action::Fast(direct.connection.clone(), packet));
    }

    /// Passes the request to close on when the document has nothing to do any more; asks it how far it is, if it may not know
    /// that somebody wants to know.
    fn close_if_idle(&mut self) {
        let Some(direct) = self.direct.as_mut().filter(|_| self.closing.is_some()) else { return };
        let owes = self.admitted.as_ref().is_some_and(|admitted| admitted.calls > 0);
        let runs = !direct.scripts.is_empty() || !direct.asked.is_empty();
        if owes || runs || !self.lane.is_empty() || direct.early.is_some() {
            return;
        }
        if direct.handled >= direct.sent {
            self.actions.extend(self.closing.take().map(|frame| Action::Slow(frame, Vec::new())));
        } else if direct.polled != Some(direct.sent) {
            direct.polled = Some(direct.sent);
            let ask = Packet { kind: PacketKind::Batch, doc: direct.doc, id: 0, body: ASK.into() };
            self.actions.push(Action::Fast(direct.connection.clone(), ask));
        }
    }

    // ---- the change of ways ----

    fn begin(&mut self) {
        let Some(admitted) = self.admitted.as_ref().filter(|_| !self.finishing) else { return };
        let Some((connection, doc, _)) = self.offered.take_if(|(.., nonce)| *nonce == admitted.nonce) else { return };
        let generation = admitted.generation;
        let header = Header { doc: Some(generation), ..Header::notify(self.view) };
        self.slow(Frame { header, body: MARKER.into() });
        self.direct = Some(Direct::new(connection, doc, generation));
    }

    fn switched(&mut self, generation: u32, asked: Vec<u64>) {
        let of_it = |direct: &&mut Direct<C>| direct.generation == generation;
        let early = self.direct.as_mut().filter(of_it).and_then(|direct| Some((direct.early.take()?, direct)));
        let Some((Early { packets, forgotten, goes }, direct)) = early else {
            // Its connection broke first. The UI process has handed these over and forgotten them.
            self.orphans.extend(asked);
            return self.fail_broken();
        };
        let connection = direct.connection.clone();
        direct.asked.extend(asked.into_iter().filter(|id| !forgotten.contains(id)));
        for packet in packets {
            self.came(connection.clone(), packet);
        }
        if goes {
            self.leave();
        }
    }

    /// The document that spoke by the lane is gone. What was not written goes to the next one, as it always does.
    fn leave(&mut self) {
        let Some(direct) = self.direct.take() else { return };
        self.lane.drop_addressed();
        self.orphans.extend(direct.scripts);
        self.orphans.extend(direct.asked);
        let view = self.view;
        for waiting in self.lane.take_all() {
            let (kind, message) = match waiting {
                Waiting::Control(message) => (Kind::Control, message),
                Waiting::Message(message) => (Kind::Notify, message),
                Waiting::Script { id, script } => {
                    let params = serde_json::json!({ "script": script }).to_string();
                    let header = Header { kind: Kind::Request, id: Some(id), ..Header::notify(view) };
                    let body = request_text(id, "view/eval", Some(&params));
                    self.slow(Frame { header, body });
                    continue;
                }
            };
            if message.of_host {
                let kind = message.request.map_or(kind, |_| Kind::Request);
                let (att, attachments) = message.attachments.into_iter().unzip();
                let (id, coalesce) = (message.request, message.coalesce);
                let header = Header { view, doc: Some(0), kind, id, coalesce, att };
                self.actions.push(Action::Slow(Frame { header, body: message.text.into_bytes() }, attachments));
            }
        }
        self.actions.extend(self.closing.take().map(|frame| Action::Slow(frame, Vec::new())));
    }

    fn fail_orphans(&mut self, why: &str) {
        for id in std::mem::take(&mut self.orphans) {
            self.answer(id, answer_text(id, Err(ErrorObject::new(ErrorCode::Navigated, why))));
        }
    }

    fn forget(&mut self, id: u64) {
        self.lane.drop_script(id);
        self.lane.drop_request(id);
        self.orphans.remove(&id);
        if let Some(direct) = &mut self.direct {
            direct.scripts.remove(&id);
            if let Some(early) = &mut direct.early {
                early.forgotten.insert(id);
            }
        }
        self.cancel(id);
    }

    /// Tells the document that nobody waits for its function any more, if it runs.
    fn cancel(&mut self, id: u64) {
        let Some(direct) = &mut self.direct else { return };
        // Until the UI process has said what the document was asked, it may be any call; the document has got that before.
        if direct.asked.remove(&id) || direct.early.is_some() {
            let text = serde_json::json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": id } });
            self.lane.push_control(Message::ours(direct.generation, text.to_string()));
        }
    }

    // ---- up ----

    fn came(&mut self, connection: C, packet: Packet) {
        if packet.kind == PacketKind::Open {
            match String::from_utf8(packet.body) {
                Ok(nonce) => self.offered = Some((connection, packet.doc, nonce)),
                Err(_) => return self.actions.push(Action::Cut(connection)),
            }
            return if self.direct.is_none() {
                self.begin()
            };
        }
        let of_it = |direct: &&mut Direct<C>| direct.doc == packet.doc && direct.connection == connection;
        let Some(direct) = self.direct.as_mut().filter(of_it) else {
            let gone = packet.kind == PacketKind::Close;
            self.offered.take_if(|(offering, doc, _)| gone && *offering == connection && *doc == packet.doc);
            return; // of a document that is gone
        };
        match (packet.kind, &mut direct.early) {
            (PacketKind::Close, None) => self.leave(),
            (PacketKind::Close, Some(early)) => early.goes = true,
            (PacketKind::Bytes, _) => {
                if !direct.chunks.add(packet.id, packet.body) {
                    self.actions.push(Action::Cut(connection));
                }
            }
            (_, Some(early)) => early.packets.push(packet),
            (PacketKind::Post, None) => match String::from_utf8(packet.body) {
                Ok(text) if self.take_post(&text) => {}
                _ => self.actions.push(Action::Cut(connection)),
            },
            (PacketKind::Outcome, None) => {
                if direct.scripts.remove(&packet.id) {
                    let outcome = String::from_utf8_lossy(&packet.body);
                    self.answer(packet.id, answer_text(packet.id, read_outcome(&outcome)));
                }
            }
            _ => self.actions.push(Action::Cut(connection)),
        }
    }

    /// False if it is none.
    fn take_post(&mut self, text: &str) -> bool {
        let Some((handled, lines)) = parse_direct(text) else { return false };
        let Some(direct) = &mut self.direct else { return true };
        direct.handled = direct.handled.max(handled);
        let generation = direct.generation;
        for line in lines {
            let Some(line) = line else { return false };
            self.take_line(generation, line);
        }
        true
    }

    fn take_line(&mut self, generation: u32, line: Line<'_>) {
        let (kind, id) = match line.kind {
            // These are said to the UI process.
            LineKind::Hello | LineKind::Lane => return,
            LineKind::Request => (Kind::Request, Some(line.id)),
            LineKind::Response => (Kind::Response, Some(line.id)),
            LineKind::Notify => (Kind::Notify, None),
            LineKind::Control => (Kind::Control, None),
        };
        let mut header = Header::new(self.view, Some(generation), kind, id);
        header.att = line.att;
        if self.lets_in(generation, kind, id, line.body.len()) {
            self.arrived(Frame { header, body: line.body.as_bytes().to_vec() });
        } else if !header.att.is_empty() {
            // Somebody must take the bytes.
            (header.kind, header.id) = (Kind::Control, None);
            self.arrived(Frame { header, body: DROPPED.into() });
        }
    }

    /// Whether a line with so long a body is to be handled; if not, whoever waits for it is told.
    fn lets_in(&mut self, generation: u32, kind: Kind, id: Option<u64>, length: usize) -> bool {
        if let (Kind::Response, Some(id)) = (kind, id) {
            let is_asked = self.direct.as_mut().is_some_and(|direct| direct.asked.remove(&id));
            let fits = length <= MAX_BODY;
            if is_asked && !fits {
                let why = "the function's value is over the limit of 16 MiB";
                self.answer(id, answer_text(id, Err(ErrorObject::new(ErrorCode::TooLarge, why))));
            }
            return is_asked && fits;
        }
        let calls = self.admitted.as_ref().map_or(0, |admitted| admitted.calls);
        if let Some((code, why)) = objection(kind, length, self.finishing, calls) {
            self.reject(generation, id, code, why);
            return false;
        }
        if kind == Kind::Request {
            self.count_call(generation);
        }
        true
    }

    /// A message of the document by the lane; its attachments came before it.
    fn arrived(&mut self, frame: Frame) {
        let Some(direct) = &mut self.direct else { return };
        let attachments = direct.chunks.take(&frame.header.att);
        self.actions.push(Action::Receive(frame, attachments));
    }

    /// From a document that has gone over to the lane the UI process has no control message but the one that it is gone.
    fn told(&mut self, frame: Frame, attachments: Vec<Collected>) {
        let is_of_it = |direct: &Direct<C>| direct.early.is_none() && frame.header.doc == Some(direct.generation);
        if self.direct.as_ref().is_some_and(is_of_it) {
            self.leave();
        }
        self.actions.push(Action::Receive(frame, attachments));
    }

    fn count_call(&mut self, generation: u32) {
        if let Some(admitted) = self.admitted.as_mut().filter(|admitted| admitted.generation == generation) {
            admitted.calls += 1;
        }
    }

    /// Answers a request of the page ourselves.
    fn reject(&mut self, doc: u32, id: Option<u64>, code: ErrorCode, message: &str) {
        let text = id.and_then(|id| error_text(id, &ErrorObject::new(code, message)).ok());
        if let Some(Ok(text)) = text.map(String::from_utf8) {
            self.lane.push(Message::ours(doc, text));
        }
    }

    fn answer(&mut self, id: u64, body: Vec<u8>) {
        let header = Header::new(self.view, None, Kind::Response, Some(id));
        self.actions.push(Action::Answer(Frame { header, body }));
    }
}

#[cfg(test)]
mod tests;
