//! For loops that can only be posted to and cannot watch the link themselves: on Windows and macOS, and without windows.

use crate::peer::Peer;
use crate::platform::{self, Socket};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

/// Tells a loop when the link has something to read or takes bytes again. Owned by the thread of the loop.
///
/// Each request is answered once: the loop reads, and then asks again. Two threads wait; they end with the process.
#[derive(Debug)]
pub struct LinkWatch {
    readable: Sender<()>,
    writable: Sender<()>,
}

impl LinkWatch {
    /// `read` and `write` are called on threads of ours and must do no more than post to the loop. They are two, since
    /// the loop asks again only for what it was told.
    ///
    /// Fails only when the process is out of threads.
    pub fn start(peer: &Peer, read: impl Fn() + Send + 'static, write: impl Fn() + Send + 'static) -> io::Result<Self> {
        Ok(Self {
            readable: answer("link-readable", peer.socket(), platform::wait_readable, read)?,
            writable: answer("link-writable", peer.socket(), platform::wait_writable, write)?,
        })
    }

    /// Asks to be told once when there is something to read, or the link has ended. To be called after every read.
    pub fn when_readable(&self) {
        let _ = self.readable.send(()); // the thread ends only with this sender
    }

    /// Asks to be told once when the link takes bytes again. To be called when [`Peer::flush`] left something.
    pub fn when_writable(&self) {
        let _ = self.writable.send(());
    }
}

/// A thread that answers each request with one call of `look`, after `wait`.
fn answer(
    name: &str,
    socket: &Arc<Socket>,
    wait: fn(&Socket),
    look: impl Fn() + Send + 'static,
) -> io::Result<Sender<()>> {
    let (sender, requests) = channel();
    let socket = Arc::clone(socket);
    platform::start_thread(name, move || {
        while requests.recv().is_ok() {
            wait(&socket);
            look();
        }
    })?;
    Ok(sender)
}
