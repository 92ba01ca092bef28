//! The lane of a view: everything on its way to the page, in the order in which the host sent it. Messages wait for the
//! page's bridge; scripts run when everything sent before them was handed over. Only control passes, and only a message
//! that says so is replaced by a newer one (`protocol/README.md` section 7).

use crate::limits::{MAX_BATCH_BYTES, MAX_BATCH_MESSAGES};
use crate::wire::{Header, Kind};
use std::collections::{HashMap, VecDeque};

/// A JSON-RPC text for the page.
#[derive(Debug, PartialEq, Eq)]
pub struct Message<A> {
    /// For the document of that generation, or (0) for any.
    pub doc: u32,
    /// A newer message with the same number, for the same `doc`, replaces this one while it waits.
    pub coalesce: Option<u64>,
    /// Of a call of a function of the page: whoever takes it owes the answer.
    pub request: Option<u64>,
    /// Whether the host sent it, and so counts it; else it is our own.
    pub of_host: bool,
    /// What the page gets.
    pub text: String,
    /// What the page fetches then, by number.
    pub attachments: Vec<A>,
    /// Their bytes.
    pub attached: usize,
}

/// Something on its way to the page.
#[derive(Debug, PartialEq, Eq)]
enum Entry<A> {
    Message(Message<A>),
    /// A script of the host.
    Script {
        id: u64,
        script: String,
    },
    /// A message that a newer one replaced.
    Replaced,
}

/// Something that was taken out of the lane unsent.
#[derive(Debug, PartialEq, Eq)]
pub enum Waiting<A> {
    /// An urgent message.
    Control(Message<A>),
    /// An ordinary one.
    Message(Message<A>),
    /// A script.
    Script {
        /// Of the host's request.
        id: u64,
        /// What to run.
        script: String,
    },
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
pub enum Step<A> {
    /// Wait for the page.
    Idle,
    /// Answer a parked post.
    Batch {
        /// The answer.
        text: String,
        /// Whether something of the host is in it.
        of_host: bool,
        /// The calls of functions of the page in it.
        requests: Vec<u64>,
        /// Of its messages.
        attachments: Vec<A>,
        /// Their bytes.
        attached: usize,
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
    /// Bytes of their texts, and of their attachments.
    pub bytes: usize,
    /// How many of them no page took, since a newer one replaced them.
    pub coalesced: usize,
}

/// Which waiting message a newer one replaces: its `doc` and its `coalesce`.
type Key = (u32, u64);

/// Everything on its way to one page.
#[derive(Debug)]
pub struct Lane<A> {
    /// Goes before everything else.
    control: VecDeque<Message<A>>,
    /// Neither end is ever [`Entry::Replaced`].
    entries: VecDeque<Entry<A>>,
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

impl<A> Default for Lane<A> {
    fn default() -> Self {
        let (control, entries, newest) = (VecDeque::new(), VecDeque::new(), HashMap::new());
        Self { control, entries, gone: 0, replaced: 0, newest, left: Amount::default() }
    }
}

impl<A> Lane<A> {
    /// Adds a message.
    pub fn push(&mut self, message: Message<A>) {
        if let Some(key) = message.key() {
            if let Some(older) = self.newest.remove(&key) {
                self.replace(older);
            }
            self.newest.insert(key, self.gone + self.entries.len() as u64);
        }
        self.entries.push_back(Entry::Message(message));
    }

    /// Adds a message that passes all others but those that were added so before.
    pub fn push_control(&mut self, message: Message<A>) {
        self.control.push_back(message);
    }

    /// Adds a message of the host, as its header says.
    pub fn push_of_host(&mut self, header: &Header, text: String, attachments: Vec<A>, attached: usize) {
        // Only an event may vanish: each answer is somebody's only one.
        let coalesce = header.coalesce.filter(|_| header.kind == Kind::Notify);
        let (doc, request) = (header.page_document(), header.page_request());
        let message = Message { doc, coalesce, request, of_host: true, text, attachments, attached };
        if header.kind == Kind::Control {
            self.push_control(message);
        } else {
            self.push(message);
        }
    }

    /// Adds a message ahead of everything: a document's greeting.
    pub fn push_first(&mut self, message: Message<A>) {
        self.control.push_front(message);
    }

    /// Adds a script.
    pub fn push_script(&mut self, id: u64, script: String) {
        self.entries.push_back(Entry::Script { id, script });
    }

    /// Takes out a script that has not run.
    pub fn drop_script(&mut self, id: u64) {
        let of_it = |entry: &Entry<A>| matches!(entry, Entry::Script { id: waiting, .. } if *waiting == id);
        if let Some(at) = self.entries.iter().position(of_it) {
            self.take_script(at);
        }
    }

    /// Takes out a call of a function of the page that the page has not got.
    pub fn drop_request(&mut self, id: u64) {
        let of_it = |entry: &Entry<A>| matches!(entry, Entry::Message(message) if message.request == Some(id));
        let Some(at) = self.entries.iter().position(of_it) else { return };
        if let Some(Entry::Message(message)) = self.entries.get_mut(at).map(|e| std::mem::replace(e, Entry::Replaced)) {
            self.left.add(&message);
        }
        self.replaced += 1;
        self.tidy();
    }

    /// Counts a message of the host that nobody can take any more.
    pub fn drop_message(&mut self, bytes: usize) {
        self.left.messages += 1;
        self.left.bytes += bytes;
    }

    /// Counts bytes of attachments that the page has fetched, or that nobody can fetch any more. Their messages were counted
    /// when they left.
    pub fn fetched(&mut self, bytes: usize) {
        self.left.bytes += bytes;
    }

    /// The document changed: drops what was for an earlier one only.
    pub fn drop_addressed(&mut self) {
        let left = &mut self.left;
        let mut stays = |message: &Message<A>| {
            if message.doc != 0 {
                left.add(message);
                left.bytes += message.attached;
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
    pub fn next(&mut self, page: Page) -> Step<A> {
        let is_script = |entry: &Entry<A>| matches!(entry, Entry::Script { .. });
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

    fn take_script(&mut self, at: usize) -> Step<A> {
        let taken = self.entries.get_mut(at).map(|entry| std::mem::replace(entry, Entry::Replaced));
        self.replaced += 1;
        self.tidy();
        match taken {
            Some(Entry::Script { id, script }) => Step::Script { id, script },
            _ => Step::Idle,
        }
    }

    /// Gathers messages up to a script or the limits of a batch. One message always fits.
    fn take_batch(&mut self) -> Step<A> {
        let mut text = String::from("[");
        let (mut messages, mut of_host, mut attached) = (0, false, 0);
        let (mut requests, mut attachments) = (Vec::new(), Vec::new());
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
            attached += message.attached;
            requests.extend(message.request);
            attachments.extend(self.pop_message());
        }
        text.push(']');
        Step::Batch { text, of_host, requests, attachments, attached }
    }

    /// The message that goes next, if no script goes before it.
    fn first_message(&self) -> Option<&Message<A>> {
        self.control.front().or_else(|| match self.entries.front() {
            Some(Entry::Message(message)) => Some(message),
            _ => None,
        })
    }

    /// Takes what [`Lane::first_message`] shows; its attachments.
    fn pop_message(&mut self) -> Vec<A> {
        if let Some(message) = self.control.pop_front() {
            self.left.add(&message);
            return message.attachments;
        }
        let Some(Entry::Message(message)) = self.entries.pop_front() else { return Vec::new() };
        self.gone += 1;
        self.left.add(&message);
        if let Some(key) = message.key() {
            self.newest.remove(&key);
        }
        self.tidy();
        message.attachments
    }

    /// Takes the message with that number out of its place.
    fn replace(&mut self, number: u64) {
        let Some(entry) = self.entries.get_mut((number - self.gone) as usize) else { return };
        if let Entry::Message(message) = std::mem::replace(entry, Entry::Replaced) {
            self.left.add(&message);
            self.left.bytes += message.attached;
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

    /// Takes everything that waits, in the order in which it would go.
    pub fn take_all(&mut self) -> Vec<Waiting<A>> {
        let control = self.control.drain(..).map(Waiting::Control);
        let entries = self.entries.drain(..).filter_map(|entry| match entry {
            Entry::Message(message) => Some(Waiting::Message(message)),
            Entry::Script { id, script } => Some(Waiting::Script { id, script }),
            Entry::Replaced => None,
        });
        let all = control.chain(entries).collect();
        self.renumber();
        all
    }

    /// What left the lane since the last time.
    pub fn take_left(&mut self) -> Amount {
        std::mem::take(&mut self.left)
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

impl<A> Message<A> {
    /// One that is not the host's, for the document of that generation.
    pub fn ours(doc: u32, text: String) -> Self {
        Self { doc, coalesce: None, request: None, of_host: false, text, attachments: Vec::new(), attached: 0 }
    }

    fn key(&self) -> Option<Key> {
        self.coalesce.map(|number| (self.doc, number))
    }
}

impl Amount {
    fn add<A>(&mut self, message: &Message<A>) {
        if message.of_host {
            self.messages += 1;
            self.bytes += message.text.len();
        }
    }
}

#[cfg(test)]
mod tests;
