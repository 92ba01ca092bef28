//! Bytes through a bare scheme of WebKitGTK: a POST up, a GET down, with nothing behind them.

use crate::host::{Host, Stamps, stamp};
use gtk::gio::MemoryInputStream;
use gtk::glib::Bytes;
use gtk::prelude::*;
use std::error::Error;
use webkit2gtk::{SecurityManagerExt, URISchemeRequest, URISchemeRequestExt, WebContextExt, WebViewExt};
use wry::{WebView, WebViewExtUnix};

/// Serves the page, too: so it and the bytes are of one origin.
pub fn serve(webview: &WebView, html: String, host: &Host) -> Result<(), Box<dyn Error>> {
    let context = webview.webview().context().ok_or("no context")?;
    let security = context.security_manager().ok_or("no security manager")?;
    security.register_uri_scheme_as_secure("raw");
    security.register_uri_scheme_as_cors_enabled("raw");
    let size = host.transfer();
    let (page, down, stamps) =
        (Bytes::from_owned(html.into_bytes()), Bytes::from_owned(vec![120; size]), host.stamps());
    context.register_uri_scheme("raw", move |request| answer(request, &page, &down, &stamps));
    webview.load_url("raw://app/")?;
    Ok(())
}

fn answer(request: &URISchemeRequest, page: &Bytes, down: &Bytes, stamps: &Stamps) {
    let (body, kind) = match request.path().as_deref() {
        Some("/up") => {
            stamp(stamps);
            take(request, down.len());
            (&Bytes::from_static(b""), "text/plain")
        }
        Some("/down") => {
            stamp(stamps);
            (down, "application/octet-stream")
        }
        _ => (page, "text/html"),
    };
    request.finish(&MemoryInputStream::from_bytes(body), i64::try_from(body.len()).unwrap_or(-1), Some(kind));
}

fn take(request: &URISchemeRequest, size: usize) {
    let mut bytes = vec![0; size];
    let Some(stream) = request.http_body() else { return };
    match stream.read_all(&mut bytes, gtk::gio::Cancellable::NONE) {
        Ok((read, None)) if read == size => {}
        other => eprintln!("not what was sent: {other:?}"),
    }
}
