//! The primitives that the protocols of this crate stand on. One `cfg` swaps them for those of a model checker, so that the
//! code that ships is the code that is checked.
//!
//! Checkers cannot see into `crossbeam-queue` and `arc-swap`: [`Queue`] and [`Snapshot`] are then stand-ins with the same
//! promises, made of a lock.

#[cfg(any(loom, feature = "shuttle"))]
mod modelled;
#[cfg(not(any(loom, feature = "shuttle")))]
mod shipped;

#[cfg(any(loom, feature = "shuttle"))]
pub use modelled::*;
#[cfg(not(any(loom, feature = "shuttle")))]
pub use shipped::*;
