//! Several senders, one way out: each keeps its own order, and they take turns, so that nobody waits for more than one thing
//! of each other.

use std::collections::VecDeque;

/// A queue for each sender that has something. Senders are few: they are looked up one by one.
#[derive(Debug)]
pub struct Turns<T> {
    /// Whose turn it is stands first. None is empty.
    senders: VecDeque<(u32, VecDeque<T>)>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { senders: VecDeque::new() }
    }
}

impl<T> Turns<T> {
    /// Adds something behind what `sender` has.
    pub fn push(&mut self, sender: u32, item: T) {
        match self.senders.iter_mut().find(|(known, _)| *known == sender) {
            Some((_, queue)) => queue.push_back(item),
            None => self.senders.push_back((sender, VecDeque::from([item]))),
        }
    }

    /// Takes what goes next; then it is somebody else's turn.
    pub fn pop(&mut self) -> Option<T> {
        let (sender, mut queue) = self.senders.pop_front()?;
        let item = queue.pop_front();
        if !queue.is_empty() {
            self.senders.push_back((sender, queue));
        }
        item
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.senders.is_empty()
    }

    /// How much of `sender` waits.
    pub fn waiting(&self, sender: u32) -> usize {
        self.senders.iter().find(|(known, _)| *known == sender).map_or(0, |(_, queue)| queue.len())
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.senders.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_keeps_its_order_and_waits_for_one_of_each_other() {
        let mut turns = Turns::default();
        (0..5).for_each(|n| turns.push(1, (1, n)));
        assert_eq!(turns.pop(), Some((1, 0)));
        (0..2).for_each(|n| turns.push(2, (2, n)));
        turns.push(3, (3, 0));
        assert_eq!((turns.waiting(1), turns.waiting(2), turns.waiting(9)), (4, 2, 0));
        let order: Vec<_> = std::iter::from_fn(|| turns.pop()).collect();
        assert_eq!(order, [(1, 1), (2, 0), (3, 0), (1, 2), (2, 1), (1, 3), (1, 4)]);
        assert!(turns.is_empty());
    }
}
