//! The view's own scheme by wry, where its way will do: bodies are read before anybody asks, and answers are whole.

use crate::request::{Answer, Body, Desk, TakeBody, Upload, UploadError};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Read;
use std::rc::Rc;
use std::sync::Arc;
use wry::WebViewBuilder;

thread_local! {
    /// The desks of all pages. wry wants handlers that any thread may hold, but it calls them where it made the page: on the
    /// loop's thread, the only one that has any desks.
    static DESKS: RefCell<BTreeMap<u64, Rc<Desk>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Takes the requests of a page to the view's own scheme.
pub fn offer<'a>(builder: WebViewBuilder<'a>, scheme: String, desk: Desk) -> WebViewBuilder<'a> {
    let desk = DeskNumber::give(desk);
    builder.with_asynchronous_custom_protocol(scheme, move |_, request, responder| {
        let Some(desk) = desk.look_up() else { return };
        let (parts, body) = request.into_parts();
        let request = http::Request::from_parts(parts, ());
        desk.take(request, Box::new(Whole(body)), Box::new(move |answer| responder.respond(whole(answer))));
    })
}

/// Stands for a desk in a handler; the desk goes with it.
struct DeskNumber(u64);

impl DeskNumber {
    fn give(desk: Desk) -> Self {
        DESKS.with_borrow_mut(|desks| {
            let number = desks.last_key_value().map_or(0, |(last, _)| last + 1);
            desks.insert(number, Rc::new(desk));
            Self(number)
        })
    }

    fn look_up(&self) -> Option<Rc<Desk>> {
        DESKS.with_borrow(|desks| desks.get(&self.0).cloned())
    }
}

impl Drop for DeskNumber {
    fn drop(&mut self) {
        // None when the thread ends, which takes all desks with it.
        let _ = DESKS.try_with(|desks| desks.borrow_mut().remove(&self.0));
    }
}

/// The answer with its file read. It is called on the thread that reads files.
fn whole(answer: Answer) -> http::Response<Cow<'static, [u8]>> {
    answer.map(|body| match body {
        Body::Bytes(bytes) => bytes.into(),
        Body::Chunks(chunks) => chunks.concat().into(),
        Body::File(file, length) => {
            let mut bytes = Vec::new();
            if let Err(error) = file.take(length).read_to_end(&mut bytes) {
                say!("a file could not be read to its end: {error}");
            }
            bytes.into()
        }
    })
}

struct Whole(Vec<u8>);

impl Upload for Whole {
    fn read(self: Box<Self>, limit: usize, then: TakeBody) {
        then(if self.0.len() > limit { Err(UploadError::TooLarge) } else { Ok(vec![Arc::new(self.0)]) });
    }
}
