//! Memory for large messages. Memory that a process has not touched yet costs it an interrupt a page at the first touch,
//! which for pages of 4 KiB takes longer than to copy the message there (`docs/decisions/0010-large-pages.md`).

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod platform;
#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod platform;

pub use platform::prefer_large_pages;
