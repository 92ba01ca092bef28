//! The UI process's end of the link: a source of its one loop, without a thread.

use crate::platform::{self, Socket};
use auroraview_core::frame::{Decoder, Frame, FrameError};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

/// The UI process's end of the link. Used by the thread of the loop only.
#[derive(Debug)]
pub struct Peer {
    socket: Arc<Socket>,
    decoder: Decoder,
    unsent: VecDeque<Vec<u8>>,
    /// How much of the first of `unsent` is written.
    written: usize,
}

/// Ends this process's whole group when the host closes the link or dies, also while the main loop is stuck.
pub fn exit_with_parent(peer: &Peer) -> io::Result<()> {
    platform::exit_with_parent(Arc::clone(&peer.socket))
}

impl Peer {
    /// Takes over standard input, where the host put the link.
    pub fn from_stdin() -> io::Result<Self> {
        Ok(Self::new(platform::take_stdin()?))
    }

    pub(crate) fn new(socket: Socket) -> Self {
        Self { socket: Arc::new(socket), decoder: Decoder::new(), unsent: VecDeque::new(), written: 0 }
    }

    /// What the loop watches, in the platform's way.
    pub(crate) fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    /// Reads once. `Ok(false)` is the end of the link.
    pub fn read(&mut self) -> io::Result<bool> {
        match self.decoder.fill(&mut &*self.socket) {
            Ok(count) => Ok(count > 0),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// The next complete frame.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        self.decoder.next_frame()
    }

    /// Sends a frame, or keeps what the socket does not take until [`Peer::flush`].
    pub fn send(&mut self, frame: &Frame) -> Result<(), FrameError> {
        self.unsent.push_back(frame.encode()?);
        if self.unsent.len() == 1 {
            self.flush();
        }
        Ok(())
    }

    /// Writes what the socket takes. False if something is left: call again when the socket is writable.
    pub fn flush(&mut self) -> bool {
        while let Some(first) = self.unsent.front() {
            match platform::write_some(&self.socket, &first[self.written..]) {
                Ok(count) if self.written + count < first.len() => self.written += count,
                Ok(_) => {
                    self.unsent.pop_front();
                    self.written = 0;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The host is gone; the parent watch ends this process.
                Err(_) => self.unsent.clear(),
            }
        }
        true
    }
}
