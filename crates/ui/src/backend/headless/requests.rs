//! What a page asks of its own origin: documents and the bytes of messages, through the same desk as an engine's requests.

use super::Work;
use crate::request::{Answer, Body, Desk, Request, TakeBody, Upload, UploadError};
use http::header::{ACCEPT, ORIGIN};
use http::{HeaderName, HeaderValue, Method};
use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::Sender;

/// Where the bridge puts its secret and its document's nonce.
const KEY_HEADER: HeaderName = HeaderName::from_static("x-auroraview");

/// Why a page asks.
#[derive(Debug)]
pub enum Purpose {
    /// For the document at this address.
    Document(String),
    /// It has nothing to ask: an address outside, which is shown empty.
    Elsewhere(String),
    /// A piece of an attachment.
    Upload,
    /// The attachment with this number.
    Download(u64),
}

/// The requests of one page.
pub struct Requests {
    view: u32,
    desk: Desk,
    work: Sender<Work>,
    last: u64,
    open: HashMap<u64, Purpose>,
}

struct Piece(Vec<u8>);

impl Upload for Piece {
    fn read(self: Box<Self>, limit: usize, then: TakeBody) {
        then(if self.0.len() > limit { Err(UploadError::TooLarge) } else { Ok(vec![Arc::new(self.0)]) });
    }
}

impl Requests {
    /// No requests yet.
    pub fn new(view: u32, desk: Desk, work: Sender<Work>) -> Self {
        Self { view, desk, work, last: 0, open: HashMap::new() }
    }

    /// Forgets what was asked; answers of it are nobody's any more.
    pub fn forget(&mut self) {
        self.open.clear();
    }

    /// Forgets documents that were asked for. The one that is there goes on until another comes.
    pub fn forget_documents(&mut self) {
        self.open.retain(|_, purpose| matches!(purpose, Purpose::Upload | Purpose::Download(_)));
    }

    /// Why it was asked, once.
    pub fn purpose(&mut self, ticket: u64) -> Option<Purpose> {
        self.open.remove(&ticket)
    }

    /// Asks for a document.
    pub fn document(&mut self, url: &str) -> Result<(), http::Error> {
        let mut request = request(Method::GET, url)?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("text/html"));
        self.ask(request, Vec::new(), Purpose::Document(url.to_owned()));
        Ok(())
    }

    /// Shows an empty document: like every load, a little later.
    pub fn elsewhere(&mut self, url: &str) {
        let ticket = self.remember(Purpose::Elsewhere(url.to_owned()));
        let answer = Answer::new(Body::Bytes(Vec::new()));
        let _ = self.work.send(Work::Answered { view: self.view, ticket, answer }); // the loop is there
    }

    /// Posts a piece of an attachment, or fetches one.
    pub fn bytes(&mut self, url: &str, key: &str, origin: Option<&str>, body: Vec<u8>, purpose: Purpose) {
        let method = if matches!(purpose, Purpose::Upload) { Method::POST } else { Method::GET };
        let Ok(mut request) = request(method, url) else { return };
        let values = [(KEY_HEADER, Some(key)), (ORIGIN, origin)];
        for (name, value) in values {
            if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
                request.headers_mut().insert(name, value);
            }
        }
        self.ask(request, body, purpose);
    }

    fn ask(&mut self, request: Request, body: Vec<u8>, purpose: Purpose) {
        let (view, ticket, work) = (self.view, self.remember(purpose), self.work.clone());
        let respond = move |answer| drop(work.send(Work::Answered { view, ticket, answer }));
        self.desk.take(request, Box::new(Piece(body)), Box::new(respond));
    }

    fn remember(&mut self, purpose: Purpose) -> u64 {
        self.last += 1;
        self.open.insert(self.last, purpose);
        self.last
    }
}

fn request(method: Method, url: &str) -> Result<Request, http::Error> {
    http::Request::builder().method(method).uri(url).body(())
}

/// All bytes of an answer.
pub fn bytes_of(answer: Answer) -> std::io::Result<Vec<u8>> {
    match answer.into_body() {
        Body::Bytes(bytes) => Ok(bytes),
        Body::Chunks(chunks) => Ok(chunks.concat()),
        Body::File(file, length) => {
            let mut bytes = Vec::new();
            file.take(length).read_to_end(&mut bytes)?;
            Ok(bytes)
        }
    }
}
