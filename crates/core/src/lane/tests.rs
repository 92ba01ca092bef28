//! The lane without a page: what is taken from it, in which order.

use super::*;

const READY: Page = Page::Ready { parked: 1 };
const BUSY: Page = Page::Ready { parked: 0 };

fn message(text: &str) -> Message<u64> {
    Message {
        doc: 0,
        coalesce: None,
        request: None,
        of_host: true,
        text: text.into(),
        attachments: Vec::new(),
        attached: 0,
    }
}

fn keyed(coalesce: u64, text: &str) -> Message<u64> {
    Message { coalesce: Some(coalesce), ..message(text) }
}

fn lane(entries: &[&str]) -> Lane<u64> {
    let mut lane = Lane::<u64>::default();
    for (n, entry) in entries.iter().enumerate() {
        match entry.strip_prefix("script ") {
            Some(script) => lane.push_script(n as u64, script.into()),
            None => lane.push(message(entry)),
        }
    }
    lane
}

fn batch(text: &str) -> Step<u64> {
    Step::Batch { text: text.into(), of_host: true, requests: vec![], attachments: vec![], attached: 0 }
}

fn script(id: u64, script: &str) -> Step<u64> {
    Step::Script { id, script: script.into() }
}

#[test]
fn messages_wait_for_the_bridge_and_for_a_parked_post() {
    let mut lane = lane(&["1", "2"]);
    assert_eq!(lane.next(Page::Loading), Step::Idle);
    assert_eq!(lane.next(Page::WithoutBridge), Step::Idle);
    assert_eq!(lane.next(BUSY), Step::Idle);
    assert_eq!(lane.next(READY), batch("[1,2]"));
    assert_eq!(lane.next(READY), Step::Idle);
}

#[test]
fn a_call_says_when_it_is_taken_and_can_be_taken_back_before() {
    let call = |id, text: &str| Message { request: Some(id), ..message(text) };
    let mut lane = lane(&["1"]);
    lane.push(call(7, "2"));
    lane.push(call(8, "3"));
    lane.drop_request(7);
    lane.drop_request(9);
    assert_eq!(lane.waiting(), 2);
    assert_eq!(
        lane.next(READY),
        Step::Batch { text: "[1,3]".into(), of_host: true, requests: vec![8], attachments: vec![], attached: 0 }
    );
    lane.drop_request(8);
    assert!(lane.is_empty());
}

#[test]
fn scripts_keep_their_place_among_messages() {
    let mut lane = lane(&["script a", "1", "2", "script b", "3"]);
    assert_eq!(lane.next(BUSY), script(0, "a"));
    assert_eq!(lane.next(BUSY), Step::Idle);
    assert_eq!(lane.next(READY), batch("[1,2]"));
    assert_eq!(lane.next(READY), script(3, "b"));
    assert_eq!(lane.next(READY), batch("[3]"));
}

#[test]
fn a_page_without_bridge_still_runs_scripts() {
    let mut lane = lane(&["1", "script a", "2"]);
    assert_eq!(lane.next(Page::WithoutBridge), script(1, "a"));
    assert_eq!(lane.next(Page::WithoutBridge), Step::Idle);
    assert_eq!(lane.next(READY), batch("[1,2]"));
}

#[test]
fn control_passes_messages_and_scripts_and_keeps_its_own_order() {
    let mut lane = lane(&["script a", "1"]);
    lane.push_control(message("\"x\""));
    lane.push_control(message("\"y\""));
    lane.push_first(Message { of_host: false, ..message("\"hello\"") });
    assert_eq!(lane.next(READY), batch(r#"["hello","x","y"]"#));
    lane.push_control(message("\"z\""));
    assert_eq!(lane.next(BUSY), script(0, "a"), "a script needs no parked post");
    assert_eq!(lane.next(READY), batch(r#"["z",1]"#));
}

#[test]
fn a_new_document_gets_nothing_that_was_for_the_last_one() {
    let mut lane = lane(&["1"]);
    lane.push(Message { doc: 3, ..message("\"answer for generation 3\"") });
    lane.push_control(Message { doc: 3, ..message("\"credit for generation 3\"") });
    lane.push(keyed(1, "2"));
    lane.drop_addressed();
    lane.push(keyed(1, "3"));
    assert_eq!(lane.next(READY), batch("[1,3]"));
}

#[test]
fn batches_are_bounded_and_reported() {
    let mut lane = Lane::<u64>::default();
    (0..MAX_BATCH_MESSAGES + 1).for_each(|_| lane.push(message("7")));
    lane.push(message(&format!("\"{}\"", "x".repeat(MAX_BATCH_BYTES * 2))));
    let sizes: Vec<_> = std::iter::from_fn(|| match lane.next(READY) {
        Step::Batch { text, .. } => Some(text.len()),
        _ => None,
    })
    .collect();
    assert_eq!(sizes, [2 * MAX_BATCH_MESSAGES + 1, 3, 2 * MAX_BATCH_BYTES + 4]);
    let amount = lane.report().unwrap();
    assert_eq!(amount.messages, MAX_BATCH_MESSAGES + 2);
    assert_eq!(lane.report(), None);
}

#[test]
fn the_newest_wins_and_stands_where_it_was_sent() {
    let mut lane = lane(&["1"]);
    for (key, text) in [(5, "\"a\""), (6, "\"b\""), (5, "\"c\"")] {
        lane.push(keyed(key, text));
    }
    lane.push(message("2"));
    lane.push(Message { doc: 4, ..keyed(5, "\"of document 4\"") });
    assert_eq!(lane.next(READY), batch(r#"[1,"b","c",2,"of document 4"]"#));
    lane.push(keyed(5, "\"d\""));
    assert_eq!(lane.next(READY), batch(r#"["d"]"#), "what was taken is not replaced");
    assert_eq!(lane.left, Amount { messages: 7, bytes: 29, coalesced: 1 });
}

#[test]
fn what_is_ours_is_not_reported() {
    let mut lane = lane(&["1"]);
    lane.push(Message { of_host: false, ..message("\"session\"") });
    assert_eq!(lane.waiting(), 1);
    lane.next(READY);
    assert_eq!((lane.left.messages, lane.left.bytes), (1, 1));
    lane.push(Message { of_host: false, ..message("0") });
    assert_eq!(
        lane.next(READY),
        Step::Batch { text: "[0]".into(), of_host: false, requests: vec![], attachments: vec![], attached: 0 }
    );
}

/// Numbers without a pattern, the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// The promise in its shortest form: a list, searched from end to end for every message.
#[derive(Default)]
struct Naive {
    control: Vec<String>,
    entries: Vec<(Option<Key>, Option<u64>, String)>,
    replaced: usize,
}

impl Naive {
    fn push(&mut self, message: &Message<u64>) {
        if let Some(key) = message.key() {
            let before = self.entries.len();
            self.entries.retain(|entry| entry.0 != Some(key));
            self.replaced += before - self.entries.len();
        }
        self.entries.push((message.key(), None, message.text.clone()));
    }

    fn next(&mut self, page: Page) -> Step<u64> {
        let parked = matches!(page, Page::Ready { parked: 1.. });
        let messages = self.entries.iter().take_while(|entry| entry.1.is_none()).count();
        if parked && self.control.len() + messages > 0 {
            let mut texts: Vec<_> = self.control.drain(..).collect();
            texts.extend(self.entries.drain(..messages).map(|entry| entry.2));
            return batch(&format!("[{}]", texts.join(",")));
        }
        let at = match page {
            Page::Loading => None,
            Page::WithoutBridge => self.entries.iter().position(|entry| entry.1.is_some()),
            Page::Ready { .. } => (messages == 0 && !self.entries.is_empty()).then_some(0),
        };
        match at.map(|at| self.entries.remove(at)) {
            Some((_, Some(id), text)) => script(id, &text),
            _ => Step::Idle,
        }
    }
}

#[test]
fn any_mixture_leaves_in_the_order_of_a_plain_list() {
    for seed in 1..200 {
        let mut dice = Dice(u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15));
        let (mut lane, mut naive) = (Lane::default(), Naive::default());
        let takes_one_in = 2 + dice.roll(200); // from a page that keeps up to one that hardly does
        for n in 0..2_000 {
            let text = n.to_string();
            match dice.roll(20) {
                0 => {
                    lane.push_script(n, text.clone());
                    naive.entries.push((None, Some(n), text));
                }
                1 => {
                    lane.push_control(message(&text));
                    naive.control.push(text);
                }
                2 if dice.roll(10) == 0 => {
                    lane.drop_addressed();
                    naive.entries.retain(|entry| entry.0.is_none_or(|(doc, _)| doc == 0));
                }
                roll => {
                    let coalesce = (roll > 6).then(|| dice.roll(4));
                    let doc = coalesce.map_or(0, |_| dice.roll(2) as u32);
                    let message = Message { doc, coalesce, ..message(&text) };
                    naive.push(&message);
                    lane.push(message);
                }
            }
            if dice.roll(takes_one_in) == 0 {
                let page = [Page::Loading, Page::WithoutBridge, BUSY, READY][dice.roll(4) as usize];
                assert_eq!(lane.next(page), naive.next(page), "seed {seed}, message {n}");
            }
            assert!(lane.entries.len() <= 2 * naive.entries.len() + 2 * FEW, "what is replaced is forgotten");
            assert!(lane.newest.len() <= naive.entries.len());
        }
        while !naive.entries.is_empty() {
            assert_eq!(lane.next(READY), naive.next(READY), "seed {seed}, at the end");
        }
        assert!(lane.is_empty() && lane.newest.is_empty());
        assert_eq!(lane.left.coalesced, naive.replaced, "seed {seed}");
    }
}

#[test]
fn a_flood_of_one_key_behind_a_message_that_nobody_takes_stays_small() {
    let mut lane = lane(&["1"]);
    for n in 0..100_000 {
        lane.push(keyed(1 + n % 2, "2")); // two keys: neither of them is ever alone at the end
    }
    assert!(lane.entries.capacity() < 1024, "{}", lane.entries.capacity());
    assert_eq!(lane.waiting(), 3);
}

#[test]
fn a_script_that_was_given_up_is_gone_and_nothing_else() {
    let mut lane = Lane::<u64>::default();
    lane.push_script(1, "a".into());
    lane.push_script(2, "b".into());
    lane.push_script(3, "c".into());
    lane.drop_script(2);
    lane.drop_script(7);
    assert_eq!(lane.scripts().collect::<Vec<_>>(), [1, 3]);
}
