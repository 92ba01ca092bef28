//! The bridge's end of `protocol/README.md` sections 2, 3 and 8: posts and parks, batches, and the bytes of messages.

use super::super::SPELLING;
use super::Event;
use super::page::Page;
use super::play::Done;
use super::requests::Purpose;
use crate::backend::Slot;
use crate::origin::origin_of;
use auroraview_core::limits::MAX_PIECE;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Weak;

/// What stands in front of the boot data in the script that an engine would inject.
const BOOT: &str = "__AURORAVIEW_BOOT__=";

/// What a bridge is told by the script that makes it.
#[derive(Debug, Deserialize)]
pub struct Boot {
    secret: String,
    origins: Vec<String>,
}

impl Boot {
    /// Reads the injected script: the data in it is all that is played.
    pub fn read(script: &str) -> Result<Self, String> {
        let data = script.split_once(BOOT).map(|(_, rest)| rest).ok_or("the injected script has no boot data")?;
        let mut boots = serde_json::Deserializer::from_str(data).into_iter::<Self>();
        boots.next().transpose().map_err(|error| error.to_string())?.ok_or_else(|| "the boot data is empty".into())
    }

    /// Whether documents of that origin have a bridge.
    pub fn allows(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| origin_of(&SPELLING.to_wire(allowed)) == origin)
    }
}

/// The bridge of one document.
pub struct Bridge {
    nonce: String,
    /// Batches that it has handled.
    handled: u64,
    /// Posts that are not answered.
    parked: usize,
    /// Batches that it has not handled: a message whose bytes are missing holds up what came behind it.
    batches: VecDeque<VecDeque<Value>>,
    /// Bytes that were fetched for the first message that waits.
    fetched: HashMap<u64, Vec<u8>>,
    fetching: bool,
    /// Messages that wait until the bytes of the first are posted.
    upward: VecDeque<Upward>,
    uploading: bool,
    attachments: u64,
}

struct Upward {
    line: String,
    pieces: VecDeque<Piece>,
}

/// A part of an attachment.
struct Piece {
    number: u64,
    from: usize,
    bytes: Vec<u8>,
}

/// A post that waits for its answer.
struct Parked {
    page: Weak<RefCell<Page>>,
    nonce: String,
}

impl Slot for Parked {
    fn answer(self: Box<Self>, batch: &str) {
        if let Some(page) = self.page.upgrade() {
            page.borrow_mut().take_batch(&self.nonce, batch);
        }
    }

    fn refuse(self: Box<Self>, reason: &str) {
        say!("a post of the page was refused: {reason}");
    }
}

impl Bridge {
    /// Of the nth document of a page, which names itself so.
    pub fn new(document: u64) -> Self {
        Self {
            nonce: format!("{document:032x}"),
            handled: 0,
            parked: 0,
            batches: VecDeque::new(),
            fetched: HashMap::new(),
            fetching: false,
            upward: VecDeque::new(),
            uploading: false,
            attachments: 0,
        }
    }
}

impl Page {
    /// The first thing that a bridge says.
    pub(super) fn say_hello(&mut self) {
        self.post("h 0 {}\n");
    }

    fn post(&mut self, lines: &str) {
        let Some(bridge) = &mut self.bridge else { return };
        bridge.parked += 1;
        let text = format!("{} {} {}\n{lines}", self.boot.secret, bridge.nonce, bridge.handled);
        let slot = Parked { page: Weak::clone(&self.me), nonce: bridge.nonce.clone() };
        (self.report)(Event::Post { text, slot: Box::new(slot) });
    }

    // ---- from Python ----

    fn take_batch(&mut self, nonce: &str, batch: &str) {
        let Some(bridge) = self.bridge.as_mut().filter(|bridge| bridge.nonce == nonce) else { return };
        bridge.parked -= 1;
        let texts: Vec<&RawValue> = serde_json::from_str(batch).unwrap_or_default();
        let read = |text: &RawValue| match serde_json::from_str(text.get()) {
            Ok(message) => Some(message),
            Err(error) => {
                say!("a message cannot be played ({error}): {:.300}", text.get());
                None
            }
        };
        bridge.batches.push_back(texts.into_iter().filter_map(read).collect());
        self.deliver();
        if self.bridge.as_ref().is_some_and(|bridge| bridge.nonce == nonce && bridge.parked == 0) {
            self.post("");
        }
    }

    /// Hands over messages, up to one whose bytes are missing.
    fn deliver(&mut self) {
        while let Some(bridge) = &mut self.bridge
            && let Some(batch) = bridge.batches.front_mut()
        {
            let Some(message) = batch.front_mut() else {
                bridge.batches.pop_front();
                bridge.handled += 1;
                continue;
            };
            if let Some(number) = first_missing(message, &bridge.fetched) {
                if !std::mem::replace(&mut bridge.fetching, true) {
                    self.ask_for_bytes(&format!("down/{number}"), Vec::new(), Purpose::Download(number));
                }
                return;
            }
            let mut message = batch.pop_front().unwrap_or_default();
            fill_in(&mut message, &std::mem::take(&mut bridge.fetched));
            self.receive(message);
        }
    }

    /// Bytes that a message named are there.
    pub(super) fn downloaded(&mut self, number: u64, bytes: Vec<u8>) {
        let Some(bridge) = &mut self.bridge else { return };
        bridge.fetching = false;
        bridge.fetched.insert(number, bytes);
        let before = bridge.handled;
        self.deliver();
        if self.bridge.as_ref().is_some_and(|bridge| bridge.handled > before) {
            self.post(""); // says that it has handled what it held back
        }
    }

    // ---- to Python ----

    /// Sends a message; `{"$bytes": "<hex>"}` in it are bytes.
    pub(super) fn send(&mut self, mut message: Value) -> Done {
        let Some(bridge) = &mut self.bridge else { return Done::Failed(format!("{} has no bridge", self.url)) };
        let mut found = Vec::new();
        take_out(&mut message, &bridge.nonce, &mut found);
        let first = bridge.attachments + 1;
        bridge.attachments += found.len() as u64;
        if !found.is_empty() {
            let lengths: Vec<_> = (first..).zip(&found).map(|(number, bytes)| (number, bytes.len())).collect();
            message["ext"] = json!({ "mark": bridge.nonce, "bytes": lengths, "streams": [] });
        }
        let Some(line) = line(message, first, found.len()) else {
            return Done::Failed("a message is a JSON object with a method, a result or an error".into());
        };
        let pieces = (first..).zip(&found).flat_map(|(number, bytes)| {
            let places = (0..).step_by(MAX_PIECE);
            places.zip(bytes.chunks(MAX_PIECE)).map(move |(from, piece)| Piece { number, from, bytes: piece.to_vec() })
        });
        if line.starts_with('c') && found.is_empty() {
            self.post(&line); // control passes
        } else {
            bridge.upward.push_back(Upward { line, pieces: pieces.collect() });
            self.send_on();
        }
        Done::Nothing
    }

    /// The same for what the page says by itself: without a bridge nobody would hear it.
    pub(super) fn send_plain(&mut self, message: Value) {
        if let Done::Failed(why) = self.send(message) {
            say!("the page could not answer: {why}");
        }
    }

    fn send_on(&mut self) {
        while let Some(bridge) = self.bridge.as_mut().filter(|bridge| !bridge.uploading)
            && let Some(front) = bridge.upward.front_mut()
        {
            if let Some(Piece { number, from, bytes }) = front.pieces.pop_front() {
                bridge.uploading = true;
                self.ask_for_bytes(&format!("up/{number}/{from}"), bytes, Purpose::Upload);
            } else if let Some(Upward { line, .. }) = bridge.upward.pop_front() {
                self.post(&line);
            }
        }
    }

    /// A piece was taken, or not.
    pub(super) fn uploaded(&mut self, status: StatusCode) {
        if let Some(bridge) = &mut self.bridge {
            bridge.uploading = false;
            if status != StatusCode::NO_CONTENT {
                bridge.upward.pop_front();
                say!("bytes of the page were refused: {status}");
            }
        }
        self.send_on();
    }

    fn ask_for_bytes(&mut self, path: &str, body: Vec<u8>, purpose: Purpose) {
        let Some(bridge) = &self.bridge else { return };
        let Some(own) = self.boot.origins.first().map(|own| SPELLING.to_wire(own)) else { return };
        let key = format!("{} {}", self.boot.secret, bridge.nonce);
        let origin = origin_of(&self.url);
        let stranger = (origin != origin_of(&own)).then_some(origin.as_str());
        self.requests.bytes(&format!("{}/$/{path}", own.trim_end_matches('/')), &key, stranger, body, purpose);
    }
}

/// The line of a message with so many attachments from number `first` on.
fn line(mut message: Value, first: u64, attachments: usize) -> Option<String> {
    let members = message.as_object_mut()?;
    members.insert("jsonrpc".into(), "2.0".into());
    let method = members.get("method").and_then(Value::as_str);
    let id = members.get("id").and_then(Value::as_u64);
    let (kind, id) = match (method, id) {
        (Some(_), Some(id)) => ('q', id),
        // A change of the shared state counts as an event, and waits its turn.
        (Some(method), None) => (if method.starts_with("$/") && method != "$/state" { 'c' } else { 'n' }, 0),
        (None, Some(id)) if members.contains_key("result") || members.contains_key("error") => ('r', id),
        (None, _) => return None,
    };
    let numbers: String = (first..).take(attachments).map(|number| format!("+{number}")).collect();
    Some(format!("{kind} {id}{numbers} {message}\n"))
}

/// The numbers and lengths of the attachments of a message, and whether they are texts.
fn attached(message: &Value) -> impl Iterator<Item = (u64, u64, bool)> + '_ {
    let named = message.pointer("/ext/bytes").and_then(Value::as_array).into_iter().flatten();
    named.filter_map(|each| Some((each.get(0)?.as_u64()?, each.get(1)?.as_u64()?, each.get(2).is_some())))
}

/// One without bytes is never asked for.
fn first_missing(message: &Value, fetched: &HashMap<u64, Vec<u8>>) -> Option<u64> {
    let mut waits = attached(message).filter(|(number, length, _)| *length > 0 && !fetched.contains_key(number));
    waits.next().map(|(number, ..)| number)
}

/// Puts bytes where their markers are, as `{"$bytes": "<hex>"}`, and texts as such.
fn fill_in(message: &mut Value, fetched: &HashMap<u64, Vec<u8>>) {
    let meant = |(number, _, is_text)| {
        let bytes = fetched.get(&number).map(Vec::as_slice).unwrap_or_default();
        if is_text { String::from_utf8_lossy(bytes).into() } else { json!({ "$bytes": hex(bytes) }) }
    };
    let values: Vec<Value> = attached(message).map(meant).collect();
    let Some(mark) = message.pointer("/ext/mark").and_then(Value::as_str).map(|mark| format!("$bytes{mark}")) else {
        return;
    };
    replace(message, &|members| {
        let index = members.get(&mark).and_then(Value::as_u64)?;
        values.get(usize::try_from(index).ok()?).cloned()
    });
    if let Some(members) = message.as_object_mut() {
        members.remove("ext");
    }
}

/// Takes bytes out, and puts markers where they were.
fn take_out(message: &mut Value, mark: &str, found: &mut Vec<Vec<u8>>) {
    let cell = RefCell::new(found);
    replace(message, &|members| {
        let bytes = unhex(members.get("$bytes")?.as_str()?)?;
        let mut found = cell.borrow_mut();
        found.push(bytes);
        let mut marker = Map::new();
        marker.insert(format!("$bytes{mark}"), (found.len() - 1).into());
        Some(marker.into())
    });
}

/// Replaces objects with a single member that `other` has something for.
fn replace(value: &mut Value, other: &dyn Fn(&Map<String, Value>) -> Option<Value>) {
    match value {
        Value::Object(members) => {
            if let Some(new) = Some(&*members).filter(|members| members.len() == 1).and_then(other) {
                *value = new;
            } else {
                members.values_mut().for_each(|part| replace(part, other));
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(|part| replace(part, other)),
        _ => {}
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(pair).collect())?
}
