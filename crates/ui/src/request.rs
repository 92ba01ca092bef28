//! Requests of pages to the view's own origin, whatever engine brings them, and who answers which.
//!
//! Paths under `/$/` are the view's (attachments, `protocol/README.md` section 8); all others are files.

use crate::assets::Asker;
use crate::backend::{Event, Report, SPELLING};
use crate::origin::{SCHEME, origin_of, own_origin};
use auroraview_core::wire::ViewOptions;
use auroraview_link::Shared;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_TYPE, ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use std::fs::File;

/// What an engine asks, without the body.
pub type Request = http::Request<()>;

/// What it is answered.
pub type Answer = http::Response<Body>;

/// Takes an answer back to the engine, from any thread. Dropped uncalled, the request fails.
pub type Respond = Box<dyn FnOnce(Answer) + Send>;

/// What an answer holds.
#[derive(Debug)]
pub enum Body {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes, one piece after the other.
    Chunks(Vec<Vec<u8>>),
    /// So many bytes of a file, from where it stands.
    File(File, u64),
}

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It is longer than the limit; the rest was not read.
    #[error("the body is too long")]
    TooLarge,
    /// The engine's words.
    #[allow(dead_code)] // wry reads bodies itself, and never says so
    #[error("cannot read the body: {0}")]
    Unreadable(String),
}

/// Takes a body, from where it was read to, on the loop's thread.
pub type TakeBody = Box<dyn FnOnce(Result<Vec<Shared>, UploadError>)>;

/// The body of a request, unread: WebKitGTK 2.50 crashes when one that holds a `Blob` is touched.
pub trait Upload {
    /// Reads all of it, up to `limit` bytes, without holding up the loop.
    fn read(self: Box<Self>, limit: usize, then: TakeBody);
}

/// A request that waits for its answer. Belongs to the loop's thread; dropped unanswered, the request fails.
pub struct Exchange {
    request: Request,
    stranger: bool,
    upload: Option<Box<dyn Upload>>,
    respond: Respond,
    report: Report,
}

impl Exchange {
    /// What is asked.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Whether a page asks whose origin is neither the view's own nor allowed.
    pub fn is_of_stranger(&self) -> bool {
        self.stranger
    }

    /// Answers.
    pub fn answer(self, answer: Answer) {
        (self.respond)(answer);
    }

    /// Reads the body; [`Event::Uploaded`] brings it with this exchange. Call it only for a request that proved to be the
    /// bridge's, and once.
    pub fn read_body(mut self, limit: usize) {
        let Some(upload) = self.upload.take() else { return };
        let report = Report::clone(&self.report);
        upload.read(limit, Box::new(move |body| report(Event::Uploaded { exchange: self, body })));
    }
}

/// Where the requests of one view go. Belongs to the loop's thread.
pub struct Desk {
    app_id: String,
    allowed_origins: Vec<String>,
    assets: Asker,
    report: Report,
}

impl Desk {
    /// Of a view: files come from `assets`, the rest is reported.
    pub fn new(options: &ViewOptions, assets: Asker, report: Report) -> Self {
        Self { app_id: options.app_id.clone(), allowed_origins: options.allowed_origins.clone(), assets, report }
    }

    /// Takes a request; `respond` is called with its answer, now or later.
    pub fn take(&self, request: Request, upload: Box<dyn Upload>, respond: Respond) {
        if !is_own(request.uri(), &self.app_id) {
            return respond(text(StatusCode::NOT_FOUND, "no such site"));
        }
        let asker = self.asker(request.headers());
        let respond: Respond = match &asker {
            Asking::Allowed(origin) => {
                let origin = origin.clone();
                Box::new(move |answer| respond(share(answer, origin)))
            }
            Asking::Own | Asking::Stranger => respond,
        };
        let stranger = matches!(asker, Asking::Stranger);
        if matches!(asker, Asking::Allowed(_)) && request.method() == Method::OPTIONS {
            respond(preflight());
        } else if request.uri().path().starts_with("/$/") {
            let report = Report::clone(&self.report);
            (self.report)(Event::Request(Exchange { request, stranger, upload: Some(upload), respond, report }));
        } else if stranger {
            respond(text(StatusCode::FORBIDDEN, "origin not allowed"));
        } else {
            (self.assets)(request, respond);
        }
    }

    /// Whose page asks. An engine names the origin of every page but the view's own, unless the page cannot read the answer
    /// anyhow.
    fn asker(&self, headers: &HeaderMap) -> Asking {
        let Some(header) = headers.get(ORIGIN) else { return Asking::Own };
        let origin = header.to_str().map_or_else(|_| "null".into(), |text| origin_of(&SPELLING.to_wire(text)));
        if origin == own_origin(&self.app_id) {
            Asking::Own
        } else if self.allowed_origins.contains(&origin) {
            Asking::Allowed(header.clone())
        } else {
            Asking::Stranger
        }
    }
}

enum Asking {
    Own,
    Allowed(HeaderValue),
    Stranger,
}

/// Whether an address is the view's own: `av://<app id>/...`, or as wry says it on Windows, `av.<app id>://localhost/...`.
fn is_own(uri: &Uri, app_id: &str) -> bool {
    let plain = uri.port().is_none() && uri.authority().is_none_or(|authority| !authority.as_str().contains('@'));
    plain
        && match uri.scheme_str() {
            Some(SCHEME) => uri.host() == Some(app_id),
            Some(scheme) => scheme.strip_prefix("av.") == Some(app_id),
            None => false,
        }
}

fn preflight() -> Answer {
    let mut answer = text(StatusCode::NO_CONTENT, "");
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST"));
    let names = "content-type, range, if-range, if-none-match, x-auroraview";
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(names));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    answer
}

/// Lets pages of exactly that origin read an answer.
fn share(mut answer: Answer, origin: HeaderValue) -> Answer {
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let names = HeaderValue::from_static("accept-ranges, content-length, content-range, etag, last-modified");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, names);
    headers.insert(VARY, HeaderValue::from_static("origin"));
    answer
}

/// An answer for people.
pub fn text(status: StatusCode, message: &'static str) -> Answer {
    let mut answer = Answer::new(Body::Bytes(message.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=utf-8"));
    answer.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

#[cfg(test)]
pub mod tests;
