//! A view without an engine: what it tells the host and the page, report by report.

use super::*;
use auroraview_core::wire::WindowChange;
use std::cell::RefCell;
use std::rc::Rc;

const SECRET: &str = "s3cret";
const FIRST: &str = "11111111111111111111111111111111";
const SECOND: &str = "22222222222222222222222222222222";

/// What was asked of the engine and answered to the page.
#[derive(Default)]
struct Seen {
    scripts: Vec<(u64, String)>,
    addresses: Vec<String>,
    answers: Vec<String>,
    refusals: Vec<String>,
}

struct Engine(Rc<RefCell<Seen>>);

impl WebViewBackend for Engine {
    fn window_handle(&self) -> Option<u64> {
        Some(42)
    }
    fn navigate(&mut self, url: &str) {
        self.0.borrow_mut().addresses.push(url.into());
    }
    fn reload(&mut self) {}
    fn eval(&mut self, id: u64, script: &str) {
        self.0.borrow_mut().scripts.push((id, script.into()));
    }
    fn change_window(&mut self, _change: &WindowChange) {}
}

struct Reply(Rc<RefCell<Seen>>);

impl Slot for Reply {
    fn answer(self: Box<Self>, batch: &str) {
        self.0.borrow_mut().answers.push(batch.into());
    }
    fn refuse(self: Box<Self>, reason: &str) {
        self.0.borrow_mut().refusals.push(reason.into());
    }
}

/// A view whose window is there and that nobody looks at.
pub fn quiet_view() -> View {
    Bench::new().view
}

struct Bench {
    view: View,
    seen: Rc<RefCell<Seen>>,
    /// What the page says of itself: so many answers it has handled.
    handled: usize,
}

impl Bench {
    fn new() -> Self {
        let seen = Rc::new(RefCell::new(Seen::default()));
        let assets = Assets::start(None).unwrap();
        let engine = Box::new(Engine(Rc::clone(&seen)));
        let view = View::new(7, ViewOptions::default(), SECRET.into(), assets, engine);
        Self { view, seen, handled: 0 }
    }

    /// A document that said hello and parked twice; what was said so far is forgotten.
    fn with_document(nonce: &str) -> Self {
        let mut bench = Self::new();
        bench.commit("av://app/");
        bench.post(nonce, "h 0 {}\n");
        bench.post(nonce, "");
        bench.post(nonce, "");
        bench.view.take_out();
        bench.seen.borrow_mut().answers.clear();
        bench
    }

    fn commit(&mut self, url: &str) {
        let loading = Loading { state: LoadState::Committed, url: url.into(), message: None };
        self.view.handle(Event::Loading(loading));
    }

    fn post(&mut self, nonce: &str, lines: &str) {
        self.post_with(SECRET, nonce, lines);
    }

    fn post_with(&mut self, secret: &str, nonce: &str, lines: &str) {
        let text = format!("{secret} {nonce} {}\n{lines}", self.handled);
        self.view.handle(Event::Post { text, slot: Box::new(Reply(Rc::clone(&self.seen))) });
    }

    fn send(&mut self, doc: u32, kind: Kind, text: &str) {
        let id = (kind == Kind::Response).then_some(1);
        self.view.send_to_page(Header { view: 7, doc: Some(doc), kind, id, coalesce: None }, text.as_bytes().to_vec());
    }

    /// What the host hears, as (header, body).
    fn heard(&mut self) -> Vec<(Header, String)> {
        let text = |frame: Frame| (frame.header, String::from_utf8(frame.body).unwrap());
        self.view.take_out().into_iter().map(text).collect()
    }

    fn answers(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.borrow_mut().answers)
    }
}

#[test]
fn a_document_gets_its_generation_with_its_greeting() {
    let mut bench = Bench::new();
    bench.commit("av://app/");
    bench.send(0, Kind::Notify, r#"{"early":1}"#);
    bench.post(FIRST, "h 0 {}\nq 1 {\"call\":1}\n");
    let answers = bench.answers();
    assert!(answers[0].starts_with(r#"[{"jsonrpc":"2.0","method":"$/hello""#), "{answers:?}");
    assert!(answers[0].ends_with(r#",{"early":1}]"#));
    let call = bench.heard().pop().unwrap();
    assert_eq!((call.0.doc, call.0.kind, call.0.id), (Some(1), Kind::Request, Some(1)));
    assert_eq!(call.1, "{\"call\":1}");
}

#[test]
fn an_answer_for_an_earlier_document_is_dropped() {
    let mut bench = Bench::with_document(FIRST);
    bench.commit("av://app/");
    bench.post(SECOND, "h 0 {}\n");
    bench.post(SECOND, "");
    bench.answers();
    bench.send(1, Kind::Response, r#"{"old":1}"#);
    bench.send(2, Kind::Response, r#"{"new":1}"#);
    assert_eq!(bench.answers(), [r#"[{"new":1}]"#]);
}

#[test]
fn a_message_that_waits_when_the_page_goes_reaches_the_next_one() {
    let mut bench = Bench::new();
    bench.commit("av://app/");
    bench.post(FIRST, "h 0 {}\n");
    bench.answers();
    bench.send(0, Kind::Notify, r#"{"event":1}"#);
    bench.send(1, Kind::Response, r#"{"answer":1}"#);
    assert!(bench.answers().is_empty(), "nothing is parked");
    bench.commit("av://app/next");
    bench.post(SECOND, "h 0 {}\n");
    assert!(bench.answers()[0].ends_with(r#",{"event":1}]"#));
}

#[test]
fn strangers_are_refused_and_told_at_powers_of_two() {
    let mut bench = Bench::with_document(FIRST);
    for _ in 0..9 {
        bench.post_with("guessed", FIRST, "q 1 {}\n");
    }
    bench.post(SECOND, "q 1 {}\n"); // no hello, another document is there
    let heard = bench.heard();
    let told: Vec<_> = heard.iter().filter(|(_, body)| body.contains("view/refused")).collect();
    assert_eq!(told.len(), 4 + 1, "1, 2, 4 and 8 of one reason, 1 of the other");
    assert_eq!(heard.len(), told.len(), "nothing was forwarded");
    assert_eq!(bench.seen.borrow().refusals.len(), 10);
}

#[test]
fn a_committed_stranger_has_no_voice_even_with_the_secret() {
    let mut bench = Bench::with_document(FIRST);
    for address in ["https://evil.example/", "http://app/", "about:blank", "data:text/html,x"] {
        bench.commit(address);
        bench.view.take_out();
        bench.post(SECOND, "h 0 {}\nq 1 {}\n");
        assert!(bench.heard().iter().all(|(header, _)| header.doc.is_none()), "{address}");
    }
}

#[test]
fn calls_over_the_bound_are_answered_at_once() {
    let mut bench = Bench::with_document(FIRST);
    let calls: String = (0..MAX_PENDING_CALLS + 1).map(|id| format!("q {id} {{}}\n")).collect();
    bench.post(FIRST, &calls);
    assert_eq!(bench.heard().len(), MAX_PENDING_CALLS);
    assert!(bench.answers()[0].contains("\"BUSY\""));
    bench.send(1, Kind::Response, "{}");
    bench.post(FIRST, "q 5000 {}\n");
    assert_eq!(bench.heard().len(), 1, "an answer makes room");
}

#[test]
fn the_page_can_always_post() {
    let mut bench = Bench::with_document(FIRST);
    for _ in 0..10 {
        bench.post(FIRST, "n 0 {}\n");
    }
    assert_eq!(bench.view.parked.len(), MAX_PARKED - 1);
    assert!(bench.answers().iter().all(|answer| answer == "[]"));
}

#[test]
fn scripts_of_a_page_that_goes_are_answered_once() {
    let mut bench = Bench::with_document(FIRST);
    bench.view.eval(3, "1".into());
    assert_eq!(bench.seen.borrow().scripts, [(3, "1".into())]);
    bench.commit("av://app/next");
    let late = Event::Evaluated { id: 3, outcome: Ok("1".into()) };
    bench.view.handle(late);
    let answers: Vec<_> = bench.heard().into_iter().filter(|(header, _)| header.kind == Kind::Response).collect();
    assert_eq!(answers.len(), 1);
    assert!(answers[0].1.contains("NAVIGATED"));
}

#[test]
fn closing_asks_the_host_only_if_it_wants_to_be_asked() {
    let mut bench = Bench::with_document(FIRST);
    bench.view.set_session(Session { veto: true, ..Session::default() });
    bench.view.handle(Event::CloseClicked);
    bench.view.handle(Event::CloseClicked);
    let asked = bench.heard();
    assert_eq!(asked.len(), 1, "asked once, whatever the user clicks");
    assert!(asked[0].1.contains("window/closing") && asked[0].0.kind == Kind::Request);
    bench.view.allow_close(false);
    assert_eq!(bench.view.closed(), None);
    bench.view.handle(Event::CloseClicked);
    bench.view.allow_close(true);
    assert_eq!(bench.view.closed(), Some(CloseReason::User));
}

#[test]
fn close_answers_every_script() {
    let mut bench = Bench::new();
    bench.view.eval(1, "waits for the page".into());
    bench.view.close(CloseReason::Host);
    let heard = bench.heard();
    assert!(heard.iter().any(|(header, body)| header.id == Some(1) && body.contains("CLOSED")));
    assert!(heard.last().unwrap().1.contains("view/closed"));
}

// ---- a close that finishes ----

impl Bench {
    /// A page as the real bridge is one: it has handled its greeting and parked once.
    fn with_bridge() -> Self {
        let mut bench = Self::new();
        bench.commit("av://app/");
        bench.post(FIRST, "h 0 {}\n");
        bench.park();
        bench.view.take_out();
        bench
    }

    fn is_open(&self) -> bool {
        self.view.closed().is_none()
    }

    /// The page handles what it got and parks.
    fn park(&mut self) {
        self.handled += self.answers().len();
        self.post(FIRST, "");
    }
}

#[test]
fn an_idle_view_finishes_at_once() {
    let mut bench = Bench::with_bridge();
    bench.view.finish();
    assert_eq!(bench.view.closed(), Some(CloseReason::Host));
    assert!(bench.heard()[0].1.contains(r#""reason":"host","undelivered":0"#));
}

#[test]
fn finishing_waits_until_the_page_has_handled_what_it_was_given() {
    let mut bench = Bench::with_bridge();
    bench.send(0, Kind::Notify, "1");
    bench.send(0, Kind::Notify, "2");
    bench.view.finish();
    assert!(bench.is_open(), "2 waits for a post");
    bench.park();
    assert_eq!(*bench.seen.borrow().answers, ["[2]"]);
    assert!(bench.is_open(), "the page has 2 and has not handled it");
    bench.post(FIRST, "n 0 {}\n"); // was on its way when 2 left
    assert_eq!(*bench.seen.borrow().answers, ["[2]", "[]"], "the page has to say how far it is");
    assert!(bench.is_open());
    bench.park();
    assert!(!bench.is_open());
}

#[test]
fn any_post_tells_how_far_the_page_is() {
    let mut bench = Bench::with_bridge();
    bench.post(FIRST, "n 0 {}\n"); // a second post: after a batch the bridge has no need to park
    bench.send(0, Kind::Notify, "1");
    bench.handled += bench.answers().len();
    bench.post(FIRST, "n 0 {}\n");
    bench.view.finish();
    assert!(!bench.is_open());
}

#[test]
fn finishing_waits_for_what_the_bridge_holds_back() {
    let mut bench = Bench::new();
    bench.commit("av://app/");
    bench.send(0, Kind::Notify, "1");
    bench.post(FIRST, "h 0 {}\n");
    assert_eq!(bench.answers().len(), 1);
    bench.post(FIRST, "");
    bench.view.finish();
    assert!(bench.is_open());
    assert!(bench.answers().is_empty(), "nobody asks it again and again: it will tell");
    bench.handled = 1;
    bench.post(FIRST, "");
    assert!(!bench.is_open());
}

#[test]
fn what_is_held_back_and_what_is_on_its_way_may_cross() {
    let mut bench = Bench::new();
    bench.commit("av://app/");
    bench.send(0, Kind::Notify, "1");
    bench.post(FIRST, "h 0 {}\n");
    bench.post(FIRST, "");
    bench.answers();
    bench.send(0, Kind::Notify, "2");
    bench.view.finish();
    bench.handled = 1;
    bench.post(FIRST, ""); // says that 1 is handled; 2 was on its way
    assert_eq!(bench.answers(), ["[2]", "[]"]);
    assert!(bench.is_open());
    bench.handled = 3;
    bench.post(FIRST, "");
    assert!(!bench.is_open());
}

#[test]
fn finishing_waits_for_scripts() {
    let mut bench = Bench::with_bridge();
    bench.view.eval(3, "1".into());
    bench.view.finish();
    assert!(bench.is_open());
    bench.view.handle(Event::Evaluated { id: 3, outcome: Ok("1".into()) });
    assert!(!bench.is_open());
    let kinds: Vec<_> = bench.heard().into_iter().map(|(header, _)| header.kind).collect();
    assert_eq!(kinds, [Kind::Response, Kind::Notify], "the answer comes before the end");
}

#[test]
fn finishing_waits_for_calls_and_refuses_new_ones() {
    let mut bench = Bench::with_bridge();
    bench.post(FIRST, "q 1 {}\n");
    bench.view.finish();
    bench.heard();
    bench.post(FIRST, "q 2 {}\nn 0 {\"event\":1}\n");
    let heard = bench.heard();
    assert_eq!(heard.len(), 1, "the event goes to the host, the call does not");
    assert_eq!(heard[0].0.kind, Kind::Notify);
    let refusal = bench.seen.borrow().answers.concat();
    assert!(refusal.contains(r#""id":2"#) && refusal.contains("CLOSED") && refusal.contains("is closing"), "{refusal}");
    bench.send(1, Kind::Response, r#"{"id":1}"#);
    assert_eq!(bench.seen.borrow().answers[1], r#"[{"id":1}]"#);
    assert!(bench.is_open(), "the page has the answer and has not handled it");
    bench.park();
    assert!(!bench.is_open());
}

#[test]
fn a_page_that_asks_on_and_on_does_not_keep_the_view_open() {
    let mut bench = Bench::with_bridge();
    bench.send(0, Kind::Notify, "1");
    bench.view.finish();
    bench.post(FIRST, "q 1 {}\n"); // it was on its way; the answers make it ask again
    assert!(bench.is_open());
    bench.handled += 2;
    bench.post(FIRST, "q 2 {}\n");
    assert!(!bench.is_open());
}

#[test]
fn finishing_does_not_wait_for_a_page_that_can_take_nothing() {
    let mut bench = Bench::new();
    bench.send(0, Kind::Notify, "1");
    bench.send(0, Kind::Notify, "2");
    bench.send(0, Kind::Control, "3");
    bench.view.eval(4, "waits for the page".into());
    bench.view.finish();
    let heard = bench.heard();
    assert!(heard.iter().any(|(header, body)| header.id == Some(4) && body.contains("CLOSED")));
    assert!(heard.last().unwrap().1.contains(r#""undelivered":2"#));
}

#[test]
fn a_page_that_goes_while_the_view_is_closing_ends_it() {
    for crash in [true, false] {
        let mut bench = Bench::with_bridge();
        bench.post(FIRST, "q 1 {}\n");
        bench.send(0, Kind::Notify, "1");
        bench.send(0, Kind::Notify, "2");
        bench.send(0, Kind::Notify, "3");
        bench.view.eval(4, "1".into());
        bench.view.finish();
        assert!(bench.is_open());
        bench.heard();
        if crash {
            bench.view.handle(Event::WebProcessGone("crashed".into()));
        } else {
            bench.commit("av://app/next");
        }
        let heard = bench.heard();
        assert!(heard.iter().any(|(header, body)| header.id == Some(4) && body.contains("CLOSED")), "{heard:?}");
        assert!(heard.last().unwrap().1.contains(r#""reason":"host","undelivered":1"#), "{heard:?}");
    }
}

#[test]
fn impatience_ends_a_view_that_is_closing() {
    let closing = || {
        let mut bench = Bench::with_bridge();
        bench.view.set_session(Session { veto: true, ..Session::default() });
        bench.post(FIRST, "q 1 {}\n");
        bench.view.finish();
        bench.heard();
        bench
    };
    let mut bench = closing();
    bench.view.handle(Event::CloseClicked);
    assert_eq!(bench.view.closed(), Some(CloseReason::Host), "nobody is asked any more");
    assert_eq!(bench.heard().len(), 1);
    let mut bench = closing();
    bench.view.close(CloseReason::Host);
    assert!(!bench.is_open());
}

#[test]
fn documents_and_files_have_the_views_own_origin() {
    let mut bench = Bench::new();
    bench.view.load(Content::Html("<p>".into()));
    bench.view.load(Content::File("/srv/a b.html".into()));
    bench.view.load(Content::Url("https://example.com/".into()));
    assert_eq!(bench.seen.borrow().addresses, ["av://app/", "av://app/a%20b.html", "https://example.com/"]);
}
