//! A view without an engine: what it tells the host and the page, report by report.

use super::*;
use auroraview_core::limits::MAX_PENDING_CALLS;
use auroraview_core::wire::{Dialog, NewWindowMode, WindowChange};
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
    dialogs: Vec<u64>,
    opened: Vec<String>,
}

struct Engine(Rc<RefCell<Seen>>);

impl WebViewBackend for Engine {
    fn window_handle(&self) -> Option<u64> {
        Some(42)
    }
    fn separate(&self) -> Option<String> {
        None
    }
    fn navigate(&mut self, url: &str) {
        self.0.borrow_mut().addresses.push(url.into());
    }
    fn reload(&mut self) {}
    fn eval(&mut self, id: u64, script: &str) {
        self.0.borrow_mut().scripts.push((id, script.into()));
    }
    fn open_outside(&mut self, address: String) {
        self.0.borrow_mut().opened.push(address);
    }
    fn change_window(&mut self, _change: &WindowChange) {}
    fn open_dialog(&mut self, id: u64, _dialog: &Dialog) {
        self.0.borrow_mut().dialogs.push(id);
    }
    fn close_dialog(&mut self, id: u64) {
        self.0.borrow_mut().dialogs.retain(|open| *open != id);
    }
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
    /// Of requests for attachments.
    reports: Rc<RefCell<Vec<Report>>>,
}

impl Bench {
    fn new() -> Self {
        let seen = Rc::new(RefCell::new(Seen::default()));
        let assets = Assets::start(&ViewOptions::default()).unwrap();
        let engine = Box::new(Engine(Rc::clone(&seen)));
        let view = View::new(7, ViewOptions::default(), SECRET.into(), assets, engine);
        Self { view, seen, handled: 0, reports: Rc::default() }
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
        self.view.send_to_page(Header::new(7, Some(doc), kind, id), text.as_bytes().to_vec());
    }

    /// What the host hears, as (header, body).
    fn heard(&mut self) -> Vec<(Header, String)> {
        let text = |outgoing| match outgoing {
            Outgoing::Message(frame) => (frame.header, String::from_utf8(frame.body).unwrap()),
            Outgoing::Chunks { doc, attachment } => {
                let bytes = (*attachment.bytes).as_ref().to_vec();
                (Header::new(7, Some(doc), Kind::Chunk, Some(attachment.number)), String::from_utf8(bytes).unwrap())
            }
        };
        self.view.take_out().into_iter().map(text).collect()
    }

    fn told(&mut self) -> Vec<String> {
        self.heard().into_iter().map(|(_, body)| body).collect()
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
    let heard = bench.heard();
    let told: Vec<_> = heard.iter().filter(|(_, body)| body.contains("view/refused")).collect();
    assert_eq!(told.len(), 4, "1, 2, 4 and 8");
    assert_eq!(heard.len(), told.len(), "nothing was forwarded");
    assert_eq!(bench.seen.borrow().refusals.len(), 9);
}

#[test]
fn a_document_on_its_way_out_is_refused_without_a_word() {
    let mut bench = Bench::with_document(FIRST);
    for _ in 0..200 {
        bench.post(SECOND, "q 1 {}\n"); // no hello, another document is there
    }
    assert!(bench.heard().is_empty(), "nothing was forwarded, told, or cut");
    assert_eq!(bench.seen.borrow().refusals.len(), 200);
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
fn a_call_of_the_page_is_answered_once_whatever_becomes_of_the_page() {
    let ask = |bench: &mut Bench, id| {
        let header = Header::new(7, Some(0), Kind::Request, Some(id));
        bench.view.send_to_page(header, format!(r#"{{"id":{id}}}"#).into_bytes());
    };
    let answers_of = |bench: &mut Bench| {
        let answers = bench.heard().into_iter().filter(|(header, _)| header.kind == Kind::Response);
        answers.map(|(header, body)| (header.id.unwrap(), body)).collect::<Vec<_>>()
    };
    let mut bench = Bench::with_document(FIRST);
    for id in [3, 4] {
        ask(&mut bench, id);
    }
    assert_eq!(bench.answers(), [r#"[{"id":3}]"#, r#"[{"id":4}]"#]);
    bench.post(FIRST, "r 3 {\"r\":3}\nr 3 {}\nr 9 {}\n");
    assert_eq!(answers_of(&mut bench), [(3, r#"{"r":3}"#.into())], "an answer that nobody asked for is dropped");
    bench.answers();
    bench.view.handle(Event::WebProcessGone("crashed".into()));
    ask(&mut bench, 5);
    let heard = answers_of(&mut bench);
    assert!(heard.len() == 1 && heard[0].0 == 4 && heard[0].1.contains("NAVIGATED"), "{heard:?}");
    bench.post(SECOND, "h 0 {}\n");
    assert!(bench.answers().concat().ends_with(r#",{"id":5}]"#), "what no page had got waits for the next one");
}

#[test]
fn a_call_that_the_host_gave_up_is_taken_back_or_cancelled() {
    let mut bench = Bench::with_document(FIRST);
    for id in [1, 2, 4] {
        let header = Header::new(7, Some(0), Kind::Request, Some(id));
        bench.view.send_to_page(header, format!(r#"{{"id":{id}}}"#).into_bytes());
    }
    assert_eq!(bench.answers().len(), 2, "the last one waits for a post");
    bench.view.forget(4);
    bench.view.forget(1);
    bench.post(FIRST, "r 1 {}\n");
    let cancel = r#"[{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}]"#;
    assert_eq!(bench.answers(), [cancel]);
    assert!(bench.heard().is_empty(), "nobody waits for the first any more");
}

#[test]
fn the_host_hears_at_once_that_a_document_is_gone() {
    let mut bench = Bench::with_document(FIRST);
    bench.commit("av://app/next");
    let (header, body) = bench.heard().remove(0);
    assert_eq!((header.kind, header.doc), (Kind::Control, Some(1)));
    assert!(body.contains("$/gone"), "{body}");
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
    bench.view.load(Load { content: Content::Html("<p>".into()), at: None });
    bench.view.load(Load { content: Content::File("/srv/a b.html".into()), at: None });
    bench.view.load(Load { content: Content::Url("https://example.com/".into()), at: None });
    assert_eq!(bench.seen.borrow().addresses, ["av://app/", "av://app/a%20b.html", "https://example.com/"]);
}

#[test]
fn a_dialog_is_answered_once_whoever_ends_it() {
    let mut bench = Bench::new();
    for id in 1..=4 {
        bench.view.ask_user(id, &Dialog::default());
    }
    bench.view.take_out();
    bench.view.handle(Event::DialogEnded { id: 1, answer: serde_json::json!(["/a"]) });
    bench.view.handle(Event::DialogEnded { id: 1, answer: serde_json::json!(["/b"]) });
    bench.view.forget(2);
    assert_eq!(bench.seen.borrow().dialogs, [1, 3, 4]);
    bench.view.handle(Event::DialogEnded { id: 2, answer: serde_json::Value::Null });
    bench.view.finish();
    bench.view.ask_user(5, &Dialog::default());
    let heard = bench.heard();
    let answers: Vec<_> = heard.iter().filter(|(header, _)| header.kind == Kind::Response).collect();
    let ids: Vec<_> = answers.iter().map(|(header, _)| header.id).collect();
    assert_eq!(ids, [Some(1), Some(3), Some(4), Some(5)]);
    assert!(answers[0].1.contains(r#""result":["/a"]"#) && answers[3].1.contains(r#""result":null"#));
    assert_eq!(bench.seen.borrow().dialogs, [1]); // the one that the user ended is gone by itself
}

#[test]
fn a_page_that_keeps_being_refused_loses_its_bridge_until_the_next_document() {
    let mut bench = Bench::with_document(FIRST);
    for _ in 0..150 {
        bench.post_with("guess", FIRST, "q 1 {}\n");
    }
    let told: Vec<_> = bench.told().into_iter().filter(|body| body.contains("view/refused")).collect();
    assert_eq!(told.iter().filter(|body| body.contains("CUT")).count(), 1, "{told:?}");
    assert_eq!(told.len(), 8, "1, 2, 4, 8, 16, 32, 64, and the cut");
    assert_eq!(bench.seen.borrow().refusals.len(), 152, "and the two that were parked");

    bench.post(FIRST, "q 1 {\"method\":\"api.run\"}\n");
    bench.post(SECOND, "h 0 {}\nq 1 {\"method\":\"api.run\"}\n");
    assert!(bench.told().is_empty(), "nothing is forwarded, nothing is told again");
    bench.view.eval(9, "1".into());
    bench.commit("av://app/next");
    bench.post(SECOND, "h 0 {}\nq 1 {\"method\":\"api.run\"}\n");
    assert!(bench.told().iter().any(|body| body.contains("api.run")));
}

#[test]
fn a_window_that_a_page_wants_is_what_the_view_allows() {
    let addresses =
        ["https://example.com/", "mailto:a@b.c", "av://app/x", "file:///etc/passwd", "javascript:1", "av://b/"];
    for (mode, opened, gone_to) in [
        (NewWindowMode::Deny, &addresses[..0], &addresses[..0]),
        (NewWindowMode::Browser, &addresses[..2], &addresses[..0]),
        (NewWindowMode::Navigate, &addresses[..0], &["https://example.com/", "av://app/x"][..]),
    ] {
        let mut bench = Bench::with_document(FIRST);
        bench.view.options.new_window_mode = mode;
        for address in addresses {
            bench.view.handle(Event::NewWindow { url: address.into(), asked: true });
        }
        assert_eq!(
            (&bench.seen.borrow().opened[..], &bench.seen.borrow().addresses[..]),
            (
                &opened.iter().map(|a| a.to_string()).collect::<Vec<_>>()[..],
                &gone_to.iter().map(|a| a.to_string()).collect::<Vec<_>>()[..]
            ),
            "{mode:?}"
        );
    }
}

#[test]
fn only_a_document_with_the_bridge_may_want_a_window_that_no_user_asked_for() {
    let url = "https://example.com/";
    let mut bench = Bench::with_document(FIRST);
    bench.view.options.new_window_mode = NewWindowMode::Browser;
    bench.view.handle(Event::NewWindow { url: url.into(), asked: false });
    assert_eq!(bench.seen.borrow().opened, [url]);
    bench.commit("http://evil.com/");
    bench.told();
    bench.view.handle(Event::NewWindow { url: url.into(), asked: false });
    assert_eq!(bench.seen.borrow().opened, [url]);
    assert!(bench.told().iter().any(|body| body.contains("no user asked for") && body.contains("http://evil.com")));
    bench.view.handle(Event::NewWindow { url: url.into(), asked: true });
    assert_eq!(bench.seen.borrow().opened, [url, url]);
}

#[test]
fn a_request_for_attachments_needs_the_key_of_the_document_and_an_allowed_origin() {
    use crate::request::tests::{ask_view, request};
    let mut bench = Bench::with_document(FIRST);
    let key = format!("{SECRET} {FIRST}");
    let old = format!("{SECRET} {SECOND}");
    let guessed = format!("guess {FIRST}");
    let mut status = |headers: &[(&'static str, &str)]| {
        ask_view(&mut bench.view, request(http::Method::GET, "av://app/$/down/1", headers)).as_u16()
    };
    assert_eq!(status(&[("x-auroraview", &key)]), 404, "admitted, and there is no such attachment");
    for headers in [
        &[][..],
        &[("x-auroraview", "")],
        &[("x-auroraview", SECRET)],
        &[("x-auroraview", &guessed)],
        &[("x-auroraview", &old)],
        &[("x-auroraview", &key), ("origin", "http://evil.com")],
        &[("x-auroraview", &key), ("origin", "null")],
    ] {
        assert_eq!(status(headers), 403, "{headers:?}");
    }
    bench.commit("http://evil.com/");
    let evil = ask_view(&mut bench.view, request(http::Method::GET, "av://app/$/down/1", &[("x-auroraview", &key)]));
    assert_eq!(evil.as_u16(), 403);
    assert!(bench.told().iter().any(|body| body.contains("origin not allowed")));
}

// ---- attachments ----

use crate::backend::Event as Report;
use crate::request::{Body, Desk, TakeBody, Upload, UploadError};
use std::sync::{Arc, Mutex};

struct Ready(Vec<u8>);

impl Upload for Ready {
    fn read(self: Box<Self>, limit: usize, then: TakeBody) {
        then(if self.0.len() > limit { Err(UploadError::TooLarge) } else { Ok(vec![Arc::new(self.0)]) });
    }
}

type Given = Arc<Mutex<Vec<(u16, Vec<u8>)>>>;

impl Bench {
    /// A request of the page with that key; what it is answered comes to `given`.
    fn ask(&mut self, method: &str, path: &str, key: &str, body: Vec<u8>, given: &Given) {
        let reports = Rc::clone(&self.reports);
        let to = Rc::clone(&reports);
        let options = ViewOptions::default();
        let desk = Desk::new(&options, Box::new(|_, _| ()), Rc::new(move |event| to.borrow_mut().push(event)));
        let request = http::Request::builder().method(method).uri(format!("av://app{path}"));
        let given = Arc::clone(given);
        let respond = Box::new(move |answer: crate::request::Answer| {
            let bytes = match answer.body() {
                Body::Bytes(bytes) => bytes.clone(),
                Body::Chunks(chunks) => chunks.concat(),
                Body::File(..) => Vec::new(),
            };
            given.lock().unwrap().push((answer.status().as_u16(), bytes));
        });
        desk.take(request.header("x-auroraview", key).body(()).unwrap(), Box::new(Ready(body)), respond);
        while !reports.borrow().is_empty() {
            let report = reports.borrow_mut().remove(0);
            self.view.handle(report);
        }
    }
}

fn key() -> String {
    format!("{SECRET} {FIRST}")
}

fn statuses(given: &Given) -> Vec<u16> {
    given.lock().unwrap().drain(..).map(|(status, _)| status).collect()
}

#[test]
fn a_piece_goes_to_the_host_and_is_answered_when_it_is_ready_for_more() {
    let (mut bench, given) = (Bench::with_document(FIRST), Given::default());
    bench.ask("POST", "/$/up/3/0", &key(), b"ab".to_vec(), &given);
    assert!(bench.view.holds_uploads() && statuses(&given).is_empty());
    bench.view.answer_uploads();
    assert_eq!(statuses(&given), [204]);
    bench.post(FIRST, "q 7+3 {}\n");
    let heard = bench.heard();
    assert_eq!((heard[0].0.kind, heard[0].0.id, heard[0].1.as_str()), (Kind::Chunk, Some(3), "ab"));
    assert_eq!((heard[1].0.kind, heard[1].0.id, &heard[1].0.att[..]), (Kind::Request, Some(7), &[3][..]));
}

#[test]
fn pieces_go_to_the_host_in_their_order_and_one_out_of_turn_is_refused() {
    let (mut bench, given) = (Bench::with_document(FIRST), Given::default());
    for (from, body) in [(4, "early"), (0, "ab"), (0, "late"), (2, "cd"), (4, "ef")] {
        bench.ask("POST", &format!("/$/up/3/{from}"), &key(), body.into(), &given);
    }
    assert_eq!(bench.heard().into_iter().map(|(_, text)| text).collect::<String>(), "abcdef");
    assert_eq!(statuses(&given), [400, 400]);
}

#[test]
fn a_piece_that_is_too_large_is_lost_and_those_behind_it_are_out_of_turn() {
    let (mut bench, given) = (Bench::with_document(FIRST), Given::default());
    for (from, length) in [(0, (4 << 20) + 1), (4 << 20, 1)] {
        bench.ask("POST", &format!("/$/up/3/{from}"), &key(), vec![0; length], &given);
    }
    assert_eq!(statuses(&given), [413, 400]);
    bench.post(FIRST, "c 0+3 {}\n");
    assert!(bench.view.take_out().iter().all(|each| matches!(each, Outgoing::Message(_))));
}

#[test]
fn bytes_of_an_answer_that_nobody_asked_for_are_dropped_at_the_host() {
    let (mut bench, given) = (Bench::with_document(FIRST), Given::default());
    bench.ask("POST", "/$/up/3/0", &key(), b"ab".to_vec(), &given);
    bench.post(FIRST, "r 7+3 {}\n");
    let (header, text) = bench.heard().pop().unwrap();
    assert_eq!((header.kind, header.att, text.contains("$/dropped")), (Kind::Control, vec![3], true));
}

#[test]
fn pieces_that_no_message_names_are_bounded() {
    let (mut bench, given) = (Bench::with_document(FIRST), Given::default());
    for n in 0..64 {
        bench.ask("POST", &format!("/$/up/3/{}", n * (4 << 20)), &key(), vec![0; 4 << 20], &given);
    }
    bench.view.take_out();
    bench.ask("POST", &format!("/$/up/3/{}", 256 << 20), &key(), vec![0; 1], &given);
    bench.ask("POST", "/$/up/4/0", &key(), vec![0; (4 << 20) + 1], &given);
    assert_eq!(statuses(&given), [413, 413]);
    assert!(bench.view.take_out().is_empty());
    bench.post(FIRST, "n 0+3 {}\n");
    bench.ask("POST", "/$/up/5/0", &key(), vec![0; 1], &given);
    assert!(statuses(&given).is_empty() && bench.view.holds_uploads());
    bench.commit("av://app/");
    assert!(!bench.view.holds_uploads());
}

#[test]
fn bytes_are_fetched_once_and_count_then() {
    let (mut bench, given) = (Bench::with_document(FIRST), Given::default());
    let chunk = Header::new(7, Some(0), Kind::Chunk, Some(9));
    bench.view.take_chunk(&chunk, vec![1; 3 << 20]);
    bench.view.take_chunk(&chunk, vec![2; 2 << 20]);
    let mut header = Header::new(7, Some(0), Kind::Notify, None);
    header.att = vec![9];
    bench.view.send_to_page(header, b"{}".to_vec());
    assert_eq!(bench.answers(), ["[{}]"]);
    assert!(bench.heard().is_empty(), "nothing is delivered yet");
    bench.ask("GET", "/$/down/9", &key(), Vec::new(), &given);
    bench.ask("GET", "/$/down/9", &key(), Vec::new(), &given);
    let answers = given.lock().unwrap().clone();
    assert_eq!((answers[0].0, answers[0].1.len(), answers[1].0), (200, 5 << 20, 404));
    assert!(bench.heard().iter().any(|(_, text)| text.contains("view/delivered")));
}

#[test]
fn the_host_hears_that_a_document_goes_over_to_the_fast_lane_and_what_it_was_asked() {
    let mut bench = Bench::with_document(FIRST);
    bench.view.send_to_page(Header::new(7, Some(0), Kind::Request, Some(5)), b"{}".to_vec());
    bench.post(FIRST, "l 0 {}\n");
    let heard = bench.heard();
    let text = heard.last().map(|(_, text)| text.as_str()).unwrap();
    assert!(text.contains(r#""method":"view/lane","params":{"doc":1,"asked":[5]}"#), "{text}");
    bench.commit("av://app/");
    let answered = bench.heard().iter().any(|(header, _)| header.kind == Kind::Response);
    assert!(!answered, "that is the host's now");
}

#[test]
fn bytes_for_a_document_that_is_gone_count_as_delivered() {
    let mut bench = Bench::with_document(FIRST);
    bench.view.take_chunk(&Header::new(7, Some(1), Kind::Chunk, Some(9)), vec![1; 5 << 20]);
    bench.commit("av://app/");
    let mut header = Header::new(7, Some(1), Kind::Notify, None);
    header.att = vec![9];
    bench.view.send_to_page(header, b"{}".to_vec());
    bench.post(SECOND, "h 0 {}\n");
    assert!(bench.heard().iter().any(|(_, text)| text.contains("view/delivered")));
}

#[test]
fn only_the_bridge_gets_at_bytes() {
    let (mut bench, given) = (Bench::with_document(FIRST), Given::default());
    for key in ["", SECRET, &format!("wrong {FIRST}"), &format!("{SECRET} {SECOND}")] {
        bench.ask("POST", "/$/up/1/0", key, b"x".to_vec(), &given);
        bench.ask("GET", "/$/down/1", key, Vec::new(), &given);
    }
    bench.ask("PUT", "/$/up/1/0", &key(), b"x".to_vec(), &given);
    bench.ask("GET", "/$/down/x", &key(), Vec::new(), &given);
    assert_eq!(statuses(&given), [[403; 8].as_slice(), &[404, 404]].concat());
}
