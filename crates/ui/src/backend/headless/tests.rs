//! A page without a view above it: what it reports, step by step.

use super::page::Page;
use super::requests::Requests;
use super::*;
use crate::backend::Slot;
use auroraview_core::wire::LoadState;
use serde_json::{Value, json};

const BOOT: &str = r#"(function(){const __AURORAVIEW_BOOT__={"secret":"s3cret","origins":["av://app"]};
more()})()"#;

/// A page whose documents a test answers, and what it reported.
struct Bench {
    page: Rc<RefCell<Page>>,
    work: Receiver<Work>,
    reports: Rc<RefCell<VecDeque<Event>>>,
    document: Rc<RefCell<String>>,
    posts: Vec<(String, Box<dyn Slot>)>,
}

impl Bench {
    fn new() -> Self {
        let reports = Rc::new(RefCell::new(VecDeque::new()));
        let to = Rc::clone(&reports);
        let report: Report = Rc::new(move |event| to.borrow_mut().push_back(event));
        let document = Rc::new(RefCell::new(String::new()));
        let served = Rc::clone(&document);
        let assets = Box::new(move |_asked, respond: crate::request::Respond| {
            let mut answer = Answer::new(crate::request::Body::Bytes(served.borrow().clone().into_bytes()));
            answer.headers_mut().insert("content-type", "text/html;charset=utf-8".parse().unwrap());
            respond(answer);
        });
        let (sender, work) = channel();
        let desk = Desk::new(&ViewOptions::default(), assets, Rc::clone(&report));
        let requests = Requests::new(7, desk, sender);
        let page = Page::new(&ViewOptions::default(), BOOT, requests, report).unwrap();
        Self { page, work, reports, document, posts: Vec::new() }
    }

    /// A document with these steps is there; what was reported meanwhile is forgotten.
    fn with_steps(steps: Value) -> Self {
        let mut bench = Self::new();
        bench.load(&format!("<title>t</title><script type='application/x-auroraview-steps'>{steps}</script>"));
        bench
    }

    fn load(&mut self, html: &str) {
        *self.document.borrow_mut() = html.into();
        self.page.borrow_mut().load("av://app/");
        self.answer_requests();
    }

    fn answer_requests(&self) {
        while let Ok(Work::Answered { ticket, answer, .. }) = self.work.try_recv() {
            self.page.borrow_mut().answered(ticket, answer);
        }
    }

    /// What was reported: posts by their lines, the rest by a word.
    fn seen(&mut self) -> Vec<String> {
        let mut seen = Vec::new();
        while let Some(event) = self.next() {
            seen.push(match event {
                Event::Post { text, slot } => {
                    let (first, lines) = text.split_once('\n').unwrap();
                    assert!(first.starts_with("s3cret "), "{first}");
                    let handled = first.rsplit(' ').next().unwrap();
                    let told = format!("{handled}|{}", lines.trim_end());
                    self.posts.push((text, slot));
                    told
                }
                Event::Loading(loading) => format!("{:?} {}", loading.state, loading.url),
                Event::Title(title) => format!("title {title}"),
                Event::Evaluated { id, outcome } => {
                    format!("value {id} {}", outcome.unwrap_or_else(|error| format!("error {}", error.message)))
                }
                Event::WebProcessGone(why) => format!("crash {why}"),
                Event::CloseClicked => "close".into(),
                Event::ParentGone | Event::ContainerGone => "the host's window is gone".into(),
                Event::Window(state) => format!("window {}", serde_json::to_string(&state).unwrap()),
                Event::DialogEnded { id, answer } => format!("dialog {id} {answer}"),
                Event::NewWindow { url, .. } => format!("open {url}"),
                Event::Request(_) | Event::Uploaded { .. } => "bytes".into(),
            });
        }
        seen
    }

    fn next(&self) -> Option<Event> {
        self.reports.borrow_mut().pop_front()
    }

    /// Answers the oldest post; what the page says to that.
    fn answer(&mut self, batch: &Value) -> Vec<String> {
        self.seen();
        let (_, slot) = self.posts.remove(0);
        slot.answer(&batch.to_string());
        self.seen()
    }

    fn eval(&mut self, id: u64, steps: &Value) -> Vec<String> {
        self.seen();
        self.page.borrow_mut().eval(id, &steps.to_string());
        self.seen()
    }
}

#[test]
fn a_document_says_hello_plays_its_steps_and_is_loaded() {
    let mut bench = Bench::with_steps(json!([{ "event": "up", "data": null }, { "title": "mine" }]));
    let window = bench.seen().remove(0);
    assert!(window.starts_with("window {\"size\":[800.0,600.0]"), "{window}");
    bench.load("<title>second</title>");
    let expected = ["Started av://app/", "Committed av://app/", "0|h 0 {}", "Finished av://app/", "title second"];
    assert_eq!(bench.seen(), expected);
}

#[test]
fn a_load_takes_the_place_of_one_that_is_under_way() {
    let mut bench = Bench::with_steps(json!([]));
    bench.seen();
    bench.page.borrow_mut().load("https://example.com/");
    bench.page.borrow_mut().load("av://app/");
    bench.answer_requests();
    let committed: Vec<_> = bench.seen().into_iter().filter(|told| told.starts_with("Committed")).collect();
    assert_eq!(committed, ["Committed av://app/"]);
}

#[test]
fn it_parks_one_post_and_says_how_many_batches_it_handled() {
    let mut bench = Bench::with_steps(json!([]));
    assert_eq!(bench.answer(&json!([])), ["1|"]);
    assert_eq!(bench.answer(&json!([{ "method": "x" }])), ["2|"]);
}

#[test]
fn a_rule_answers_each_message_that_fits() {
    let reply = json!({ "send": { "id": { "$from": "/id" }, "result": { "$from": "/params/n" } } });
    let mut bench = Bench::with_steps(json!([{ "on": { "method": "f" }, "do": [reply] }]));
    let said = bench.answer(&json!([{ "id": 3, "method": "f", "params": { "n": "ü" } }, { "id": 4, "method": "g" }]));
    assert_eq!(said[0], r#"0|r 3 {"id":3,"jsonrpc":"2.0","result":"ü"}"#);
    assert!(said[1].contains("METHOD_NOT_FOUND"), "what nobody offers is answered, too: {said:?}");
}

#[test]
fn steps_wait_for_what_they_expect_and_take_what_was_kept() {
    let mut bench = Bench::with_steps(json!([]));
    assert!(
        bench
            .eval(1, &json!([{ "expect": { "method": "b" } }, { "event": "c", "data": { "$from": "/params" } }]))
            .is_empty()
    );
    assert_eq!(bench.eval(2, &json!({ "waiting": {} })), [r#"value 2 [{"expect":{"method":"b"}}]"#]);
    let said = bench.answer(&json!([{ "method": "a", "params": 1 }, { "method": "b", "params": 2 }]));
    assert_eq!(said, [r#"0|n 0 {"jsonrpc":"2.0","method":"c","params":2}"#, "value 1 null"]);
    assert_eq!(bench.eval(3, &json!({ "take": { "method": "a" } })), [r#"value 3 [{"method":"a","params":1}]"#]);
    assert_eq!(bench.eval(4, &json!({ "take": {} })), ["value 4 []"]);
}

#[test]
fn a_stream_is_acknowledged_and_can_be_left() {
    let mut bench = Bench::with_steps(json!([]));
    let call = json!({ "call": "rows", "params": [1], "id": 9, "most": 200 });
    assert_eq!(bench.eval(1, &call), [r#"0|q 9 {"id":9,"jsonrpc":"2.0","method":"rows","params":[1]}"#]);
    let items: Vec<_> =
        (0..200).map(|n| json!({ "method": "$/progress", "params": { "call": 9, "item": n } })).collect();
    let said = bench.answer(&items.into());
    assert_eq!(said[0], r#"0|c 0 {"jsonrpc":"2.0","method":"$/credit","params":{"call":9,"items":128}}"#);
    assert_eq!(said[1], r#"0|c 0 {"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":9}}"#);
    assert!(said[2].starts_with(r#"value 1 {"items":[0,1,2"#) && said[2].contains("199]"), "{}", said[2]);
    let late = bench.answer(&json!([{ "id": 9, "error": { "code": -32800, "message": "" } }]));
    assert!(late.is_empty(), "its answer is nobody's any more: {late:?}");
}

#[test]
fn a_change_of_the_page_stands_until_python_has_it() {
    let mut bench = Bench::with_steps(json!([]));
    bench.answer(&json!([{ "method": "$/state", "params": { "all": { "a": 1, "b": 1 }, "ack": 0 } }]));
    let said = bench.eval(1, &json!({ "state": { "set": { "a": 2 }, "delete": ["b"] } }));
    assert!(said[0].contains(r#"n 0 {"jsonrpc":"2.0","method":"$/state""#), "{said:?}");
    assert_eq!(said[1], r#"value 1 {"a":2}"#);
    bench.answer(&json!([{ "method": "$/state", "params": { "set": { "a": 0, "b": 0, "c": 0 }, "ack": 0 } }]));
    assert_eq!(bench.eval(2, &json!({ "state": {} })), [r#"value 2 {"a":2,"c":0}"#]);
    bench.answer(&json!([{ "method": "$/state", "params": { "set": { "a": 5 }, "delete": ["c"], "ack": 1 } }]));
    assert_eq!(bench.eval(3, &json!({ "state": {} })), [r#"value 3 {"a":5}"#]);
}

#[test]
fn scripts_are_answered_by_the_page_by_steps_or_not_at_all() {
    let mut bench = Bench::with_steps(json!([{ "eval": "f()", "value": [1] }, { "eval": "g()", "raises": "no g" }]));
    bench.seen();
    for (script, told) in [
        (" f() ", "value 5 [1]"),
        ("g()", "value 5 error no g"),
        ("42", "value 5 42"),
        ("h()", "value 5 error there is no JavaScript here, and no step of the page answers this script: h()"),
        ("{\"sned\":1}", "value 5 error no step: {\"sned\":1} (docs/testing.md lists them)"),
    ] {
        bench.page.borrow_mut().eval(5, script);
        assert_eq!(bench.seen(), [told]);
    }
}

#[test]
fn the_user_and_the_machine_are_played_too() {
    let mut bench = Bench::with_steps(json!([]));
    assert_eq!(bench.eval(1, &json!({ "close": {} })), ["value 1 null", "close"]);
    assert_eq!(
        bench.eval(2, &json!({ "window": { "size": [3, 4] } })),
        ["window {\"size\":[3.0,4.0]}", "value 2 null"]
    );
    assert!(bench.eval(3, &json!({ "answer": ["/x"] })).is_empty(), "nobody was asked yet");
    let dialog = Dialog { title: "Which?".into(), ..Dialog::default() };
    bench.page.borrow_mut().dialog_opened(8, &dialog);
    assert_eq!(bench.seen(), [r#"dialog 8 ["/x"]"#, r#"value 3 {"kind":"message","title":"Which?"}"#]);
    assert_eq!(bench.eval(4, &json!({ "open": "/other" })), ["open av://app/other", "value 4 null"]);
    assert_eq!(bench.eval(5, &json!([{ "crash": "oom" }, { "event": "never" }])), ["value 5 null", "crash oom"]);
    assert_eq!(bench.eval(6, &json!({ "event": "x" })), ["value 6 error av://app/ has no bridge"]);
    bench.page.borrow_mut().reload();
    bench.answer_requests();
    assert!(bench.seen().contains(&"0|h 0 {}".into()), "it comes back");
}

#[test]
fn addresses_outside_are_empty_and_have_no_bridge() {
    let mut bench = Bench::with_steps(json!([]));
    bench.seen();
    bench.page.borrow_mut().load("https://example.com/");
    bench.answer_requests();
    assert_eq!(bench.seen(), ["Started", "Committed", "Finished"].map(|state| format!("{state} https://example.com/")));
    bench.page.borrow_mut().load("http://nowhere.invalid/");
    assert!(matches!(bench.next(), Some(Event::Loading(loading)) if loading.state == LoadState::Started));
    assert!(matches!(bench.next(), Some(Event::Loading(loading)) if loading.state == LoadState::Failed));
}
