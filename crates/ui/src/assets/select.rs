//! What of a file answers a request: all of it, a part of it, or word that it has not changed.

use super::range::{Part, part};
use crate::request::{Answer, Body, Request, text};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, LAST_MODIFIED, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// A part up to this length is read at once; a longer one is left to the engine.
const AT_ONCE: u64 = 256 << 10;

/// A file that is open.
pub struct Found<'a> {
    path: &'a Path,
    file: File,
    length: u64,
    modified: SystemTime,
}

impl<'a> Found<'a> {
    /// Learns what must be known of it.
    pub fn new(path: &'a Path, file: File) -> std::io::Result<Self> {
        let about = file.metadata()?;
        Ok(Self { path, file, length: about.len(), modified: about.modified().unwrap_or(UNIX_EPOCH) })
    }

    /// Answers as RFC 9110 says.
    pub fn answer(&self, request: &Request) -> Answer {
        let (method, headers) = (request.method(), request.headers());
        if self.is_known(headers) {
            return self.with_headers(StatusCode::NOT_MODIFIED, Body::Bytes(Vec::new()));
        }
        let range = value(headers, RANGE).filter(|_| *method == Method::GET && self.may_be_parted(headers));
        match range.map_or(Part::All, |range| part(range, self.length)) {
            Part::All => self.send(StatusCode::OK, 0, self.length, method),
            Part::None => {
                let mut refused = text(StatusCode::RANGE_NOT_SATISFIABLE, "the file is shorter");
                insert(refused.headers_mut(), CONTENT_RANGE, &format!("bytes */{}", self.length));
                refused
            }
            Part::Of(from, length) => self.send(StatusCode::PARTIAL_CONTENT, from, length, method),
        }
    }

    fn send(&self, status: StatusCode, from: u64, length: u64, method: &Method) -> Answer {
        let total = self.length;
        let body = if *method == Method::HEAD { Ok(Body::Bytes(Vec::new())) } else { self.read(from, length) };
        let mut answer = match body {
            Ok(body) => self.with_headers(status, body),
            Err(error) => {
                say!("{}: {error}", self.path.display());
                return text(StatusCode::INTERNAL_SERVER_ERROR, "the file cannot be read");
            }
        };
        insert(answer.headers_mut(), CONTENT_LENGTH, &length.to_string());
        if status == StatusCode::PARTIAL_CONTENT {
            let range = format!("bytes {from}-{}/{total}", from + length - 1);
            insert(answer.headers_mut(), CONTENT_RANGE, &range);
        }
        answer
    }

    fn read(&self, from: u64, length: u64) -> std::io::Result<Body> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(from))?;
        if length > AT_ONCE {
            return Ok(Body::File(file, length));
        }
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes)?;
        Ok(Body::Bytes(bytes))
    }

    fn with_headers(&self, status: StatusCode, body: Body) -> Answer {
        let mut answer = typed(self.path, status, body);
        let headers = answer.headers_mut();
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        insert(headers, ETAG, &self.tag());
        insert(headers, LAST_MODIFIED, &httpdate::fmt_http_date(self.modified));
        answer
    }

    /// Changes whenever the file does.
    fn tag(&self) -> String {
        let since = self.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        format!("\"{:x}-{:x}\"", since.as_nanos(), self.length)
    }

    /// Whether the asker has this very file.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        match value(headers, IF_NONE_MATCH) {
            Some("*") => true,
            Some(tags) => tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == self.tag()),
            None => value(headers, IF_MODIFIED_SINCE).is_some_and(|date| self.is_of(date, |file, date| file <= date)),
        }
    }

    /// Whether a part goes with what the asker has of the file.
    fn may_be_parted(&self, headers: &HeaderMap) -> bool {
        let same = |known: &str| known == self.tag() || self.is_of(known, |file, date| file == date);
        value(headers, IF_RANGE).is_none_or(same)
    }

    /// Compares when it was changed with a date, in whole seconds.
    fn is_of(&self, date: &str, compare: impl Fn(u64, u64) -> bool) -> bool {
        let seconds =
            |time: SystemTime| time.duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default();
        httpdate::parse_http_date(date).is_ok_and(|date| compare(seconds(self.modified), seconds(date)))
    }
}

/// A document that is no file.
pub fn document(path: &Path, bytes: Vec<u8>) -> Answer {
    typed(path, StatusCode::OK, Body::Bytes(bytes))
}

fn typed(path: &Path, status: StatusCode, body: Body) -> Answer {
    let mut answer = Answer::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    insert(headers, CONTENT_TYPE, &mime(path));
    // A reload shows what the developer saved.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// The type by the name, with the encoding of what is text.
fn mime(path: &Path) -> String {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let subtype = mime.subtype().as_str();
    let is_text = mime.type_() == mime_guess::mime::TEXT
        || matches!(subtype, "javascript" | "json" | "xml")
        || mime.suffix().is_some_and(|suffix| matches!(suffix.as_str(), "json" | "xml"));
    let essence = if subtype == "javascript" { "text/javascript" } else { mime.essence_str() };
    if is_text { format!("{essence};charset=utf-8") } else { mime.to_string() }
}

fn value(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn insert(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = text.parse() {
        headers.insert(name, value);
    }
}
