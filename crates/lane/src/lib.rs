//! The fast lane's end in the web process (`docs/decisions/0007-fast-lane.md`): a pipe of texts between the bridge of the
//! page and the host process, without the UI process between them. It knows documents and scripts, and no message.
//!
//! WebKitGTK loads it into each web process of ours and calls it on that process's main thread, where all of it stays. Linux
//! only; elsewhere, and wherever anything here fails, the bridge goes on through the UI process.

#[cfg(target_os = "linux")]
mod channel;
#[cfg(target_os = "linux")]
mod extension;
#[cfg(target_os = "linux")]
mod pipe;
