//! Counters that any thread adds to and anybody may read, without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Buckets of a [`Histogram`]: bucket n counts what took less than 2^n µs; the last one everything longer.
pub const BUCKETS: usize = 24;

/// How long something took, in powers of two.
#[derive(Debug)]
pub struct Histogram([AtomicU64; BUCKETS]);

impl Default for Histogram {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = (u64::BITS - micros.leading_zeros()) as usize;
        self.0[bucket.min(BUCKETS - 1)].fetch_add(1, Ordering::Relaxed);
    }

    /// The counts: how many took less than 1, 2, 4 ... µs and not less than the bucket before.
    pub fn counts(&self) -> [u64; BUCKETS] {
        std::array::from_fn(|n| self.0[n].load(Ordering::Relaxed))
    }
}

/// What passed through a queue since it was made.
#[derive(Debug, Default)]
pub struct QueueStats {
    /// Messages that were put in.
    pub pushed: AtomicU64,
    /// Messages that were taken out.
    pub taken: AtomicU64,
    /// Times that the drainer had to be woken.
    pub wake_ups: AtomicU64,
    /// From put in to taken out.
    pub latency: Histogram,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_powers_of_two() {
        let histogram = Histogram::default();
        for micros in [0, 1, 2, 3, 4, 1_000_000, u64::MAX] {
            histogram.record(Duration::from_micros(micros));
        }
        let counts = histogram.counts();
        assert_eq!((counts[0], counts[1], counts[2], counts[3]), (1, 1, 2, 1));
        assert_eq!((counts[20], counts[BUCKETS - 1]), (1, 1));
    }
}
