//! Who answers which request, without an engine.

use super::*;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

/// A body that a test gives.
struct Given(Vec<u8>);

impl Upload for Given {
    fn read(self: Box<Self>, limit: usize, then: TakeBody) {
        then(if self.0.len() > limit { Err(UploadError::TooLarge) } else { Ok(vec![Arc::new(self.0)]) });
    }
}

struct Bench {
    desk: Desk,
    asked: Rc<RefCell<Vec<String>>>,
    reports: Rc<RefCell<Vec<Event>>>,
}

fn bench() -> Bench {
    let options = ViewOptions { allowed_origins: vec!["http://localhost:5173".into()], ..ViewOptions::default() };
    let (asked, reports) = (Rc::default(), Rc::<RefCell<Vec<Event>>>::default());
    let (paths, events) = (Rc::<RefCell<Vec<String>>>::clone(&asked), Rc::clone(&reports));
    let assets = Box::new(move |request: Request, respond: Respond| {
        paths.borrow_mut().push(request.uri().path().into());
        respond(text(StatusCode::OK, "file"));
    });
    let desk = Desk::new(&options, assets, Rc::new(move |event| events.borrow_mut().push(event)));
    Bench { desk, asked, reports }
}

/// A request as an engine brings it.
pub fn request(method: Method, uri: &str, headers: &[(&'static str, &str)]) -> Request {
    let mut request = http::Request::builder().method(method).uri(uri).body(()).unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    request
}

/// Lets a view answer a request; its body is never read.
pub fn ask_view(view: &mut crate::view::View, asked: Request) -> StatusCode {
    let bench = bench();
    let answers = bench.take(asked);
    while let Some(event) = bench.next_report() {
        view.handle(event);
    }
    answers.recv().unwrap().status()
}

impl Bench {
    fn next_report(&self) -> Option<Event> {
        self.reports.borrow_mut().pop()
    }

    fn take(&self, request: Request) -> Receiver<Answer> {
        let (answer, answers) = channel();
        self.desk.take(request, Box::new(Given(b"body".to_vec())), Box::new(move |given| answer.send(given).unwrap()));
        answers
    }

    fn status(&self, request: Request) -> StatusCode {
        self.take(request).recv().unwrap().status()
    }
}

#[test]
fn files_are_only_at_the_views_own_address() {
    let bench = bench();
    for (uri, status) in [
        ("av://app/x.js", 200),
        ("av.app://localhost/x.js", 200),
        ("av://other/x.js", 404),
        ("av://app.evil.com/x.js", 404),
        ("av://app:80/x.js", 404),
        ("av://user@app/x.js", 404),
        ("http://app/x.js", 404),
        ("av.other://localhost/x.js", 404),
    ] {
        assert_eq!(bench.status(request(Method::GET, uri, &[])).as_u16(), status, "{uri}");
    }
    assert_eq!(bench.asked.borrow().len(), 2);
}

#[test]
fn allowed_origins_may_read_and_no_other_may() {
    let bench = bench();
    let get = |origin: &str| bench.take(request(Method::GET, "av://app/x", &[("origin", origin)])).recv().unwrap();
    let allowed = get("http://localhost:5173");
    assert_eq!(allowed.status(), StatusCode::OK);
    assert_eq!(allowed.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "http://localhost:5173");
    let own = get("av://app");
    assert!(own.status() == StatusCode::OK && !own.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    for origin in ["null", "http://localhost:5174", "http://localhost", "http://localhost:5173.evil.com", "av://other"]
    {
        let refused = get(origin);
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{origin}");
        assert!(!refused.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "{origin}");
    }
}

#[test]
fn a_preflight_is_answered_for_allowed_origins_only() {
    let bench = bench();
    let ask = |origin: &str| bench.take(request(Method::OPTIONS, "av://app/$/up/1", &[("origin", origin)]));
    let allowed = ask("http://localhost:5173").recv().unwrap();
    assert_eq!(allowed.status(), StatusCode::NO_CONTENT);
    assert!(allowed.headers()[ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap().contains("x-auroraview"));
    assert!(bench.reports.borrow().is_empty());
    let _answers = ask("http://evil.com");
    let Some(Event::Request(exchange)) = bench.next_report() else { panic!("the view decides") };
    assert!(exchange.is_of_stranger());
}

#[test]
fn what_is_the_views_is_reported_and_its_body_read_on_demand() {
    let bench = bench();
    let answers = bench.take(request(Method::POST, "av://app/$/up/1", &[]));
    let Some(Event::Request(exchange)) = bench.next_report() else { panic!("not reported") };
    assert!(!exchange.is_of_stranger() && bench.asked.borrow().is_empty());
    exchange.read_body(4);
    let Some(Event::Uploaded { exchange, body }) = bench.next_report() else { panic!("not read") };
    assert_eq!(body.unwrap()[0].as_ref().as_ref(), b"body");
    exchange.answer(text(StatusCode::NO_CONTENT, ""));
    assert_eq!(answers.recv().unwrap().status(), StatusCode::NO_CONTENT);

    let _answers = bench.take(request(Method::POST, "av://app/$/up/2", &[]));
    let Some(Event::Request(exchange)) = bench.next_report() else { panic!("not reported") };
    exchange.read_body(3);
    let Some(Event::Uploaded { body, .. }) = bench.next_report() else { panic!("not read") };
    assert!(matches!(body, Err(UploadError::TooLarge)));
}
