//! Framing of the link: `u32 total | u32 header length | header JSON | u32 body length | body` (little-endian).

use crate::limits::{MAX_BODY, MAX_CHUNK, MAX_HEADER};
use crate::wire::{Header, Kind};
use std::io::{self, IoSliceMut, Read};

/// One message between the host and the UI process. The body stays text until its receiver parses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What the UI process reads to route.
    pub header: Header,
    /// A JSON-RPC 2.0 text, UTF-8; or bytes, of a chunk.
    pub body: Vec<u8>,
}

/// Why bytes are not frames, or a message cannot become one.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The body is over [`MAX_BODY`].
    #[error("the message is {size} bytes, over the limit of {MAX_BODY} bytes (16 MiB)")]
    TooLarge {
        /// Bytes of the body.
        size: usize,
    },
    /// The peer sent lengths that contradict each other or exceed the limits.
    #[error("the peer sent a malformed frame: {0}")]
    Malformed(&'static str),
    /// The header is not the JSON that the wire asks for.
    #[error("the peer sent an unreadable frame header: {0}")]
    Header(#[from] serde_json::Error),
}

const U32: usize = size_of::<u32>();
const MAX_TOTAL: usize = MAX_HEADER + MAX_BODY + 2 * U32;
/// A body that is longer, and has not come, is read to where it stays.
const READ_CHUNK: usize = 64 << 10;
/// For everything else.
const ROOM: usize = READ_CHUNK + MAX_HEADER + 3 * U32;
/// So much is read behind a large body: the next head. The next body shall be read to where it stays, too.
const BEHIND: usize = 1 << 10;

impl Frame {
    /// Whether it is within the limits.
    pub fn check(&self) -> Result<(), FrameError> {
        let size = self.body.len();
        if size > MAX_BODY { Err(FrameError::TooLarge { size }) } else { Ok(()) }
    }

    /// The bytes of this frame on the link.
    pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
        let mut bytes = start(&self.header, self.body.len(), self.body.len())?;
        bytes.extend_from_slice(&self.body);
        Ok(bytes)
    }
}

/// What goes before a body of `length` bytes on the link.
pub fn head(header: &Header, length: usize) -> Result<Vec<u8>, FrameError> {
    start(header, length, 0)
}

/// The head of a frame, with room for so much more.
fn start(header: &Header, length: usize, room: usize) -> Result<Vec<u8>, FrameError> {
    if length > MAX_BODY {
        return Err(FrameError::TooLarge { size: length });
    }
    let header = serde_json::to_vec(header)?;
    if header.len() > MAX_HEADER {
        return Err(FrameError::Malformed("header length over the limit"));
    }
    let total = header.len() + length + 2 * U32;
    let mut bytes = Vec::with_capacity(U32 + header.len() + 2 * U32 + room);
    // The limits above keep every length far below u32::MAX.
    bytes.extend_from_slice(&(total as u32).to_le_bytes());
    bytes.extend_from_slice(&(header.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(&(length as u32).to_le_bytes());
    Ok(bytes)
}

/// Turns what arrives on the link into frames, in whatever pieces it arrives.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Bytes `start..end` are waiting; the rest is room that was zeroed once.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// A large frame is read to where its body stays. It comes before what waits.
    large: Option<Large>,
}

/// A frame whose body is arriving.
#[derive(Debug)]
struct Large {
    frame: Frame,
    filled: usize,
}

impl Large {
    fn is_complete(&self) -> bool {
        self.filled == self.frame.body.len()
    }
}

impl Decoder {
    /// An empty decoder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads once from `source`. `Ok(0)` is the end of the stream.
    pub fn fill(&mut self, source: &mut impl Read) -> io::Result<usize> {
        self.make_room();
        let room = &mut self.buffer[self.end..];
        let Some(large) = self.large.as_mut().filter(|large| !large.is_complete()) else {
            let count = source.read(room)?;
            self.end += count;
            return Ok(count);
        };
        let rest = &mut large.frame.body[large.filled..];
        let (missing, behind) = (rest.len(), room.len().min(BEHIND));
        let count = source.read_vectored(&mut [IoSliceMut::new(rest), IoSliceMut::new(&mut room[..behind])])?;
        large.filled += count.min(missing);
        self.end += count.saturating_sub(missing);
        Ok(count)
    }

    /// Makes room for the rest of the frame that is arriving. What waits is moved only where that is needed.
    fn make_room(&mut self) {
        let waiting = self.end - self.start;
        if waiting == 0 || self.start + ROOM > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, waiting);
        }
        let wanted = ROOM.max(waiting + READ_CHUNK); // whoever fills again and again takes no frames
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        } else if self.buffer.len() > wanted.max(4 * ROOM) {
            self.buffer.truncate(wanted);
            self.buffer.shrink_to_fit();
        }
    }

    /// The next complete frame, if there is one. After an error the stream is unusable.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if self.large.is_some() {
            return Ok(self.large.take_if(|large| large.is_complete()).map(|large| large.frame));
        }
        let Some((header_len, body_len)) = self.lengths()? else { return Ok(None) };
        let body_at = self.start + header_len + 3 * U32;
        let here = self.end.saturating_sub(body_at).min(body_len);
        if self.end < body_at || (here < body_len && body_len <= READ_CHUNK) {
            return Ok(None);
        }
        let header: Header = serde_json::from_slice(&self.buffer[self.start + 2 * U32..body_at - U32])?;
        if header.kind == Kind::Chunk && body_len > MAX_CHUNK {
            return Err(FrameError::Malformed("chunk over the limit"));
        }
        let there = &self.buffer[body_at..body_at + here];
        self.start = body_at + here;
        if here == body_len {
            return Ok(Some(Frame { header, body: there.to_vec() }));
        }
        let mut body = vec![0; body_len];
        body[..here].copy_from_slice(there);
        self.large = Some(Large { frame: Frame { header, body }, filled: here });
        Ok(None)
    }

    /// Lengths of header and body of the frame that is arriving, as soon as they are there.
    fn lengths(&self) -> Result<Option<(usize, usize)>, FrameError> {
        let Some(total) = self.u32_at(0) else { return Ok(None) };
        if total > MAX_TOTAL {
            return Err(FrameError::Malformed("total length over the limit"));
        }
        let Some(header_len) = self.u32_at(U32) else { return Ok(None) };
        if header_len > MAX_HEADER || header_len + 2 * U32 > total {
            return Err(FrameError::Malformed("header length over the limit"));
        }
        let body_len = total - header_len - 2 * U32;
        match self.u32_at(2 * U32 + header_len) {
            Some(said) if said != body_len => Err(FrameError::Malformed("body length does not fit the total")),
            said => Ok(said.map(|_| (header_len, body_len))),
        }
    }

    fn u32_at(&self, offset: usize) -> Option<usize> {
        let at = self.start + offset;
        let bytes = self.buffer[..self.end].get(at..at + U32)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Header, Kind};

    fn frame(body: &[u8]) -> Frame {
        Frame { header: Header::new(1, Some(2), Kind::Request, Some(3)), body: body.to_vec() }
    }

    #[test]
    fn frames_survive_any_chopping() {
        let frames = [frame(b"{}"), frame(&[b'x'; 100_000]), frame("{\"text\":\"中文 🎈\"}".as_bytes())];
        let bytes: Vec<u8> = frames.iter().flat_map(|f| f.encode().unwrap()).collect();
        for step in [1, 2, 3, 7, 1000, 65_536, bytes.len()] {
            let mut decoder = Decoder::new();
            let mut seen = Vec::new();
            for mut piece in bytes.chunks(step) {
                while decoder.fill(&mut piece).unwrap() > 0 {}
                while let Some(frame) = decoder.next_frame().unwrap() {
                    seen.push(frame);
                }
            }
            assert_eq!(seen, frames, "in pieces of {step}");
        }
    }

    #[test]
    fn lengths_are_checked_before_anything_is_allocated() {
        let reject = |bytes: &[u8]| {
            let mut decoder = Decoder::new();
            let mut source = bytes;
            while decoder.fill(&mut source).unwrap() > 0 {}
            assert!(decoder.buffer.capacity() < 1 << 20);
            decoder.next_frame().unwrap_err()
        };
        reject(&u32::MAX.to_le_bytes());
        reject(&[[100, 0, 0, 0], [200, 0, 0, 0]].concat());
        reject(&[[100, 0, 0, 0], 10_000u32.to_le_bytes()].concat());
        let mut wrong_body = frame(b"{}").encode().unwrap();
        let at = wrong_body.len() - 6;
        wrong_body[at] = 9;
        reject(&wrong_body);
    }

    #[test]
    fn a_body_over_the_limit_is_refused() {
        let big = frame(&vec![b' '; MAX_BODY + 1]);
        assert!(matches!(big.encode(), Err(FrameError::TooLarge { size }) if size == MAX_BODY + 1));
        let largest = frame(&vec![b' '; MAX_BODY]);
        let mut decoder = Decoder::new();
        let bytes = largest.encode().unwrap();
        let mut source = bytes.as_slice();
        while decoder.fill(&mut source).unwrap() > 0 {}
        assert_eq!(decoder.next_frame().unwrap(), Some(largest));
    }

    #[test]
    fn a_chunk_over_its_limit_ends_the_link_and_a_header_over_its_own_is_not_sent() {
        let chunk = |size| Frame { header: Header::new(1, Some(2), Kind::Chunk, Some(3)), body: vec![0; size] };
        let read = |frame: &Frame| {
            let mut decoder = Decoder::new();
            let bytes = frame.encode().unwrap();
            let mut source = bytes.as_slice();
            while decoder.fill(&mut source).unwrap() > 0 {}
            decoder.next_frame()
        };
        assert!(read(&chunk(MAX_CHUNK)).is_ok());
        assert!(matches!(read(&chunk(MAX_CHUNK + 1)), Err(FrameError::Malformed(_))));
        let mut many = frame(b"");
        many.header.att = vec![u64::MAX; 256];
        assert!(matches!(many.encode(), Err(FrameError::Malformed(_))));
        many.header.att = vec![9_999_999_999; crate::limits::MAX_ATTACHMENTS];
        assert_eq!(read(&many).unwrap(), Some(many));
    }

    #[test]
    fn unknown_header_fields_are_ignored() {
        let mut decoder = Decoder::new();
        let header = br#"{"view":1,"kind":"notify","later":[1]}"#;
        let total = (header.len() + 8 + 2) as u32;
        let bytes =
            [&total.to_le_bytes()[..], &(header.len() as u32).to_le_bytes(), header, &2u32.to_le_bytes(), b"{}"];
        let bytes = bytes.concat();
        decoder.fill(&mut bytes.as_slice()).unwrap();
        let header = decoder.next_frame().unwrap().unwrap().header;
        assert_eq!(header, Header::notify(1));
    }
}
