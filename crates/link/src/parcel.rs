//! A message on its way out with its attachments, and how frames of several views share one socket.

use crate::platform::{self, Socket};
use auroraview_core::direct::{self, Packet, PacketKind};
use auroraview_core::frame::{FrameError, head};
use auroraview_core::limits::MAX_CHUNK;
use auroraview_core::turns::Turns;
use auroraview_core::wire::{Header, Kind};
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// Bytes that nobody changes any more, wherever they are kept. They are written from there.
pub type Shared = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// Bytes that go before the message that names their number.
#[derive(Clone)]
pub struct Attachment {
    /// Never twice for one view and direction, or one document.
    pub number: u64,
    /// What it is.
    pub bytes: Shared,
}

impl Attachment {
    /// How many bytes.
    pub fn len(&self) -> usize {
        (*self.bytes).as_ref().len()
    }

    /// Whether there are none. It has no chunks then.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment").field("number", &self.number).field("bytes", &self.len()).finish()
    }
}

/// One frame as it is written: its own bytes, and then maybe others' from where they are.
pub(crate) struct Piece {
    head: Vec<u8>,
    tail: Option<(Shared, Range<usize>)>,
}

impl From<Vec<u8>> for Piece {
    fn from(head: Vec<u8>) -> Self {
        Self { head, tail: None }
    }
}

/// Bodies from this size on are written from where they are.
const LARGE: usize = 16 << 10;

impl From<Packet> for Piece {
    fn from(packet: Packet) -> Self {
        if packet.body.len() < LARGE {
            return packet.encode().into();
        }
        let (head, range) = (packet.head().to_vec(), 0..packet.body.len());
        Self { head, tail: Some((Arc::new(packet.body), range)) }
    }
}

impl Attachment {
    /// As it goes to document `doc` by the fast lane.
    pub(crate) fn piece(&self, doc: u32) -> Piece {
        let range = 0..self.len();
        let head = direct::head(PacketKind::Bytes, doc, self.number, range.end).to_vec();
        Piece { head, tail: Some((Arc::clone(&self.bytes), range)) }
    }
}

/// A message's frames: the chunks of its attachments, and its own.
pub(crate) struct Parcel {
    pub view: u32,
    pub chunks: Vec<Piece>,
    pub message: Vec<u8>,
}

/// The frames that carry `attachment` for the document `doc` of `view`.
pub(crate) fn chunks(view: u32, doc: Option<u32>, attachment: &Attachment) -> Result<Vec<Piece>, FrameError> {
    let header = Header::new(view, doc, Kind::Chunk, Some(attachment.number));
    let (length, mut pieces) = (attachment.len(), Vec::new());
    for from in (0..length).step_by(MAX_CHUNK) {
        let range = from..length.min(from + MAX_CHUNK);
        let tail = Some((Arc::clone(&attachment.bytes), range.clone()));
        pieces.push(Piece { head: head(&header, range.len())?, tail });
    }
    Ok(pieces)
}

/// How far writing came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing is left.
    Empty,
    /// The socket takes no more now.
    Full,
    /// Nobody is there to read.
    Gone,
}

/// Small frames are gathered up to so many bytes, so that a burst is one write.
const GATHER: usize = 256 << 10;

/// What is being written. Views take turns, frame by frame.
#[derive(Default)]
pub(crate) struct Writing {
    turns: Turns<Piece>,
    bytes: Vec<u8>,
    tail: Option<(Shared, Range<usize>)>,
    /// Of `bytes`.
    written: usize,
}

impl Writing {
    /// Adds the frames of a message.
    pub fn add(&mut self, parcel: Parcel) {
        let Parcel { view, chunks, message } = parcel;
        chunks.into_iter().for_each(|chunk| self.turns.push(view, chunk));
        self.turns.push(view, message.into());
    }

    /// Adds frames of a view.
    pub fn add_pieces(&mut self, view: u32, pieces: Vec<Piece>) {
        pieces.into_iter().for_each(|piece| self.turns.push(view, piece));
    }

    /// How many frames of `view` wait for their turn.
    pub fn waiting(&self, view: u32) -> usize {
        self.turns.waiting(view)
    }

    /// Writes what the socket takes.
    pub fn write(&mut self, socket: &Socket) -> Outcome {
        loop {
            if self.written == self.bytes.len() && self.tail.is_none() && !self.refill() {
                return Outcome::Empty;
            }
            let (bytes, tail) = self.rest();
            let written = if tail.is_empty() {
                platform::write_some(socket, bytes)
            } else {
                platform::write_both(socket, bytes, tail)
            };
            match written {
                Ok(count) => self.advance(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Outcome::Full,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    *self = Self::default();
                    return Outcome::Gone;
                }
            }
        }
    }

    fn rest(&self) -> (&[u8], &[u8]) {
        let tail = self.tail.as_ref().and_then(|(bytes, range)| (**bytes).as_ref().get(range.clone()));
        (&self.bytes[self.written..], tail.unwrap_or_default())
    }

    fn advance(&mut self, count: usize) {
        let of_bytes = count.min(self.bytes.len() - self.written);
        self.written += of_bytes;
        if let Some((_, range)) = &mut self.tail {
            range.start += count - of_bytes;
            if range.start >= range.end {
                self.tail = None;
            }
        }
    }

    /// Takes the next frames. A tail ends the gathering: it is written from where it is.
    fn refill(&mut self) -> bool {
        self.written = 0;
        self.bytes.clear();
        self.bytes.shrink_to(GATHER);
        while self.tail.is_none() && self.bytes.len() < GATHER {
            let Some(Piece { head, tail }) = self.turns.pop() else { break };
            if self.bytes.is_empty() {
                self.bytes = head;
            } else {
                self.bytes.extend_from_slice(&head);
            }
            self.tail = tail;
        }
        !self.bytes.is_empty()
    }
}

impl fmt::Debug for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writing")
            .field("bytes", &self.bytes.len())
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}
