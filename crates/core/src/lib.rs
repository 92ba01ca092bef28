//! What is true of AuroraView without a window, without Python and without an operating system: the wire, its
//! framing and limits, the life of a view, what passes between threads, and the pipeline of messages. (Of a system it wishes
//! for large pages, by `auroraview-memory`, and does not depend on them.)
//!
//! What both processes use stands here, so that they cannot disagree.
#![forbid(unsafe_code)]

pub mod collect;
pub mod direct;
pub mod frame;
pub mod gate;
pub mod inbox;
pub mod json;
pub mod lane;
pub mod lifecycle;
pub mod limits;
pub mod listeners;
pub mod lock;
pub mod outbox;
pub mod pipeline;
pub mod post;
pub mod route;
pub mod script;
pub mod stats;
pub mod streaming;
pub mod sync;
pub mod turn;
pub mod turns;
pub mod waiters;
pub mod wire;
