//! Attachments, both ways (`protocol/README.md` section 8): pieces that the page posts, and bytes that it fetches.

use super::{Outgoing, View};
use crate::request::{Answer, Body, Exchange, UploadError, text};
use auroraview_core::frame::Frame;
use auroraview_core::limits::{MAX_ATTACHED, MAX_ATTACHMENTS, MAX_PIECE};
use auroraview_core::wire::{Header, Kind};
use auroraview_link::{Attachment, Collected, Shared};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use std::collections::HashMap;

/// The attachments of one document.
#[derive(Default)]
pub struct Transfers {
    /// What the page posts and no message has named.
    uploads: HashMap<u64, Upload>,
    /// Pieces that wait until the host is ready for more.
    held: Vec<Exchange>,
    /// What the page has been told of and has not fetched.
    downloads: HashMap<u64, Collected>,
}

/// An attachment on its way up.
#[derive(Default)]
struct Upload {
    /// How much the host has.
    length: usize,
    /// The piece that goes on from there is being read.
    reading: bool,
}

impl Transfers {
    /// The page gets a message that names these.
    pub fn offer(&mut self, attachments: Vec<(u64, Collected)>) {
        // One without bytes is never asked for.
        self.downloads.extend(attachments.into_iter().filter(|(_, bytes)| !bytes.is_empty()));
    }

    /// Bytes that the page has not fetched.
    pub fn unfetched(&self) -> usize {
        self.downloads.values().map(Collected::len).sum()
    }

    /// A message of the page names these; what it posts next belongs to another.
    pub fn claim(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.uploads.remove(number);
        }
    }

    /// A piece came: it is read if everything before it was.
    fn begin(&mut self, number: u64, from: usize, exchange: Exchange) {
        if self.uploads.len() >= MAX_ATTACHMENTS && !self.uploads.contains_key(&number) {
            return exchange.answer(text(StatusCode::PAYLOAD_TOO_LARGE, "too many attachments"));
        }
        let upload = self.uploads.entry(number).or_default();
        if from == upload.length && !upload.reading {
            upload.reading = true;
            exchange.read_body(MAX_PIECE);
        } else {
            exchange.answer(text(StatusCode::BAD_REQUEST, "a piece out of turn"));
        }
    }

    /// Counts a piece that was read, if a message waits for it and may have as much.
    fn count(&mut self, number: u64, bytes: usize) -> Result<(), StatusCode> {
        let all = self.uploads.values().map(|upload| upload.length).sum::<usize>();
        let Some(upload) = self.uploads.get_mut(&number).filter(|upload| upload.reading) else {
            return Err(StatusCode::BAD_REQUEST);
        };
        upload.reading = false;
        if all + bytes > MAX_ATTACHED {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        upload.length += bytes;
        Ok(())
    }

    /// A piece is lost.
    fn fail(&mut self, number: u64) {
        if let Some(upload) = self.uploads.get_mut(&number) {
            upload.reading = false;
        }
    }
}

impl View {
    /// Whether pieces wait until the host is ready for more.
    pub fn holds_uploads(&self) -> bool {
        !self.transfers.held.is_empty()
    }

    /// The host is ready for more.
    pub fn answer_uploads(&mut self) {
        for exchange in std::mem::take(&mut self.transfers.held) {
            exchange.answer(text(StatusCode::NO_CONTENT, ""));
        }
    }

    /// A request under `/$/`. Nothing of one that is not the bridge's is read.
    pub(super) fn request(&mut self, exchange: Exchange) {
        if let Some(exchange) = self.admitted(exchange) {
            let asked = exchange.request();
            let (method, path) = (asked.method(), asked.uri().path());
            match (piece(path), numbered(path, "/$/down/")) {
                (Some((number, from)), _) if method == Method::POST => self.transfers.begin(number, from, exchange),
                (_, Some(number)) if method == Method::GET => self.hand_over(number, exchange),
                _ => exchange.answer(text(StatusCode::NOT_FOUND, "no such attachment")),
            }
        }
    }

    /// The same, if it comes from the bridge of the document that is there; else it is answered and counted.
    fn admitted(&mut self, exchange: Exchange) -> Option<Exchange> {
        match self.admit_request(&exchange) {
            Ok(()) => Some(exchange),
            Err(reason) => {
                self.count_refused(reason);
                exchange.answer(text(StatusCode::FORBIDDEN, reason));
                None
            }
        }
    }

    /// A piece of an attachment was read. Its document may be gone meanwhile.
    pub(super) fn uploaded(&mut self, exchange: Exchange, body: Result<Vec<Shared>, UploadError>) {
        let Some(exchange) = self.admitted(exchange) else { return };
        let Some(doc) = self.document.as_ref().map(|document| document.generation) else { return };
        let Some((number, _)) = piece(exchange.request().uri().path()) else { return };
        let counted = match &body {
            Ok(bytes) => self.transfers.count(number, bytes.iter().map(|bytes| (**bytes).as_ref().len()).sum()),
            Err(UploadError::TooLarge) => Err(StatusCode::PAYLOAD_TOO_LARGE),
            Err(UploadError::Unreadable(why)) => {
                say!("a page's bytes could not be read: {why}");
                Err(StatusCode::BAD_REQUEST)
            }
        };
        match (counted, body) {
            (Ok(()), Ok(bytes)) => {
                let attachments = bytes.into_iter().map(|bytes| Attachment { number, bytes });
                self.out.extend(attachments.map(|attachment| Outgoing::Chunks { doc, attachment }));
                self.transfers.held.push(exchange);
            }
            (Err(status), _) => {
                self.transfers.fail(number);
                exchange.answer(text(status, "no piece of an attachment"));
            }
            (Ok(()), Err(_)) => {} // only what was read is counted
        }
    }

    /// No message wants these. The host may have them already, and keeps them until one names them.
    pub(super) fn drop_uploads(&mut self, doc: u32, numbers: Vec<u64>) {
        if !numbers.is_empty() {
            let mut header = Header::new(self.id, Some(doc), Kind::Control, None);
            header.att = numbers;
            let body = br#"{"jsonrpc":"2.0","method":"$/dropped"}"#.to_vec();
            self.out.push(Outgoing::Message(Frame { header, body }));
        }
    }

    fn hand_over(&mut self, number: u64, exchange: Exchange) {
        let Some(bytes) = self.transfers.downloads.remove(&number) else {
            return exchange.answer(text(StatusCode::NOT_FOUND, "no such attachment"));
        };
        self.lane.fetched(bytes.len());
        let mut answer = Answer::new(Body::Chunks(bytes.0));
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        exchange.answer(answer);
    }

    /// The document is gone, and what belonged to it.
    pub(super) fn drop_transfers(&mut self) {
        self.lane.fetched(self.transfers.unfetched());
        self.transfers = Transfers::default();
    }
}

/// Number and place of a piece.
fn piece(path: &str) -> Option<(u64, usize)> {
    let (number, from) = path.strip_prefix("/$/up/")?.split_once('/')?;
    Some((number.parse().ok()?, from.parse().ok()?))
}

/// The number behind `prefix`.
fn numbered(path: &str, prefix: &str) -> Option<u64> {
    path.strip_prefix(prefix)?.parse().ok()
}
