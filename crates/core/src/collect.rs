//! Chunks on their way in: kept until the message that names them, or until their document is gone.

use crate::limits::{MAX_ATTACHED, MAX_ATTACHMENTS};
use std::collections::HashMap;

/// The bytes of one attachment, in the pieces in which they came.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Collected(pub Vec<Vec<u8>>);

impl Collected {
    /// How many bytes.
    pub fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Chunks that no message has named yet. Never more than one message may have: whoever sends chunks and no message gets no
/// further.
#[derive(Debug, Default)]
pub struct Chunks {
    waiting: HashMap<u64, Collected>,
    bytes: usize,
}

impl Chunks {
    /// Keeps a chunk of attachment `number`. False: that would be too much, and it is dropped.
    pub fn add(&mut self, number: u64, chunk: Vec<u8>) -> bool {
        let is_new = !self.waiting.contains_key(&number);
        if self.bytes + chunk.len() > MAX_ATTACHED || (is_new && self.waiting.len() >= MAX_ATTACHMENTS) {
            return false;
        }
        self.bytes += chunk.len();
        self.waiting.entry(number).or_default().0.push(chunk);
        true
    }

    /// The attachments of a message, in its order. One without bytes had no chunks.
    pub fn take(&mut self, numbers: &[u64]) -> Vec<Collected> {
        let taken: Vec<_> = numbers.iter().map(|number| self.waiting.remove(number).unwrap_or_default()).collect();
        self.bytes -= taken.iter().map(Collected::len).sum::<usize>();
        taken
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_together_and_are_taken_once() {
        let mut chunks = Chunks::default();
        for (number, chunk) in [(1, b"a"), (2, b"x"), (1, b"b")] {
            assert!(chunks.add(number, chunk.to_vec()));
        }
        let taken = chunks.take(&[3, 1]);
        assert_eq!(taken, [Collected::default(), Collected(vec![b"a".to_vec(), b"b".to_vec()])]);
        assert_eq!((chunks.bytes(), chunks.take(&[1])[0].is_empty(), chunks.take(&[2])[0].len()), (1, true, 1));
        assert_eq!(chunks.bytes(), 0);
    }

    #[test]
    fn more_than_one_message_may_have_is_dropped() {
        let mut chunks = Chunks::default();
        assert!(chunks.add(1, vec![0; MAX_ATTACHED]));
        assert!(!chunks.add(1, vec![0]));
        chunks.clear();
        assert!((0..MAX_ATTACHMENTS as u64).all(|number| chunks.add(number, vec![0])));
        assert!(!chunks.add(9999, vec![0]) && chunks.add(0, vec![0]));
    }
}
