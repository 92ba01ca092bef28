//! What a view means, whatever shows it: documents and their generations, who has the bridge, the lane down, answers up.

use crate::assets::Assets;
use crate::backend::{Event, Slot, WebViewBackend};
use crate::document::Document;
use crate::origin::{SCHEME, origin_of, own_origin};
use crate::refusals::Refusals;
use crate::request::Exchange;
use auroraview_core::frame::Frame;
use auroraview_core::lane::{self, Amount, Page, Step};
use auroraview_core::limits::MAX_PARKED;
use auroraview_core::post::{Line, LineKind, Post, is_secret, objection};
use auroraview_core::wire::{
    CUT, CloseReason, Content, ErrorCode, ErrorObject, Header, Kind, Load, LoadState, Loading, Notice, SCHEMA_VERSION,
    Session, ViewOptions, WindowChange, error_text, text_of,
};
use auroraview_link::{Attachment, Chunks, Collected};
use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

/// A second click on the close button closes without asking, if the host has not answered the first for so long.
const VETO_PATIENCE: Duration = Duration::from_secs(5);
/// Where the bridge puts its secret and its document's nonce, in a request.
const KEY_HEADER: &str = "x-auroraview";
const ORIGIN_NOT_ALLOWED: &str = "origin not allowed";

/// A message for the page, with what it fetches then, by number.
type Message = lane::Message<(u64, Collected)>;

/// One view.
pub struct View {
    id: u32,
    backend: Box<dyn WebViewBackend>,
    assets: Assets,
    options: ViewOptions,
    secret: String,
    session: Session,
    lane: lane::Lane<(u64, Collected)>,
    parked: VecDeque<Box<dyn Slot>>,
    document: Option<Document>,
    generation: u32,
    /// Of the committed document; never taken from a message.
    origin: String,
    loaded: bool,
    /// Its first load has not come to its end.
    starting: bool,
    scripts: BTreeSet<u64>,
    dialogs: BTreeSet<u64>, // requests that the user sees
    refusals: Refusals,
    close_asked: Option<Instant>,
    /// The host wants it closed as soon as it is idle.
    closing: bool,
    closed: Option<CloseReason>,
    /// Of messages of the host that are still to come.
    chunks: Chunks,
    transfers: Transfers,
    /// What goes to the host after this turn.
    out: Vec<Outgoing>,
}

/// Something for the host.
#[derive(Debug)]
pub enum Outgoing {
    /// A message.
    Message(Frame),
    /// A piece of an attachment of a message of document `doc`.
    Chunks {
        /// Its generation.
        doc: u32,
        /// Number and bytes.
        attachment: Attachment,
    },
}

impl View {
    /// A view whose window is there.
    pub fn new(
        id: u32,
        options: ViewOptions,
        secret: String,
        assets: Assets,
        backend: Box<dyn WebViewBackend>,
    ) -> Self {
        let mut view = Self {
            id,
            backend,
            assets,
            options,
            secret,
            session: Session::default(),
            lane: lane::Lane::default(),
            parked: VecDeque::new(),
            document: None,
            generation: 0,
            origin: "null".into(),
            loaded: false,
            starting: true,
            scripts: BTreeSet::new(),
            dialogs: BTreeSet::new(),
            refusals: Refusals::default(),
            close_asked: None,
            closing: false,
            closed: None,
            chunks: Chunks::default(),
            transfers: Transfers::default(),
            out: Vec::new(),
        };
        let (window_handle, separate) = (view.backend.window_handle(), view.backend.separate());
        view.tell(&Notice::Created { window_handle, separate });
        view
    }

    /// What the host must hear, in order.
    pub fn take_out(&mut self) -> Vec<Outgoing> {
        std::mem::take(&mut self.out)
    }

    /// Who closed the view, once it is to go.
    pub fn closed(&self) -> Option<CloseReason> {
        self.closed
    }

    /// Whether its first page is still to come.
    pub fn is_starting(&self) -> bool {
        self.starting
    }

    /// The backend, for commands that only concern the window.
    pub fn backend(&mut self) -> &mut dyn WebViewBackend {
        &mut *self.backend
    }

    // ---- from the host ----

    /// Loads something.
    pub fn load(&mut self, Load { content, at }: Load) {
        let own = |path| format!("{SCHEME}://{}{path}", self.options.app_id);
        let begins = match content {
            Content::Url(url) => url,
            Content::Html(html) => own(self.assets.show_document(html)),
            Content::File(file) => own(self.assets.show_file(Path::new(&file))),
        };
        self.backend.navigate(&at.unwrap_or(begins));
    }

    /// The view had so many documents in another UI process.
    pub fn resume(&mut self, documents: u32) {
        self.generation = self.generation.max(documents);
    }

    /// Changes the window. A title that the host sets stays.
    pub fn change_window(&mut self, change: WindowChange) {
        self.backend.change_window(&change);
        self.options.title = change.title.or(self.options.title.take());
    }

    /// The host's side changed: the page learns what it must know.
    pub fn set_session(&mut self, session: Session) {
        let text = notification("$/session", &session);
        self.session = session;
        let slow = self.document.as_ref().filter(|document| !document.direct);
        if let Some(generation) = slow.map(|document| document.generation) {
            self.lane.push(Message::ours(generation, text));
            self.go_on();
        }
    }

    /// Runs a script when everything sent before it is with the page.
    pub fn eval(&mut self, id: u64, script: String) {
        self.lane.push_script(id, script);
        self.go_on();
    }

    /// A piece of an attachment of a message that is still to come.
    pub fn take_chunk(&mut self, header: &Header, chunk: Vec<u8>) {
        // The host lets no message have more than fits.
        self.chunks.add(header.id.unwrap_or_default(), chunk);
    }

    /// A message was handled: what it named and nobody took goes with it.
    pub fn drop_chunks(&mut self, numbers: &[u64]) {
        self.chunks.take(numbers);
    }

    /// A message for the page.
    pub fn send_to_page(&mut self, header: Header, body: Vec<u8>) {
        let doc = header.page_document();
        let attachments: Vec<_> = header.att.iter().copied().zip(self.chunks.take(&header.att)).collect();
        let attached = attachments.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        let size = body.len() + attached;
        let current = self.document.as_mut().filter(|document| doc == document.generation);
        if doc != 0 && current.is_none() {
            return self.lane.drop_message(size); // its document is gone
        }
        if let (Some(document), Kind::Response) = (current, header.kind) {
            document.calls = document.calls.saturating_sub(1);
        }
        match String::from_utf8(body) {
            Ok(text) => self.lane.push_of_host(&header, text, attachments, attached),
            Err(error) => {
                self.lane.drop_message(size);
                say!("the host sent a message that is not UTF-8: {error}");
            }
        }
        self.go_on();
    }

    /// The host's answer to whether the window may close.
    pub fn allow_close(&mut self, allow: bool) {
        self.close_asked = None;
        if allow {
            self.close(CloseReason::User);
        }
    }

    /// Ends the view as soon as it is idle (`protocol/README.md` section 7). The host has the deadline.
    pub fn finish(&mut self) {
        self.closing = true;
        self.give_up_dialogs();
        self.go_on();
    }

    /// Ends the view: everybody who waits is answered. The caller drops it then.
    pub fn close(&mut self, reason: CloseReason) {
        let lane = std::mem::take(&mut self.lane);
        self.give_up_dialogs();
        self.scripts.extend(lane.scripts());
        self.fail_scripts(ErrorCode::Closed, "the view was closed");
        self.closed = Some(reason);
        self.tell(&Notice::Closed { reason, undelivered: lane.waiting() });
    }

    // ---- from the engine and the window ----

    /// Handles one report.
    pub fn handle(&mut self, event: Event) {
        match event {
            Event::Post { text, slot } => self.post(&text, slot),
            Event::Request(exchange) => self.request(exchange),
            Event::Uploaded { exchange, body } => self.uploaded(exchange, body),
            Event::Loading(loading) => self.loading(loading),
            Event::NewWindow { url, asked } => self.new_window(&url, asked),
            Event::Title(title) => self.titled(title),
            Event::Evaluated { id, outcome } => self.evaluated(id, outcome),
            Event::DialogEnded { id, answer } => self.dialog_ended(id, &answer),
            Event::CloseClicked => self.close_clicked(),
            Event::WebProcessGone(reason) => self.web_process_gone(reason),
            Event::ContainerGone | Event::ParentGone => self.close(CloseReason::Host),
            Event::Window(state) => self.tell(&Notice::Changed(state)),
        }
        self.go_on();
    }

    fn titled(&mut self, title: String) {
        if self.options.title.is_none() {
            let change = WindowChange { title: Some(title.clone()), ..Default::default() };
            self.backend.change_window(&change);
        }
        self.tell(&Notice::Title { title });
    }

    fn loading(&mut self, loading: Loading) {
        match loading.state {
            LoadState::Committed => {
                self.leave_document("the page navigated away");
                self.refusals.forgive();
                self.origin = origin_of(&loading.url);
                self.assets.set_open(self.has_allowed_origin());
            }
            LoadState::Finished => self.loaded = true,
            LoadState::Started | LoadState::Failed => {}
        }
        self.starting &= !matches!(loading.state, LoadState::Finished | LoadState::Failed);
        self.tell(&Notice::Loading(loading));
    }

    fn leave_document(&mut self, why: &str) {
        if let Some(Document { generation, asked, .. }) = self.document.take() {
            for id in asked {
                self.answer_host(id, Err(ErrorObject::new(ErrorCode::Navigated, why)));
            }
            let body = notification("$/gone", &serde_json::json!({})).into_bytes();
            self.push_out(Kind::Control, Some(generation), None, body);
        }
        self.loaded = false;
        self.parked.clear();
        self.lane.drop_addressed();
        self.drop_transfers();
        self.fail_scripts(ErrorCode::Navigated, why);
    }

    fn web_process_gone(&mut self, reason: String) {
        self.leave_document("the web process is gone");
        self.tell(&Notice::Crashed { reason });
    }

    fn close_clicked(&mut self) {
        if self.closing {
            return self.close(CloseReason::Host); // it goes anyway; whoever clicks will not wait
        }
        if !self.session.veto || self.close_asked.is_some_and(|at| at.elapsed() > VETO_PATIENCE) {
            return self.close(CloseReason::User);
        }
        if self.close_asked.is_none() {
            self.close_asked = Some(Instant::now());
            self.push_out(Kind::Request, None, Some(1), request_text(&Notice::Closing {}, 1));
        }
    }

    // ---- the page's posts ----

    fn post(&mut self, text: &str, slot: Box<dyn Slot>) {
        if self.refusals.is_cut() {
            return slot.refuse(&refusal(CUT)); // unread and uncounted
        }
        match self.admit(text) {
            Ok(post) => self.take_lines(&post, slot),
            Err(reason) => self.refuse(reason, slot),
        }
    }

    /// Whether the post comes from our script in the main frame of a document that may have the bridge.
    fn admit<'a>(&self, text: &'a str) -> Result<Post<'a>, &'static str> {
        let post = Post::parse(text).ok_or("not a post of the bridge")?;
        if !is_secret(post.secret, &self.secret) {
            return Err("wrong secret");
        }
        if !self.has_allowed_origin() {
            return Err(ORIGIN_NOT_ALLOWED);
        }
        Ok(post)
    }

    /// Whether the committed document may have the bridge.
    fn has_allowed_origin(&self) -> bool {
        self.origin == own_origin(&self.options.app_id) || self.options.allowed_origins.contains(&self.origin)
    }

    fn take_lines(&mut self, post: &Post<'_>, slot: Box<dyn Slot>) {
        if self.document.as_ref().is_none_or(|document| document.nonce != post.nonce) {
            let says_hello = matches!(post.lines().next(), Some(Some(Line { kind: LineKind::Hello, .. })));
            if self.document.is_some() || !says_hello {
                // It knows the secret: a document of ours that is on its way out. That is no attack.
                return slot.refuse(&refusal("the document is gone"));
            }
            self.greet(post.nonce);
        }
        if let Some(document) = &mut self.document {
            document.posted(post.is_park(), post.handled);
        }
        for line in post.lines() {
            match line {
                Some(line) => self.take_line(line),
                None => return self.refuse("not a line of the bridge", slot),
            }
        }
        self.park(slot);
    }

    fn greet(&mut self, nonce: &str) {
        self.generation += 1;
        let generation = self.generation;
        self.document = Some(Document::new(nonce, generation));
        let params = serde_json::json!({
            "doc": generation, "session": self.session, "debug": self.options.debug, "schema_version": SCHEMA_VERSION,
        });
        self.lane.push_first(Message::ours(generation, notification("$/hello", &params)));
        let (url, nonce) = (self.origin.clone(), nonce.into());
        self.tell(&Notice::Document { doc: generation, url, nonce });
    }

    fn take_line(&mut self, line: Line<'_>) {
        let Some(document) = self.document.as_mut() else { return };
        let generation = document.generation;
        let (kind, id) = match line.kind {
            LineKind::Hello => return,
            LineKind::Request => (Kind::Request, Some(line.id)),
            LineKind::Response => return self.take_answer(line),
            LineKind::Notify => (Kind::Notify, None),
            LineKind::Control => (Kind::Control, None),
            LineKind::Lane => {
                // The host answers its calls, and tells it of changes of the session.
                (document.direct, document.calls) = (true, 0);
                let asked = std::mem::take(&mut document.asked).into_iter().collect();
                return self.tell(&Notice::Lane { doc: generation, asked });
            }
        };
        self.transfers.claim(&line.att);
        let refused = objection(kind, line.body.len(), self.closing, document.calls);
        if kind == Kind::Request && refused.is_none() {
            document.calls += 1;
        }
        let mut header = Header::new(self.id, Some(generation), kind, id);
        header.att = line.att;
        if let Some((code, why)) = refused {
            self.reject(generation, id, code, why);
            return self.drop_uploads(generation, header.att);
        }
        self.out.push(Outgoing::Message(Frame { header, body: line.body.as_bytes().to_vec() }));
    }

    /// Answers a request of the page ourselves.
    fn reject(&mut self, doc: u32, id: Option<u64>, code: ErrorCode, message: &str) {
        let Some(id) = id else { return say!("an event of the page was dropped: {message}") };
        let text = error_text(id, &ErrorObject::new(code, message)).map(String::from_utf8);
        if let Ok(Ok(text)) = text {
            self.lane.push(Message::ours(doc, text));
        }
    }

    fn park(&mut self, slot: Box<dyn Slot>) {
        self.parked.push_back(slot);
        self.go_on();
        if self.parked.len() > MAX_PARKED - 1 {
            // The page must always be able to post: at most 3 wait after each post.
            self.answer_post("[]", false);
        }
    }

    /// Answers the post that waits longest.
    fn answer_post(&mut self, batch: &str, of_host: bool) {
        let Some(slot) = self.parked.pop_front() else { return };
        slot.answer(batch);
        if let Some(document) = &mut self.document {
            document.answered(of_host);
        }
    }

    // ---- requests under `/$/` ----

    /// Whether the request comes from the bridge of the document that is there.
    fn admit_request(&self, exchange: &Exchange) -> Result<(), &'static str> {
        let header = exchange.request().headers().get(KEY_HEADER).and_then(|header| header.to_str().ok());
        let (secret, nonce) = header.and_then(|header| header.split_once(' ')).ok_or("not a request of the bridge")?;
        if !is_secret(secret, &self.secret) {
            return Err("wrong secret");
        }
        if exchange.is_of_stranger() || !self.has_allowed_origin() {
            return Err(ORIGIN_NOT_ALLOWED);
        }
        if self.document.as_ref().is_none_or(|document| document.nonce != nonce) {
            return Err("unknown document");
        }
        Ok(())
    }

    // ---- the lane ----

    fn page(&self) -> Page {
        match (&self.document, self.loaded) {
            (Some(_), _) => Page::Ready { parked: self.parked.len() },
            (None, true) => Page::WithoutBridge,
            (None, false) => Page::Loading,
        }
    }

    /// Hands over what the page can take now. A view that is closing ends when that was the last of it.
    fn go_on(&mut self) {
        self.run_lane();
        if self.closing && self.closed.is_none() && !self.is_busy() {
            if self.document.as_ref().is_none_or(Document::is_up_to_date) {
                self.close(CloseReason::Host);
            } else {
                self.ask_how_far();
            }
        }
    }

    /// Whether a script or a function runs that the host asked for, something waits that the page can take, or the host owes it an answer.
    fn is_busy(&self) -> bool {
        let owes = |document: &Document| document.calls > 0 || !document.asked.is_empty() || !self.lane.is_empty();
        !self.scripts.is_empty() || self.document.as_ref().is_some_and(owes)
    }

    /// Answers all posts: when the bridge has handled that, it parks and says so. One that holds back what it got says by
    /// itself when it has handled it.
    fn ask_how_far(&mut self) {
        while !self.parked.is_empty() && self.document.as_ref().is_some_and(|document| !document.will_tell()) {
            self.answer_post("[]", false);
        }
    }

    fn run_lane(&mut self) {
        loop {
            match self.lane.next(self.page()) {
                Step::Idle => break,
                Step::Batch { text, of_host, requests, attachments, .. } => {
                    self.transfers.offer(attachments);
                    self.answer_post(&text, of_host);
                    if let Some(document) = &mut self.document {
                        document.asked.extend(requests);
                    }
                }
                Step::Script { id, script } => {
                    self.scripts.insert(id);
                    self.backend.eval(id, &script);
                }
            }
        }
        if let Some(amount) = self.lane.report() {
            let Amount { messages, bytes, coalesced } = amount;
            self.tell(&Notice::Delivered { bytes, messages, coalesced });
        }
    }

    // ---- to the host ----

    fn tell(&mut self, notice: &Notice) {
        match text_of(notice) {
            Ok(body) => self.push_out(Kind::Notify, None, None, body),
            Err(error) => say!("cannot write a notice: {error}"),
        }
    }

    fn push_out(&mut self, kind: Kind, doc: Option<u32>, id: Option<u64>, body: Vec<u8>) {
        self.out.push(Outgoing::Message(Frame { header: Header::new(self.id, doc, kind, id), body }));
    }
}

/// What the page's promise is rejected with.
fn refusal(reason: &str) -> String {
    format!("refused: {reason}")
}

fn notification(method: &str, params: &impl serde::Serialize) -> String {
    serde_json::json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string()
}

fn request_text(message: &Notice, id: u64) -> Vec<u8> {
    let mut value = serde_json::to_value(message).unwrap_or_default();
    value["jsonrpc"] = "2.0".into();
    value["id"] = id.into();
    value.to_string().into_bytes()
}

mod answers;
mod dialogs;
mod new_window;
mod refusing;
mod transfer;

use transfer::Transfers;

#[cfg(test)]
pub mod tests;
