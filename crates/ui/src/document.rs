//! A document whose bridge said hello, and what is known of how far it is.

use auroraview_core::limits::MAX_PARKED;

/// A document whose bridge said hello.
#[derive(Debug)]
pub struct Document {
    /// What it named itself.
    pub nonce: String,
    /// What we named it.
    pub generation: u32,
    /// Calls that went to the host and are not answered.
    pub calls: usize,
    /// Posts that came from it.
    posts: u64,
    /// Answers that went to it.
    answers: u64,
    /// So many of them it has certainly handled.
    handled: u64,
    /// The last answer with something of the host in it.
    last_of_host: u64,
}

impl Document {
    /// One that has just said hello.
    pub fn new(nonce: &str, generation: u32) -> Self {
        Self { nonce: nonce.into(), generation, calls: 0, posts: 0, answers: 0, handled: 0, last_of_host: 0 }
    }

    /// A post came. The bridge parks, without a line, only when all its posts are answered and it has handled the answers;
    /// with lines it posts while no more than [`MAX_PARKED`] are out. So each post says what was handled before it.
    /// `loaded`: before that the bridge may hold back what it was given.
    pub fn posted(&mut self, parks: bool, loaded: bool) {
        if loaded {
            let out = if parks { 0 } else { MAX_PARKED as u64 };
            self.handled = self.handled.max(self.posts.saturating_sub(out));
        }
        self.posts += 1;
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_park_confirms_every_answer_before_it() {
        let mut document = Document::new("", 1);
        document.posted(false, true);
        document.answered(false);
        assert!(document.is_up_to_date(), "the greeting is ours");
        document.posted(true, true);
        document.answered(true);
        document.posted(false, true); // was on its way when the batch left
        assert!(!document.is_up_to_date());
        document.answered(false);
        document.posted(true, true);
        assert!(document.is_up_to_date());
    }

    #[test]
    fn a_page_that_never_parks_is_believed_when_it_must_have_had_the_answer() {
        let mut document = Document::new("", 1);
        document.posted(false, true);
        document.answered(true);
        for _ in 0..MAX_PARKED {
            assert!(!document.is_up_to_date());
            document.posted(false, true);
        }
        assert!(!document.is_up_to_date(), "that many may have been out before");
        document.posted(false, true);
        assert!(document.is_up_to_date());
    }

    #[test]
    fn nothing_is_confirmed_while_the_bridge_may_hold_it_back() {
        let mut document = Document::new("", 1);
        document.posted(false, false);
        document.answered(true);
        document.posted(true, false);
        assert!(!document.is_up_to_date());
        document.answered(false);
        document.posted(true, true);
        assert!(document.is_up_to_date());
    }
}
