//! What a view means, whatever shows it: documents and their generations, who has the bridge, the lane down, answers up.

use crate::assets::Assets;
use crate::backend::{Event, Slot, WebViewBackend};
use crate::document::Document;
use crate::lane::{Amount, Lane, Message, Page, Step};
use crate::origin::{SCHEME, origin_of, own_origin};
use crate::post::{Line, LineKind, Post};
use auroraview_core::frame::Frame;
use auroraview_core::limits::{MAX_BODY, MAX_PARKED, MAX_PENDING_CALLS};
use auroraview_core::wire::{
    CloseReason, Content, ErrorCode, ErrorObject, Header, Kind, LoadState, Loading, Notice, SCHEMA_VERSION, Session,
    ViewOptions, WindowChange, error_text, result_text, text_of,
};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

/// A second click on the close button closes without asking, if the host has not answered the first for so long.
const VETO_PATIENCE: Duration = Duration::from_secs(5);

/// One view.
pub struct View {
    id: u32,
    backend: Box<dyn WebViewBackend>,
    assets: Assets,
    options: ViewOptions,
    secret: String,
    session: Session,
    lane: Lane,
    parked: VecDeque<Box<dyn Slot>>,
    document: Option<Document>,
    generation: u32,
    /// Of the committed document; never taken from a message.
    origin: String,
    loaded: bool,
    scripts: BTreeSet<u64>,
    refused: HashMap<&'static str, u32>,
    close_asked: Option<Instant>,
    /// The host wants it closed as soon as it is idle.
    closing: bool,
    closed: Option<CloseReason>,
    /// What goes to the host after this turn.
    out: Vec<Frame>,
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
            lane: Lane::default(),
            parked: VecDeque::new(),
            document: None,
            generation: 0,
            origin: "null".into(),
            loaded: false,
            scripts: BTreeSet::new(),
            refused: HashMap::new(),
            close_asked: None,
            closing: false,
            closed: None,
            out: Vec::new(),
        };
        view.tell(&Notice::Created { window_handle: view.backend.window_handle() });
        view
    }

    /// What the host must hear, in order.
    pub fn take_out(&mut self) -> Vec<Frame> {
        std::mem::take(&mut self.out)
    }

    /// Who closed the view, once it is to go.
    pub fn closed(&self) -> Option<CloseReason> {
        self.closed
    }

    /// The backend, for commands that only concern the window.
    pub fn backend(&mut self) -> &mut dyn WebViewBackend {
        &mut *self.backend
    }

    // ---- from the host ----

    /// Loads something.
    pub fn load(&mut self, content: Content) {
        let path = match content {
            Content::Url(url) => return self.backend.navigate(&url),
            Content::Html(html) => self.assets.show_document(html),
            Content::File(file) => self.assets.show_file(Path::new(&file)),
        };
        self.backend.navigate(&format!("{SCHEME}://{}{path}", self.options.app_id));
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
        if let Some(generation) = self.document.as_ref().map(|document| document.generation) {
            self.lane.push(ours(generation, text));
            self.go_on();
        }
    }

    /// Runs a script when everything sent before it is with the page.
    pub fn eval(&mut self, id: u64, script: String) {
        self.lane.push_script(id, script);
        self.go_on();
    }

    /// Nobody waits for a script any more. One that runs goes on; nothing is told of it.
    pub fn forget(&mut self, id: u64) {
        self.scripts.remove(&id);
        self.lane.drop_script(id);
        self.go_on();
    }

    /// A message for the page.
    pub fn send_to_page(&mut self, header: Header, body: Vec<u8>) {
        let doc = header.doc.unwrap_or(0);
        let current = self.document.as_mut().filter(|document| doc == document.generation);
        if doc != 0 && current.is_none() {
            return self.lane.drop_message(body.len()); // its document is gone
        }
        if let (Some(document), Kind::Response) = (current, header.kind) {
            document.calls = document.calls.saturating_sub(1);
        }
        // Only an event may vanish: each answer is somebody's only one.
        let coalesce = header.coalesce.filter(|_| header.kind == Kind::Notify);
        match String::from_utf8(body) {
            Ok(text) => {
                let message = Message { doc, coalesce, of_host: true, text };
                match header.kind {
                    Kind::Control => self.lane.push_control(message),
                    Kind::Request | Kind::Response | Kind::Notify => self.lane.push(message),
                }
            }
            Err(error) => {
                self.lane.drop_message(error.as_bytes().len());
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
        self.go_on();
    }

    /// Ends the view: everybody who waits is answered. The caller drops it then.
    pub fn close(&mut self, reason: CloseReason) {
        let lane = std::mem::take(&mut self.lane);
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
            Event::Loading(loading) => self.loading(loading),
            Event::Title(title) => self.titled(title),
            Event::Evaluated { id, outcome } => self.evaluated(id, outcome),
            Event::CloseClicked => self.close_clicked(),
            Event::WebProcessGone(reason) => self.web_process_gone(reason),
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
                self.origin = origin_of(&loading.url);
            }
            LoadState::Finished => self.loaded = true,
            LoadState::Started | LoadState::Failed => {}
        }
        self.tell(&Notice::Loading(loading));
    }

    fn leave_document(&mut self, why: &str) {
        self.document = None;
        self.loaded = false;
        self.parked.clear();
        self.lane.drop_addressed();
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
        match self.admit(text) {
            Ok(post) => self.take_lines(&post, slot),
            Err(reason) => self.refuse(reason, slot),
        }
    }

    /// Whether the post comes from our script in the main frame of a document that may have the bridge.
    fn admit<'a>(&self, text: &'a str) -> Result<Post<'a>, &'static str> {
        let post = Post::parse(text).ok_or("not a post of the bridge")?;
        if !post.has_secret(&self.secret) {
            return Err("wrong secret");
        }
        let own = own_origin(&self.options.app_id);
        if self.origin != own && !self.options.allowed_origins.contains(&self.origin) {
            return Err("origin not allowed");
        }
        Ok(post)
    }

    fn take_lines(&mut self, post: &Post<'_>, slot: Box<dyn Slot>) {
        if self.document.as_ref().is_none_or(|document| document.nonce != post.nonce) {
            let says_hello = matches!(post.lines().next(), Some(Some(Line { kind: LineKind::Hello, .. })));
            if self.document.is_some() || !says_hello {
                return self.refuse("unknown document", slot);
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
        self.lane.push_first(ours(generation, notification("$/hello", &params)));
        let url = self.origin.clone();
        self.tell(&Notice::Document { doc: generation, url });
    }

    fn take_line(&mut self, line: Line<'_>) {
        let Some(document) = self.document.as_mut() else { return };
        let generation = document.generation;
        let (kind, id) = match line.kind {
            LineKind::Hello => return,
            LineKind::Request => (Kind::Request, Some(line.id)),
            LineKind::Response => (Kind::Response, Some(line.id)),
            LineKind::Notify => (Kind::Notify, None),
            LineKind::Control => (Kind::Control, None),
        };
        if line.body.len() > MAX_BODY {
            return self.reject(generation, id, ErrorCode::TooLarge, "the message is over the limit of 16 MiB");
        }
        if kind == Kind::Request {
            if self.closing {
                return self.reject(generation, id, ErrorCode::Closed, "the view is closing");
            }
            if document.calls >= MAX_PENDING_CALLS {
                return self.reject(generation, id, ErrorCode::Busy, "4096 calls are pending; wait for some of them");
            }
            document.calls += 1;
        }
        self.push_out(kind, Some(generation), id, line.body.as_bytes().to_vec());
    }

    /// Answers a request of the page ourselves.
    fn reject(&mut self, doc: u32, id: Option<u64>, code: ErrorCode, message: &str) {
        let Some(id) = id else { return say!("an event of the page was dropped: {message}") };
        let text = error_text(id, &ErrorObject::new(code, message)).map(String::from_utf8);
        if let Ok(Ok(text)) = text {
            self.lane.push(ours(doc, text));
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

    fn refuse(&mut self, reason: &'static str, slot: Box<dyn Slot>) {
        slot.refuse(&format!("auroraview: refused: {reason}"));
        let count = self.refused.entry(reason).or_default();
        *count += 1;
        // Counted always, told at powers of two: a page that floods does not flood the host.
        if count.is_power_of_two() {
            let (origin, count) = (self.origin.clone(), *count);
            self.tell(&Notice::Refused { origin, reason: reason.into(), count });
        }
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

    /// Whether a script runs, something waits that the page can take, or the host owes it an answer.
    fn is_busy(&self) -> bool {
        let owes = |document: &Document| document.calls > 0 || !self.lane.is_empty();
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
                Step::Batch { text, of_host } => self.answer_post(&text, of_host),
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

    fn evaluated(&mut self, id: u64, outcome: Result<String, ErrorObject>) {
        if self.scripts.remove(&id) {
            self.answer_script(id, outcome);
        }
    }

    fn fail_scripts(&mut self, code: ErrorCode, why: &str) {
        for id in std::mem::take(&mut self.scripts) {
            self.answer_script(id, Err(ErrorObject::new(code, why)));
        }
    }

    fn answer_script(&mut self, id: u64, outcome: Result<String, ErrorObject>) {
        let too_large = || ErrorObject::new(ErrorCode::TooLarge, "the script's value is over the limit of 16 MiB");
        let outcome = outcome.and_then(|value| if value.len() + 64 > MAX_BODY { Err(too_large()) } else { Ok(value) });
        let body = match outcome {
            Ok(value) => result_text(id, &value),
            Err(error) => error_text(id, &error).unwrap_or_else(|_| b"{}".to_vec()),
        };
        self.push_out(Kind::Response, None, Some(id), body);
    }

    // ---- to the host ----

    fn tell(&mut self, notice: &Notice) {
        match text_of(notice) {
            Ok(body) => self.push_out(Kind::Notify, None, None, body),
            Err(error) => say!("cannot write a notice: {error}"),
        }
    }

    fn push_out(&mut self, kind: Kind, doc: Option<u32>, id: Option<u64>, body: Vec<u8>) {
        self.out.push(Frame { header: Header { view: self.id, doc, kind, id, coalesce: None }, body });
    }
}

/// A message of our own for the document of that generation.
fn ours(doc: u32, text: String) -> Message {
    Message { doc, coalesce: None, of_host: false, text }
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

#[cfg(test)]
pub mod tests;
