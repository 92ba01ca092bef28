//! The way of the messages without sockets: what is sent where, and when.

use super::*;
use crate::limits::MAX_PENDING_CALLS;
use crate::wire::text_of;

const NONCE: &str = "0123456789abcdef0123456789abcdef";
const VIEW: u32 = 3;

/// Attachments of the host are texts.
type Action = super::Action<char, &'static str>;
type Event = super::Event<char, &'static str>;
type Route = super::Route<char, &'static str>;
type Actions = Vec<Action>;

/// A route with a document of generation 1 that is admitted and offered itself by connection `a`, as its number 5.
fn offered() -> Route {
    let mut route = Route::new(VIEW);
    route.take(Event::Came('a', packet(PacketKind::Open, NONCE)));
    assert!(route.take_actions(true).is_empty());
    route.take(Event::Document { doc: 1, nonce: NONCE.into() });
    route
}

/// The same when it has said its last through the UI process.
fn switched() -> Route {
    let mut route = offered();
    route.take_actions(true);
    route.take(Event::Switched(1, Vec::new()));
    assert!(route.take_actions(true).is_empty());
    route
}

fn packet(kind: PacketKind, text: &str) -> Packet {
    Packet { kind, doc: 5, id: 0, body: text.into() }
}

fn post(text: &str) -> Event {
    Event::Came('a', packet(PacketKind::Post, text))
}

/// A piece of an attachment of the page.
fn piece(id: u64, text: &str) -> Event {
    Event::Came('a', Packet { id, ..packet(PacketKind::Bytes, text) })
}

fn frame(doc: Option<u32>, kind: Kind, id: Option<u64>, text: &str) -> Frame {
    Frame { header: Header { doc, kind, id, ..Header::notify(VIEW) }, body: text.into() }
}

fn event(text: &str) -> Frame {
    frame(Some(0), Kind::Notify, None, text)
}

fn eval(id: u64, script: &str) -> Frame {
    let params = serde_json::json!({ "script": script }).to_string();
    let body = request_text(id, "view/eval", Some(&params));
    Frame { header: Header { kind: Kind::Request, id: Some(id), ..Header::notify(VIEW) }, body }
}

fn finish() -> Frame {
    Frame { header: Header::notify(VIEW), body: text_of(&Command::Close { finish: true }).unwrap() }
}

/// What goes by the lane, in order.
fn fast(actions: &Actions) -> Vec<(PacketKind, String)> {
    let text = |packet: &Packet| (packet.kind, String::from_utf8(packet.body.clone()).unwrap());
    actions
        .iter()
        .filter_map(|action| if let Action::Fast(_, packet) = action { Some(text(packet)) } else { None })
        .collect()
}

/// What goes to the UI process, in order.
fn slow(actions: &Actions) -> Vec<Frame> {
    actions
        .iter()
        .filter_map(|action| if let Action::Slow(frame, _) = action { Some(frame.clone()) } else { None })
        .collect()
}

/// Everything that can be done when the socket takes everything.
fn all(route: &mut Route) -> Actions {
    let mut actions = Vec::new();
    loop {
        let more = route.take_actions(true);
        if more.is_empty() {
            return actions;
        }
        actions.extend(more);
    }
}

/// Scripts, and functions of the page, that are answered.
fn answered(actions: &Actions) -> Vec<u64> {
    actions
        .iter()
        .filter_map(|action| if let Action::Answer(frame) = action { frame.header.id } else { None })
        .collect()
}

fn batch(text: &str) -> (PacketKind, String) {
    (PacketKind::Batch, text.into())
}

#[test]
fn without_an_offer_everything_goes_through_the_ui_process() {
    let mut route = Route::new(VIEW);
    route.take(Event::Document { doc: 1, nonce: NONCE.into() });
    route.take(Event::Sent(event("1"), Vec::new(), 0));
    route.take(Event::Sent(eval(1, "x"), Vec::new(), 0));
    route.take(Event::Sent(finish(), Vec::new(), 0));
    assert_eq!(slow(&all(&mut route)), [event("1"), eval(1, "x"), finish()]);
}

#[test]
fn the_marker_is_the_last_message_of_the_slow_way_and_the_lane_begins_behind_it() {
    let mut route = Route::new(VIEW);
    route.take(Event::Document { doc: 1, nonce: NONCE.into() });
    route.take(Event::Sent(event("1"), Vec::new(), 0));
    route.take(Event::Came('a', packet(PacketKind::Open, NONCE)));
    route.take(Event::Sent(event("2"), Vec::new(), 0));
    let actions = all(&mut route);
    assert_eq!(actions[0], Action::Slow(event("1"), Vec::new()));
    assert_eq!(actions[1], Action::Slow(frame(Some(1), Kind::Notify, None, MARKER), Vec::new()));
    assert_eq!(fast(&actions), [batch("[2]")]);
}

#[test]
fn an_offer_of_nobody_whom_the_ui_process_admitted_is_none() {
    let mut route = Route::new(VIEW);
    route.take(Event::Document { doc: 1, nonce: NONCE.into() });
    route.take(Event::Came('a', packet(PacketKind::Open, "another")));
    route.take(post("0\nq 1 {}\n"));
    route.take(Event::Sent(event("1"), Vec::new(), 0));
    assert_eq!(all(&mut route), [Action::Slow(event("1"), Vec::new())]);
}

#[test]
fn nothing_that_came_by_the_lane_is_taken_before_the_documents_own_marker() {
    let mut route = offered();
    route.take_actions(true);
    route.take(post("0\nn 0 1\n"));
    route.take(post("0\nn 0 2\n"));
    assert!(route.take_actions(true).is_empty());
    route.take(Event::Switched(1, Vec::new()));
    let said = |text| Action::Receive(frame(Some(1), Kind::Notify, None, text), Vec::new());
    assert_eq!(route.take_actions(true), [said("1"), said("2")]);
}

#[test]
fn scripts_and_messages_keep_their_order_and_wait_while_the_socket_is_full() {
    let mut route = switched();
    for sent in [event("1"), eval(7, "x()"), event("2"), event("3")] {
        route.take(Event::Sent(sent, Vec::new(), 0));
    }
    assert!(route.take_actions(false).is_empty());
    let expected = [batch("[1]"), (PacketKind::Eval, "x()".into()), batch("[2,3]")];
    assert_eq!(fast(&all(&mut route)), expected);
    let outcome = Packet { id: 7, ..packet(PacketKind::Outcome, r#"{"value":[1]}"#) };
    route.take(Event::Came('a', outcome.clone()));
    route.take(Event::Came('a', outcome)); // nobody is answered twice
    let answer = frame(None, Kind::Response, Some(7), r#"{"jsonrpc":"2.0","id":7,"result":[1]}"#);
    assert_eq!(all(&mut route), [Action::Answer(answer)]);
}

#[test]
fn when_the_document_goes_its_scripts_are_answered_and_the_rest_goes_to_the_next_one() {
    let mut route = switched();
    route.take(Event::Sent(eval(7, "runs"), Vec::new(), 0));
    all(&mut route);
    route.take(Event::Sent(frame(Some(1), Kind::Response, Some(1), "for the old one"), Vec::new(), 0));
    route.take(Event::Sent(event("for any"), Vec::new(), 0));
    route.take(Event::Sent(eval(8, "waits"), Vec::new(), 0));
    assert!(route.take_actions(false).is_empty());
    route.take(Event::Left("gone"));
    let actions = all(&mut route);
    assert_eq!(slow(&actions), [event("for any"), eval(8, "waits")]);
    let navigated = |action: &Action| matches!(action, Action::Answer(frame) if frame.header.id == Some(7));
    assert!(actions.iter().any(navigated));
    let left = Amount { messages: 1, bytes: "for the old one".len(), coalesced: 0 };
    assert!(actions.contains(&Action::Left(left)));
    route.take(post("0\nq 1 {}\n"));
    route.take(Event::Sent(event("later"), Vec::new(), 0));
    assert_eq!(all(&mut route), [Action::Slow(event("later"), Vec::new())]);
}

#[test]
fn a_script_of_a_document_that_goes_is_answered_with_what_the_ui_process_says() {
    let mut route = switched();
    route.take(Event::Sent(eval(7, "runs"), Vec::new(), 0));
    route.take(Event::Sent(eval(8, "is forgotten"), Vec::new(), 0));
    all(&mut route);
    route.take(Event::Came('a', packet(PacketKind::Close, "")));
    route.take(Event::Forgotten(8));
    assert_eq!(all(&mut route), [], "it may be navigation, a crash, or the end of everything");
    route.take(Event::Left("the web process is gone"));
    let actions = all(&mut route);
    let [Action::Answer(answer)] = &actions[..] else { panic!("one answer: {actions:?}") };
    assert!(String::from_utf8_lossy(&answer.body).contains("the web process is gone"));
}

#[test]
fn a_document_that_goes_during_the_change_of_ways_is_heard_out_and_answers_what_it_was_asked() {
    let mut route = offered();
    route.take_actions(true);
    route.take(post("0\nn 0 1\n"));
    route.take(Event::Came('a', packet(PacketKind::Close, "")));
    route.take(Event::Ended('a'));
    route.take(Event::Sent(event("2"), Vec::new(), 0));
    assert!(all(&mut route).is_empty(), "nothing is for it any more, and its last words there may still come");
    route.take(Event::Switched(1, vec![7, 8]));
    let actions = all(&mut route);
    let said = Action::Receive(frame(Some(1), Kind::Notify, None, "1"), Vec::new());
    assert!(actions.contains(&said), "{actions:?}");
    assert_eq!(slow(&actions), [event("2")]);
    route.take(Event::Left("it navigated"));
    assert_eq!(answered(&all(&mut route)), [7, 8]);
}

#[test]
fn what_a_document_was_asked_is_answered_also_if_its_connection_breaks_during_the_change_of_ways() {
    let mut route = offered();
    route.take(Event::Ended('a'));
    all(&mut route);
    route.take(Event::Switched(1, vec![7]));
    assert_eq!(answered(&all(&mut route)), [7]);
    route.take(Event::Left("it navigated"));
    assert!(all(&mut route).is_empty());
}

#[test]
fn when_a_connection_ends_who_waits_for_its_document_is_answered_at_once() {
    let mut route = switched();
    route.take(Event::Sent(eval(7, "runs"), Vec::new(), 0));
    route.take(Event::Sent(frame(Some(0), Kind::Request, Some(8), "{}"), Vec::new(), 0));
    all(&mut route);
    route.take(Event::Ended('a'));
    let actions = all(&mut route);
    let [Action::Answer(script), Action::Answer(function), Action::Receive(gone, _)] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!((script.header.id, function.header.id), (Some(7), Some(8)));
    assert!(String::from_utf8_lossy(&script.body).contains("NAVIGATED"));
    assert_eq!(*gone, frame(Some(1), Kind::Control, None, GONE));
    route.take(Event::Left("the web process is gone"));
    assert_eq!(all(&mut route), [], "each once");
}

#[test]
fn a_document_that_is_cut_before_it_speaks_by_the_lane_never_does_and_scripts_go_the_other_way() {
    let mut route = offered();
    route.take(Event::Sent(eval(7, "too early"), Vec::new(), 0));
    assert_eq!(fast(&all(&mut route)).len(), 1);
    route.take(Event::Cut);
    let actions = all(&mut route);
    assert!(matches!(&actions[..], [Action::Answer(answer)] if answer.header.id == Some(7)), "{actions:?}");
    route.take(Event::Came('a', packet(PacketKind::Open, NONCE)));
    route.take(Event::Sent(eval(8, "later"), Vec::new(), 0));
    assert_eq!(all(&mut route), [Action::Slow(eval(8, "later"), Vec::new())]);
    // One that does speak by it goes on: the host's scripts run in it.
    let mut route = switched();
    route.take(Event::Cut);
    route.take(Event::Sent(eval(7, "runs"), Vec::new(), 0));
    assert_eq!(fast(&all(&mut route)).len(), 1);
}

#[test]
fn a_connection_that_ends_since_the_view_closes_answers_nobody() {
    for finish in [false, true] {
        let mut route = switched();
        route.take(Event::Sent(eval(7, "runs"), Vec::new(), 0));
        let close = text_of(&Command::Close { finish }).unwrap();
        route.take(Event::Sent(Frame { header: Header::notify(5), body: close }, Vec::new(), 0));
        route.take(Event::Ended('a'));
        assert!(!all(&mut route).iter().any(|action| matches!(action, Action::Answer(_))), "{finish}");
    }
}

#[test]
fn the_next_document_by_the_same_connection_has_its_own_offer() {
    let mut route = switched();
    let nonce = "f".repeat(32);
    route.take(Event::Came('a', packet(PacketKind::Close, "")));
    route.take(Event::Came('a', Packet { doc: 6, ..packet(PacketKind::Open, &nonce) }));
    route.take(Event::Left("gone"));
    route.take(Event::Document { doc: 2, nonce });
    route.take(Event::Sent(event("1"), Vec::new(), 0));
    assert_eq!(fast(&all(&mut route)), [batch("[1]")]);
    route.take(Event::Ended('b'));
    assert_eq!(route.connection(), Some(&'a'));
    route.take(Event::Ended('a'));
    assert_eq!(route.connection(), None);
}

#[test]
fn a_close_that_finishes_waits_for_calls_scripts_and_what_the_page_has_not_handled() {
    let mut route = offered();
    all(&mut route);
    route.take(Event::Called(1)); // through the UI process, before the change
    route.take(Event::Switched(1, Vec::new()));
    route.take(post("0\nq 2 {}\n"));
    route.take(Event::Sent(finish(), Vec::new(), 0));
    assert!(slow(&all(&mut route)).is_empty(), "two calls are not answered");
    route.take(Event::Sent(frame(Some(1), Kind::Response, Some(1), "1"), Vec::new(), 0));
    route.take(Event::Sent(frame(Some(1), Kind::Response, Some(2), "2"), Vec::new(), 0));
    assert_eq!(fast(&all(&mut route)), [batch("[1,2]"), batch(ASK)], "it is asked once");
    assert!(all(&mut route).is_empty());
    route.take(post("1\n"));
    assert_eq!(slow(&all(&mut route)), [finish()]);
}

#[test]
fn calls_over_the_bound_are_answered_at_once() {
    let mut route = switched();
    let lines: String = (1..=MAX_PENDING_CALLS + 1).map(|id| format!("q {id} {{}}\n")).collect();
    route.take(post(&format!("0\n{lines}")));
    let actions = all(&mut route);
    assert_eq!(actions.iter().filter(|action| matches!(action, Action::Receive(..))).count(), MAX_PENDING_CALLS);
    assert!(fast(&actions)[0].1.contains("BUSY"));
    route.take(Event::Sent(finish(), Vec::new(), 0));
    route.take(post("1\nq 5000 {}\n"));
    assert!(fast(&all(&mut route))[0].1.contains("CLOSED"), "no calls any more, whatever is pending");
}

#[test]
fn who_speaks_nonsense_is_cut() {
    for text in ["", "x\n", "0\nwhat\n"] {
        let mut route = switched();
        route.take(post(text));
        assert_eq!(all(&mut route), [Action::Cut('a')], "{text:?}");
    }
    let mut route = switched();
    route.take(Event::Came('a', packet(PacketKind::Eval, "1")));
    assert_eq!(all(&mut route), [Action::Cut('a')]);
}

#[test]
fn a_changed_session_goes_to_the_page_in_order_and_to_the_ui_process() {
    let mut route = switched();
    let session = Frame { header: Header::notify(VIEW), body: text_of(&Command::Session(Default::default())).unwrap() };
    route.take(Event::Sent(session.clone(), Vec::new(), 0));
    route.take(Event::Sent(event("1"), Vec::new(), 0));
    let actions = all(&mut route);
    assert_eq!(slow(&actions), [session]);
    let [(PacketKind::Batch, text)] = &fast(&actions)[..] else { panic!("one batch") };
    assert!(text.starts_with('[') && text.contains("$/session") && text.ends_with(",1]"));
}

/// A frame that names attachments.
fn naming(doc: u32, att: &[u64], text: &str) -> Frame {
    let mut frame = frame(Some(doc), Kind::Notify, None, text);
    frame.header.att = att.to_vec();
    frame
}

/// What was received, in order.
fn received(actions: &Actions) -> Vec<(String, Vec<String>)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let pieces = |all: &Collected| text(&all.0.join(&b'|'));
    actions
        .iter()
        .filter_map(|action| match action {
            Action::Receive(frame, att) => Some((text(&frame.body), att.iter().map(pieces).collect())),
            _ => None,
        })
        .collect()
}

fn said(text: &str, attachments: &[&str]) -> (String, Vec<String>) {
    (text.into(), attachments.iter().map(|each| (*each).into()).collect())
}

#[test]
fn attachments_go_right_before_the_message_that_names_them_and_not_earlier() {
    let mut route = switched();
    route.take(Event::Sent(naming(0, &[4, 5], "1"), vec!["four", "five"], 8));
    assert!(route.take_actions(false).is_empty(), "it may be replaced or dropped");
    let actions = all(&mut route);
    let expected = [Action::Attach('a', 5, "four"), Action::Attach('a', 5, "five")];
    assert_eq!(actions[..2], expected);
    assert_eq!(fast(&actions), [batch("[1]")]);
    assert!(actions.contains(&Action::Left(Amount { messages: 1, bytes: 9, coalesced: 0 })));
    assert!(slow(&actions).is_empty());
}

#[test]
fn attachments_of_what_is_dropped_or_waits_for_the_next_document_stay_here() {
    let mut route = switched();
    let mut replaced = naming(0, &[1], "1");
    replaced.header.coalesce = Some(9);
    let newer = Frame { header: Header { att: vec![2], ..replaced.header.clone() }, body: "2".into() };
    route.take(Event::Sent(replaced, vec!["one"], 3));
    route.take(Event::Sent(newer.clone(), vec!["two"], 3));
    route.take(Event::Sent(naming(1, &[3], "3"), vec!["three"], 5));
    assert_eq!(route.take_actions(false), [Action::Left(Amount { messages: 1, bytes: 4, coalesced: 1 })]);
    route.take(Event::Left("gone"));
    let expected = [Action::Slow(newer, vec!["two"]), Action::Left(Amount { messages: 1, bytes: 6, coalesced: 0 })];
    assert_eq!(all(&mut route), expected);
}

#[test]
fn a_message_has_the_pieces_that_came_before_it() {
    let mut route = offered();
    route.take_actions(true);
    route.take(piece(3, "thr"));
    route.take(Event::Switched(1, Vec::new()));
    route.take(piece(3, "ee"));
    route.take(piece(4, "four"));
    route.take(post("0\nn 0+3+4 a\nq 1 b\nn 0+5 without bytes\n"));
    let expected = [said("a", &["thr|ee", "four"]), said("b", &[]), said("without bytes", &[""])];
    assert_eq!(received(&all(&mut route)), expected);
}

#[test]
fn who_sends_more_pieces_than_a_message_may_have_is_cut() {
    let mut route = switched();
    for id in 0..=crate::limits::MAX_ATTACHMENTS as u64 {
        assert!(all(&mut route).is_empty());
        route.take(piece(id, "x"));
    }
    assert_eq!(all(&mut route), [Action::Cut('a')]);
}

#[test]
fn the_bytes_of_a_refused_call_are_taken_too() {
    let mut route = switched();
    route.take(Event::Sent(finish(), Vec::new(), 0));
    all(&mut route);
    route.take(piece(3, "three"));
    route.take(post("0\nq 1+3 {}\n"));
    let actions = all(&mut route);
    assert!(fast(&actions)[0].1.contains("CLOSED"));
    assert_eq!(received(&actions), [said(DROPPED, &["three"])]);
}

#[test]
fn pieces_without_a_message_go_with_their_document() {
    let mut route = switched();
    route.take(piece(3, "three"));
    route.take(Event::Sent(finish(), Vec::new(), 0));
    let gone = frame(Some(1), Kind::Control, None, GONE);
    route.take(Event::Told(gone.clone(), Vec::new()));
    route.take(piece(3, "late"));
    assert_eq!(all(&mut route), [Action::Slow(finish(), Vec::new()), Action::Receive(gone, Vec::new())]);
}

fn call(id: u64, text: &str) -> Event {
    Event::Sent(frame(Some(0), Kind::Request, Some(id), text), Vec::new(), 0)
}

#[test]
fn a_call_of_the_page_is_answered_once_whatever_becomes_of_its_document() {
    let mut route = offered();
    all(&mut route);
    for id in 1..=4 {
        route.take(call(id, "{}"));
    }
    all(&mut route);
    route.take(Event::Switched(1, vec![9])); // that one went through the UI process
    route.take(post("0\nr 1 one\nr 1 again\nr 9 nine\nr 7 nobody\n"));
    assert_eq!(received(&all(&mut route)), [said("one", &[]), said("nine", &[])]);
    route.take(Event::Forgotten(2));
    assert!(fast(&all(&mut route))[0].1.contains(r#""method":"$/cancelRequest","params":{"id":2}"#));
    route.take(call(5, "waits"));
    route.take(Event::Told(frame(Some(1), Kind::Control, None, GONE), Vec::new()));
    route.take(Event::Left("the page navigated away"));
    let actions = all(&mut route);
    let answered: Vec<_> = actions
        .iter()
        .filter_map(|action| if let Action::Answer(frame) = action { frame.header.id } else { None })
        .collect();
    assert_eq!(answered, [3, 4]);
    assert_eq!(slow(&actions), [frame(Some(0), Kind::Request, Some(5), "waits")], "it waits for the next document");
}

#[test]
fn a_call_that_was_given_up_during_the_change_of_ways_is_cancelled_before_what_follows() {
    let mut route = offered();
    all(&mut route);
    route.take(Event::Forgotten(9));
    route.take(Event::Sent(eval(8, "sees it"), Vec::new(), 0));
    let actions = all(&mut route);
    let texts: Vec<_> = fast(&actions).into_iter().map(|(_, text)| text).collect();
    assert!(texts[0].contains("$/cancelRequest") && texts[1].contains("sees it"), "{texts:?}");
    route.take(Event::Switched(1, vec![9]));
    assert!(fast(&all(&mut route)).is_empty(), "once");
}

#[test]
fn a_close_that_finishes_waits_for_the_functions_of_the_page() {
    let mut route = switched();
    route.take(call(1, "{}"));
    route.take(Event::Sent(finish(), Vec::new(), 0));
    assert!(slow(&all(&mut route)).is_empty());
    route.take(post("1\nr 1 one\n"));
    assert_eq!(slow(&all(&mut route)), [finish()]);
}

#[test]
fn behind_a_close_that_finishes_no_document_changes_its_way() {
    let mut route = Route::new(VIEW);
    route.take(Event::Document { doc: 1, nonce: NONCE.into() });
    route.take(call(1, "{}"));
    route.take(Event::Sent(finish(), Vec::new(), 0));
    route.take(Event::Came('a', packet(PacketKind::Open, NONCE)));
    assert_eq!(slow(&all(&mut route)), [frame(Some(0), Kind::Request, Some(1), "{}"), finish()]);
    assert_eq!(route.connection(), None);
}

#[test]
fn a_lost_ui_process_takes_everything_along_and_the_next_begins_anew() {
    let mut route = switched();
    route.take(Event::Sent(eval(7, "1"), Vec::new(), 0));
    route.take(Event::Sent(event("waits"), Vec::new(), 0));
    route.take_actions(false); // the socket is full
    route.take(post("0\nn 0 {\"said\":\"before\"}\n"));
    route.take(Event::Lost);
    let actions = all(&mut route);
    assert!(
        matches!(&actions[..], [Action::Receive(frame, _)] if frame.body == b"{\"said\":\"before\"}"),
        "{actions:?}"
    );
    route.take(Event::Sent(event("next"), Vec::new(), 0));
    assert_eq!(slow(&all(&mut route)), [event("next")]);
}
