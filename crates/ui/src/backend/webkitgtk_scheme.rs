//! The view's own scheme on WebKitGTK. wry's way of doing it holds every answer in memory, reads bodies unasked and only to
//! the first short read, and is closed to pages of other origins, also allowed ones.

use crate::origin::SCHEME;
use crate::request::{Answer, Body, Desk, Request, Respond, TakeBody, Upload, UploadError, text};
use auroraview_link::Shared;
use futures_channel::oneshot;
use gtk::gio::{InputStream, MemoryInputStream, ReadInputStream};
use gtk::glib::{self, Bytes, Cast, Priority, spawn_future_local};
use gtk::prelude::*;
use http::{HeaderName, HeaderValue, StatusCode};
use soup::{MessageHeaders, MessageHeadersType};
use std::io::Read;
use std::sync::Arc;
use webkit2gtk::{
    SecurityManagerExt, URISchemeRequest, URISchemeRequestExt, URISchemeResponse, URISchemeResponseExt, WebContextExt,
    WebView, WebViewExt,
};

/// Takes the requests of a page to the view's own scheme. Each view has an engine context of its own, so nobody else's
/// requests come here.
pub fn register(webview: &WebView, desk: Desk) {
    let Some(context) = WebViewExt::context(webview) else { return };
    if let Some(security) = context.security_manager() {
        security.register_uri_scheme_as_secure(SCHEME);
        security.register_uri_scheme_as_cors_enabled(SCHEME);
    }
    context.register_uri_scheme(SCHEME, move |asked| take(asked, &desk));
}

fn take(asked: &URISchemeRequest, desk: &Desk) {
    let (answer, answered) = oneshot::channel::<Answer>();
    let waiting = asked.clone();
    spawn_future_local(async move {
        match answered.await {
            Ok(answer) => finish(&waiting, answer),
            Err(_) => waiting.finish_error(&mut glib::Error::new(glib::UriError::Failed, "nobody answered")),
        }
    });
    let respond: Respond = Box::new(move |given| drop(answer.send(given))); // fails when the view is gone, and its requests with it
    match read(asked) {
        Some(request) => desk.take(request, Box::new(Unread(asked.clone())), respond),
        None => respond(text(StatusCode::BAD_REQUEST, "not an address")),
    }
}

/// Everything but the body.
fn read(asked: &URISchemeRequest) -> Option<Request> {
    let method = asked.http_method().unwrap_or_else(|| "GET".into());
    let mut request = http::Request::builder().uri(asked.uri()?.as_str()).method(method.as_str()).body(()).ok()?;
    if let Some(headers) = asked.http_headers() {
        headers.foreach(|name, value| {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
                request.headers_mut().append(name, value);
            }
        });
    }
    Some(request)
}

fn finish(asked: &URISchemeRequest, answer: Answer) {
    let (parts, body) = answer.into_parts();
    let (stream, length): (InputStream, _) = match body {
        Body::Bytes(bytes) => {
            let length = bytes.len() as u64;
            (MemoryInputStream::from_bytes(&Bytes::from_owned(bytes)).upcast(), length)
        }
        Body::Chunks(chunks) => {
            let length = chunks.iter().map(Vec::len).sum::<usize>() as u64;
            let stream = MemoryInputStream::new();
            chunks.into_iter().for_each(|chunk| stream.add_bytes(&Bytes::from_owned(chunk)));
            (stream.upcast(), length)
        }
        // Read piece by piece on GLib's threads, and no further than the engine asks.
        Body::File(file, length) => (ReadInputStream::new(file.take(length)).upcast(), length),
    };
    let response = URISchemeResponse::new(&stream, i64::try_from(length).unwrap_or(-1));
    response.set_status(parts.status.as_u16().into(), parts.status.canonical_reason());
    let headers = MessageHeaders::new(MessageHeadersType::Response);
    for (name, value) in &parts.headers {
        headers.append(name.as_str(), value.to_str().unwrap_or_default());
    }
    if let Some(mime) = parts.headers.get(http::header::CONTENT_TYPE) {
        response.set_content_type(mime.to_str().unwrap_or_default());
    }
    response.set_http_headers(headers);
    asked.finish_with_response(&response);
}

/// A body that nobody has touched.
struct Unread(URISchemeRequest);

impl Upload for Unread {
    fn read(self: Box<Self>, limit: usize, then: TakeBody) {
        spawn_future_local(async move { then(read_body(&self.0, limit).await) });
    }
}

/// Tasks for one of GLib's threads, each of which reads to where the bytes stay. Pages that nothing was read to cost nothing.
async fn read_body(asked: &URISchemeRequest, limit: usize) -> Result<Vec<Shared>, UploadError> {
    let (mut body, mut room) = (Vec::<Shared>::new(), limit + 1);
    let Some(stream) = asked.http_body() else { return Ok(body) };
    loop {
        let read = stream.read_bytes_future(room, Priority::DEFAULT).await;
        let bytes = read.map_err(|error| UploadError::Unreadable(error.message().into()))?;
        room = room.saturating_sub(bytes.len());
        match (bytes.len(), room) {
            (0, _) => return Ok(body),
            (_, 0) => return Err(UploadError::TooLarge),
            _ => body.push(Arc::new(bytes)),
        }
    }
}
