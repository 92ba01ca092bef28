//! One of each mistake that a sanitizer is for. `make tsan` and `make asan` run them and want a report: a tool that sees
//! nothing here says nothing about the rest.
#![allow(unsafe_code)] // the mistakes cannot be made without

use std::cell::UnsafeCell;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Default)]
struct Unguarded(UnsafeCell<u64>);

// SAFETY: none. This is the planted bug of `a_race`.
unsafe impl Sync for Unguarded {}

impl Unguarded {
    fn add(&self) {
        // SAFETY: none. Two threads write at once.
        unsafe { *self.0.get() += 1 }
    }
}

#[test]
#[ignore = "a planted bug for ThreadSanitizer"]
fn a_race() {
    let (shared, met) = (Unguarded::default(), AtomicUsize::new(0));
    // Both threads live as long as both write. Relaxed: a barrier could order what it separates.
    let meet = |all: usize| {
        met.fetch_add(1, Ordering::Relaxed);
        while met.load(Ordering::Relaxed) < all {
            std::thread::yield_now();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                meet(2);
                (0..1000).for_each(|_| shared.add());
                meet(4);
            });
        }
    });
    black_box(shared.0.into_inner());
}

#[test]
#[ignore = "a planted bug for AddressSanitizer"]
fn a_use_after_free() {
    let freed = {
        let boxed = black_box(Box::new(1u64));
        &raw const *boxed
    };
    // SAFETY: none. The box is gone.
    black_box(unsafe { *freed });
}

#[test]
#[ignore = "a planted bug for LeakSanitizer"]
fn a_leak() {
    std::mem::forget(black_box(Box::new([0u8; 4096])));
}
