//! The lane of a view: everything on its way to the page, in the order in which the host sent it. Messages wait for the
//! page's bridge; scripts run when everything sent before them was handed over.

use auroraview_core::limits::{MAX_BATCH_BYTES, MAX_BATCH_MESSAGES};
use std::collections::VecDeque;

/// Something on its way to the page.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    /// A JSON-RPC text, for the document of that generation or (0) for any.
    Message { doc: u32, text: String },
    /// A script of the host.
    Script { id: u64, script: String },
}

/// What the page can take now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Nothing: it is loading.
    Loading,
    /// Scripts only: it is there, but has no bridge (its origin is not allowed).
    WithoutBridge,
    /// Everything; the bridge has parked so many posts.
    Ready {
        /// Posts that wait for an answer.
        parked: usize,
    },
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Wait for the page.
    Idle,
    /// Answer a parked post with this batch.
    Batch(String),
    /// Run this script.
    Script {
        /// Of the host's request.
        id: u64,
        /// What to run.
        script: String,
    },
}

/// An amount of messages for a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub messages: usize,
    /// Bytes of their texts.
    pub bytes: usize,
}

/// Everything on its way to one page.
#[derive(Debug, Default)]
pub struct Lane {
    entries: VecDeque<Entry>,
    left: Amount,
}

impl Lane {
    /// Adds a message for generation `doc`, or (0) for whichever document takes it.
    pub fn push(&mut self, doc: u32, text: String) {
        self.entries.push_back(Entry::Message { doc, text });
    }

    /// Counts a message that nobody can take any more.
    pub fn drop_message(&mut self, text: &[u8]) {
        self.left.add(text);
    }

    /// Adds a message ahead of everything: a document's greeting.
    pub fn push_first(&mut self, doc: u32, text: String) {
        self.entries.push_front(Entry::Message { doc, text });
    }

    /// Adds a script.
    pub fn push_script(&mut self, id: u64, script: String) {
        self.entries.push_back(Entry::Script { id, script });
    }

    /// The document changed: drops what was for an earlier one only.
    pub fn drop_addressed(&mut self) {
        let left = &mut self.left;
        self.entries.retain(|entry| match entry {
            Entry::Message { doc, text } if *doc != 0 => {
                left.add(text.as_bytes());
                false
            }
            _ => true,
        });
    }

    /// Takes the next step that `page` allows.
    pub fn next(&mut self, page: Page) -> Step {
        let at = match page {
            Page::Loading => None,
            Page::WithoutBridge => self.entries.iter().position(|entry| matches!(entry, Entry::Script { .. })),
            Page::Ready { .. } => (!self.entries.is_empty()).then_some(0),
        };
        match at.and_then(|at| self.entries.get(at)) {
            Some(Entry::Script { .. }) => self.take_script(at.unwrap_or(0)),
            Some(Entry::Message { .. }) if page != (Page::Ready { parked: 0 }) => Step::Batch(self.take_batch()),
            _ => Step::Idle,
        }
    }

    fn take_script(&mut self, at: usize) -> Step {
        match self.entries.remove(at) {
            Some(Entry::Script { id, script }) => Step::Script { id, script },
            _ => Step::Idle,
        }
    }

    /// Gathers messages up to a script or the limits of a batch. One message always fits.
    fn take_batch(&mut self) -> String {
        let mut batch = String::from("[");
        let mut messages = 0;
        while let Some(Entry::Message { text, .. }) = self.entries.front() {
            let fits = batch.len() + text.len() < MAX_BATCH_BYTES && messages < MAX_BATCH_MESSAGES;
            if messages > 0 && !fits {
                break;
            }
            if messages > 0 {
                batch.push(',');
            }
            batch.push_str(text);
            messages += 1;
            self.left.add(text.as_bytes());
            self.entries.pop_front();
        }
        batch.push(']');
        batch
    }

    /// What left the lane since the last report, once it is worth one.
    pub fn report(&mut self) -> Option<Amount> {
        const WORTH: Amount = Amount { messages: MAX_BATCH_MESSAGES, bytes: MAX_BATCH_BYTES };
        let due = self.left.messages >= WORTH.messages || self.left.bytes >= WORTH.bytes;
        due.then(|| std::mem::take(&mut self.left))
    }

    /// How many messages wait.
    pub fn waiting(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry, Entry::Message { .. })).count()
    }

    /// The ids of scripts that will not run.
    pub fn scripts(&self) -> impl Iterator<Item = u64> + '_ {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Script { id, .. } => Some(*id),
            Entry::Message { .. } => None,
        })
    }
}

impl Amount {
    fn add(&mut self, text: &[u8]) {
        self.messages += 1;
        self.bytes += text.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(entries: &[&str]) -> Lane {
        let mut lane = Lane::default();
        for (n, entry) in entries.iter().enumerate() {
            match entry.strip_prefix("script ") {
                Some(script) => lane.push_script(n as u64, script.into()),
                None => lane.push(0, (*entry).into()),
            }
        }
        lane
    }

    const READY: Page = Page::Ready { parked: 1 };

    #[test]
    fn messages_wait_for_the_bridge_and_for_a_parked_post() {
        let mut lane = lane(&["1", "2"]);
        assert_eq!(lane.next(Page::Loading), Step::Idle);
        assert_eq!(lane.next(Page::WithoutBridge), Step::Idle);
        assert_eq!(lane.next(Page::Ready { parked: 0 }), Step::Idle);
        assert_eq!(lane.next(READY), Step::Batch("[1,2]".into()));
        assert_eq!(lane.next(READY), Step::Idle);
    }

    #[test]
    fn scripts_keep_their_place_among_messages() {
        let mut lane = lane(&["script a", "1", "2", "script b", "3"]);
        let script = |id, script: &str| Step::Script { id, script: script.into() };
        assert_eq!(lane.next(Page::Ready { parked: 0 }), script(0, "a"));
        assert_eq!(lane.next(Page::Ready { parked: 0 }), Step::Idle);
        assert_eq!(lane.next(READY), Step::Batch("[1,2]".into()));
        assert_eq!(lane.next(READY), script(3, "b"));
        assert_eq!(lane.next(READY), Step::Batch("[3]".into()));
    }

    #[test]
    fn a_page_without_bridge_still_runs_scripts() {
        let mut lane = lane(&["1", "script a", "2"]);
        assert!(matches!(lane.next(Page::WithoutBridge), Step::Script { id: 1, .. }));
        assert_eq!(lane.next(Page::WithoutBridge), Step::Idle);
        assert_eq!(lane.next(READY), Step::Batch("[1,2]".into()));
    }

    #[test]
    fn a_new_document_gets_nothing_that_was_for_the_last_one() {
        let mut lane = lane(&["1"]);
        lane.push(3, "\"answer for generation 3\"".into());
        lane.push(0, "2".into());
        lane.drop_addressed();
        assert_eq!(lane.next(READY), Step::Batch("[1,2]".into()));
    }

    #[test]
    fn batches_are_bounded_and_reported() {
        let mut lane = Lane::default();
        (0..MAX_BATCH_MESSAGES + 1).for_each(|_| lane.push(0, "7".into()));
        lane.push(0, format!("\"{}\"", "x".repeat(MAX_BATCH_BYTES * 2)));
        let sizes: Vec<_> = std::iter::from_fn(|| match lane.next(READY) {
            Step::Batch(batch) => Some(batch.len()),
            _ => None,
        })
        .collect();
        assert_eq!(sizes, [2 * MAX_BATCH_MESSAGES + 1, 3, 2 * MAX_BATCH_BYTES + 4]);
        let amount = lane.report().unwrap();
        assert_eq!(amount.messages, MAX_BATCH_MESSAGES + 2);
        assert_eq!(lane.report(), None);
    }
}
