//! A document whose bridge said hello, and what is known of how far it is.

use std::collections::BTreeSet;

/// A document whose bridge said hello.
#[derive(Debug)]
pub struct Document {
    /// What it named itself.
    pub nonce: String,
    /// What we named it.
    pub generation: u32,
    /// It speaks with the host by the fast lane.
    pub direct: bool,
    /// Calls that went to the host and are not answered.
    pub calls: usize,
    /// Calls of its own functions that it has got and not answered.
    pub asked: BTreeSet<u64>,
    /// Answers that went to it.
    answers: u64,
    /// How many of them it has handled, as its last post said.
    handled: u64,
    /// The last answer with something of the host in it.
    last_of_host: u64,
    /// Its last post was a park without news: it has every answer, and holds some back until its scripts have run.
    holds: bool,
}

impl Document {
    /// One that says hello.
    pub fn new(nonce: &str, generation: u32) -> Self {
        Self {
            nonce: nonce.into(),
            generation,
            direct: false,
            calls: 0,
            asked: BTreeSet::new(),
            answers: 0,
            handled: 0,
            last_of_host: 0,
            holds: false,
        }
    }

    /// A post came: a park or one with messages, and how many answers its sender had handled.
    pub fn posted(&mut self, is_park: bool, handled: u64) {
        self.holds = is_park && handled == self.handled;
        self.handled = handled;
    }

    /// One of its posts was answered, maybe with something of the host.
    pub fn answered(&mut self, of_host: bool) {
        self.answers += 1;
        if of_host {
            self.last_of_host = self.answers;
        }
    }

    /// Whether it has handled everything that the host sent it.
    pub fn is_up_to_date(&self) -> bool {
        self.handled >= self.last_of_host
    }

    /// Whether it says by itself when it is further.
    pub fn will_tell(&self) -> bool {
        self.holds
    }
}
