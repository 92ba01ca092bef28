//! What of a view's pages was refused, and when it is too much (`protocol/README.md` section 6).

use auroraview_core::limits::{MAX_REFUSALS, REFUSALS_WITHIN};
use std::collections::{HashMap, VecDeque};
use std::time::Instant;

/// What a refusal leads to.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it was counted.
    Counted,
    /// The host hears it: so many for this reason so far.
    Tell(u32),
    /// The bridge is cut; the host hears that.
    Cut,
}

/// Counts refusals.
#[derive(Debug, Default)]
pub struct Refusals {
    counts: HashMap<&'static str, u32>,
    latest: VecDeque<Instant>,
    cut: bool,
}

impl Refusals {
    /// Counts one. Told at powers of two: a page that floods does not flood the host.
    pub fn count(&mut self, reason: &'static str, now: Instant) -> Next {
        self.latest.push_back(now);
        if self.latest.len() > MAX_REFUSALS {
            self.latest.pop_front();
        }
        let flood = self.latest.front().is_some_and(|first| now.duration_since(*first) < REFUSALS_WITHIN);
        let count = self.counts.entry(reason).or_default();
        *count += 1;
        if self.latest.len() == MAX_REFUSALS && flood {
            self.cut = true;
            return Next::Cut;
        }
        if count.is_power_of_two() { Next::Tell(*count) } else { Next::Counted }
    }

    /// Whether everything is refused unread.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The next document begins anew.
    pub fn forgive(&mut self) {
        self.cut = false;
        self.latest.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_flood_is_cut_and_a_trickle_is_not() {
        let start = Instant::now();
        let mut refusals = Refusals::default();
        for n in 0..1000 {
            let now = start + Duration::from_millis(n * 11); // 91 a second
            assert_ne!(refusals.count("r", now), Next::Cut, "{n}");
        }
        assert!(!refusals.is_cut());
        let burst = start + Duration::from_secs(100);
        let outcomes: Vec<_> = (0..MAX_REFUSALS).map(|_| refusals.count("s", burst)).collect();
        assert_eq!(outcomes.iter().position(|next| *next == Next::Cut), Some(MAX_REFUSALS - 1));
        assert_eq!(outcomes[..4], [Next::Tell(1), Next::Tell(2), Next::Counted, Next::Tell(4)]);
        assert!(refusals.is_cut());
        refusals.forgive();
        assert!(!refusals.is_cut());
        assert_eq!(refusals.count("t", burst), Next::Tell(1));
    }
}
