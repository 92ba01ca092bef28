//! Models of the protocols between threads, run on the code that ships by loom (every order of steps, with up to three
//! preemptions, and every value that weak memory allows) and by shuttle (random orders). `make models`;
//! `docs/verification.md` has the table.
//!
//! Each protocol also has a copy of its few lines with a bug planted, for which the checker must fail. The same copy
//! without the bug must pass: so it is the bug that is found.
#![cfg(any(loom, feature = "shuttle"))]
#![allow(clippy::unwrap_used)] // a test fails by panicking

mod checker;
mod gate;
mod lifecycle;
mod listeners;
mod outbox;
mod turn;
mod waiters;
mod wake;
