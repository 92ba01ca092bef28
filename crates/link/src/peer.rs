//! The UI process's end of the link: a source of its one loop, without a thread.

use crate::parcel::{Attachment, Outcome, Piece, Writing, chunks};
use crate::platform::{self, Socket};
use auroraview_core::frame::{Decoder, Frame, FrameError};
use std::io;
use std::sync::Arc;

/// The UI process's end of the link. Used by the thread of the loop only.
#[derive(Debug)]
pub struct Peer {
    socket: Arc<Socket>,
    decoder: Decoder,
    writing: Writing,
    /// The socket takes no more until the loop says so.
    full: bool,
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
        Self { socket: Arc::new(socket), decoder: Decoder::new(), writing: Writing::default(), full: false }
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
        self.add(frame.header.view, vec![Piece::from(frame.encode()?)]);
        Ok(())
    }

    /// Sends an attachment of a message of document `doc`, or a part of one.
    pub fn send_chunks(&mut self, view: u32, doc: u32, attachment: &Attachment) -> Result<(), FrameError> {
        self.add(view, chunks(view, Some(doc), attachment)?);
        Ok(())
    }

    /// How many frames of `view` the host has not taken.
    pub fn waiting(&self, view: u32) -> usize {
        self.writing.waiting(view)
    }

    fn add(&mut self, view: u32, pieces: Vec<Piece>) {
        self.writing.add_pieces(view, pieces);
        if !self.full {
            self.flush();
        }
    }

    /// Writes what the socket takes. False if something is left: call again when the socket is writable.
    pub fn flush(&mut self) -> bool {
        // If the host is gone, the parent watch ends this process.
        self.full = self.writing.write(&self.socket) == Outcome::Full;
        !self.full
    }
}
