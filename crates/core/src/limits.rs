//! The limits of the wire (`protocol/README.md` section 6). Each is checked before anything is allocated for it.

/// Largest JSON-RPC text of one message, in bytes.
pub const MAX_BODY: usize = 16 << 20;
/// Bytes of all attachments of one message.
pub const MAX_ATTACHED: usize = 256 << 20;
/// Bytes of the attachments of all calls of one view that Python has not handled.
pub const MAX_HELD: usize = 2 * MAX_ATTACHED;
/// Attachments of one message. Their numbers stand in the header.
pub const MAX_ATTACHMENTS: usize = 256;
/// Bytes of one chunk of an attachment.
pub const MAX_CHUNK: usize = 256 << 10;
/// Bytes of one piece of an upload.
pub const MAX_PIECE: usize = 4 << 20;
/// Largest routing header of a frame, in bytes.
pub const MAX_HEADER: usize = 4 << 10;
/// Deepest nesting of arrays and objects.
pub const MAX_DEPTH: usize = 64;
/// Largest integer that JavaScript holds exactly: 2^53 - 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
/// Calls of one document that may be unanswered.
pub const MAX_PENDING_CALLS: usize = 4096;
/// Messages for one view that its page has not taken.
pub const MAX_BACKLOG_MESSAGES: usize = 65_536;
/// Bytes for one view that its page has not taken.
pub const MAX_BACKLOG_BYTES: usize = 64 << 20;
/// Messages in one batch to a page.
pub const MAX_BATCH_MESSAGES: usize = 4096;
/// Bytes in one batch to a page.
pub const MAX_BATCH_BYTES: usize = 4 << 20;
/// Refused posts and requests of one view within [`REFUSALS_WITHIN`] that cut its bridge.
pub const MAX_REFUSALS: usize = 100;
/// See [`MAX_REFUSALS`].
pub const REFUSALS_WITHIN: std::time::Duration = std::time::Duration::from_secs(1);
/// Posts of a page that wait for an answer.
pub const MAX_PARKED: usize = 4;
