//! Eight threads send as fast as they can: through an inbox, and through a link to a second process and back. Fails when a
//! message is lost, doubled or out of its sender's order; everything else is printed and judged by people.
//!
//! `make stress` sends a million messages each. The second process is this program again, as a UI process that echoes.
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

#[cfg(target_os = "linux")]
mod linux;
