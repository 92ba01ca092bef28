//! The lane of a view: everything on its way to the page, in the order in which the host sent it. Messages wait for the
//! page's bridge; scripts run when everything sent before them was handed over. Only control passes, and only a message
//! that says so is replaced by a newer one (`protocol/README.md` section 7).

use auroraview_core::limits::{MAX_BATCH_BYTES, MAX_BATCH_MESSAGES};
use std::collections::{HashMap, VecDeque};

/// A JSON-RPC text for the page.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// For the document of that generation, or (0) for any.
    pub doc: u32,
    /// A newer message with the same number, for the same `doc`, replaces this one while it waits.
    pub coalesce: Option<u64>,
    /// Whether the host sent it, and so counts it; else it is our own.
    pub of_host: bool,
    /// What the page gets.
    pub text: String,
}

/// Something on its way to the page.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Message(Message),
    /// A script of the host.
    Script {
        id: u64,
        script: String,
    },
    /// A message that a newer one replaced.
    Replaced,
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
    /// Answer a parked post.
    Batch {
        /// The answer.
        text: String,
        /// Whether something of the host is in it.
        of_host: bool,
    },
    /// Run this script.
    Script {
        /// Of the host's request.
        id: u64,
        /// What to run.
        script: String,
    },
}

/// An amount of messages of the host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub messages: usize,
    /// Bytes of their texts.
    pub bytes: usize,
    /// How many of them no page took, since a newer one replaced them.
    pub coalesced: usize,
}

/// Which waiting message a newer one replaces: its `doc` and its `coalesce`.
type Key = (u32, u64);

/// Everything on its way to one page.
#[derive(Debug, Default)]
pub struct Lane {
    /// Goes before everything else.
    control: VecDeque<Message>,
    /// Neither end is ever [`Entry::Replaced`].
    entries: VecDeque<Entry>,
    /// How many entries went from the front so far: entry `n` of all stands at `n - gone`.
    gone: u64,
    /// How many entries are [`Entry::Replaced`]: never more than half, but for a few.
    replaced: usize,
    /// The newest message of each key that waits, by its number among all entries.
    newest: HashMap<Key, u64>,
    left: Amount,
}

/// So many replaced entries are not worth tidying up.
const FEW: usize = 64;

impl Lane {
    /// Adds a message.
    pub fn push(&mut self, message: Message) {
        if let Some(key) = message.key() {
            if let Some(older) = self.newest.remove(&key) {
                self.replace(older);
            }
            self.newest.insert(key, self.gone + self.entries.len() as u64);
        }
        self.entries.push_back(Entry::Message(message));
    }

    /// Adds a message that passes all others but those that were added so before.
    pub fn push_control(&mut self, message: Message) {
        self.control.push_back(message);
    }

    /// Adds a message ahead of everything: a document's greeting.
    pub fn push_first(&mut self, message: Message) {
        self.control.push_front(message);
    }

    /// Adds a script.
    pub fn push_script(&mut self, id: u64, script: String) {
        self.entries.push_back(Entry::Script { id, script });
    }

    /// Takes out a script that has not run.
    pub fn drop_script(&mut self, id: u64) {
        let of_it = |entry: &Entry| matches!(entry, Entry::Script { id: waiting, .. } if *waiting == id);
        if let Some(at) = self.entries.iter().position(of_it) {
            self.take_script(at);
        }
    }

    /// Counts a message of the host that nobody can take any more.
    pub fn drop_message(&mut self, bytes: usize) {
        self.left.messages += 1;
        self.left.bytes += bytes;
    }

    /// The document changed: drops what was for an earlier one only.
    pub fn drop_addressed(&mut self) {
        let left = &mut self.left;
        let mut stays = |message: &Message| {
            if message.doc != 0 {
                left.add(message);
            }
            message.doc == 0
        };
        self.control.retain(&mut stays);
        self.entries.retain(|entry| match entry {
            Entry::Message(message) => stays(message),
            Entry::Script { .. } => true,
            Entry::Replaced => false,
        });
        self.renumber();
    }

    /// Takes the next step that `page` allows.
    pub fn next(&mut self, page: Page) -> Step {
        let is_script = |entry: &Entry| matches!(entry, Entry::Script { .. });
        let script = match page {
            Page::Loading => None,
            Page::WithoutBridge => self.entries.iter().position(is_script),
            Page::Ready { parked } => {
                if parked > 0 && self.first_message().is_some() {
                    return self.take_batch();
                }
                self.entries.front().is_some_and(is_script).then_some(0)
            }
        };
        script.map_or(Step::Idle, |at| self.take_script(at))
    }

    fn take_script(&mut self, at: usize) -> Step {
        let taken = self.entries.get_mut(at).map(|entry| std::mem::replace(entry, Entry::Replaced));
        self.replaced += 1;
        self.tidy();
        match taken {
            Some(Entry::Script { id, script }) => Step::Script { id, script },
            _ => Step::Idle,
        }
    }

    /// Gathers messages up to a script or the limits of a batch. One message always fits.
    fn take_batch(&mut self) -> Step {
        let mut text = String::from("[");
        let (mut messages, mut of_host) = (0, false);
        while let Some(message) = self.first_message() {
            let fits = text.len() + message.text.len() < MAX_BATCH_BYTES && messages < MAX_BATCH_MESSAGES;
            if messages > 0 && !fits {
                break;
            }
            if messages > 0 {
                text.push(',');
            }
            text.push_str(&message.text);
            messages += 1;
            of_host |= message.of_host;
            self.pop_message();
        }
        text.push(']');
        Step::Batch { text, of_host }
    }

    /// The message that goes next, if no script goes before it.
    fn first_message(&self) -> Option<&Message> {
        self.control.front().or_else(|| match self.entries.front() {
            Some(Entry::Message(message)) => Some(message),
            _ => None,
        })
    }

    /// Takes what [`Lane::first_message`] shows.
    fn pop_message(&mut self) {
        if let Some(message) = self.control.pop_front() {
            return self.left.add(&message);
        }
        let Some(Entry::Message(message)) = self.entries.pop_front() else { return };
        self.gone += 1;
        self.left.add(&message);
        if let Some(key) = message.key() {
            self.newest.remove(&key);
        }
        self.tidy();
    }

    /// Takes the message with that number out of its place.
    fn replace(&mut self, number: u64) {
        let Some(entry) = self.entries.get_mut((number - self.gone) as usize) else { return };
        if let Entry::Message(message) = std::mem::replace(entry, Entry::Replaced) {
            self.left.add(&message);
            self.left.coalesced += 1;
        }
        self.replaced += 1;
        self.tidy();
    }

    /// Keeps both ends free of replaced entries, and their number small.
    fn tidy(&mut self) {
        if self.replaced == 0 {
            return;
        }
        while let Some(Entry::Replaced) = self.entries.front() {
            self.entries.pop_front();
            self.gone += 1;
            self.replaced -= 1;
        }
        while let Some(Entry::Replaced) = self.entries.back() {
            self.entries.pop_back();
            self.replaced -= 1;
        }
        if self.replaced > FEW + self.entries.len() / 2 {
            self.entries.retain(|entry| !matches!(entry, Entry::Replaced));
            self.renumber();
        }
    }

    /// Entries that stood between others are gone: the others have new numbers.
    fn renumber(&mut self) {
        self.replaced = 0;
        self.newest.clear();
        for (at, entry) in self.entries.iter().enumerate() {
            if let Entry::Message(message) = entry
                && let Some(key) = message.key()
            {
                self.newest.insert(key, self.gone + at as u64);
            }
        }
    }

    /// What left the lane since the last report, once it is worth one.
    pub fn report(&mut self) -> Option<Amount> {
        let due = self.left.messages >= MAX_BATCH_MESSAGES || self.left.bytes >= MAX_BATCH_BYTES;
        due.then(|| std::mem::take(&mut self.left))
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.control.is_empty() && self.entries.is_empty()
    }

    /// How many messages of the host wait. Control is none: nobody misses a credit.
    pub fn waiting(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry, Entry::Message(message) if message.of_host)).count()
    }

    /// The ids of scripts that will not run.
    pub fn scripts(&self) -> impl Iterator<Item = u64> + '_ {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Script { id, .. } => Some(*id),
            Entry::Message(_) | Entry::Replaced => None,
        })
    }
}

impl Message {
    fn key(&self) -> Option<Key> {
        self.coalesce.map(|number| (self.doc, number))
    }
}

impl Amount {
    fn add(&mut self, message: &Message) {
        if message.of_host {
            self.messages += 1;
            self.bytes += message.text.len();
        }
    }
}

#[cfg(test)]
mod tests;
