//! Framing of the link: `u32 total | u32 header length | header JSON | u32 body length | body` (little-endian).

use crate::limits::{MAX_BODY, MAX_HEADER};
use crate::wire::Header;
use std::io::{self, Read};

/// One message between the host and the UI process. The body stays text until its receiver parses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What the UI process reads to route.
    pub header: Header,
    /// A JSON-RPC 2.0 text, UTF-8.
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
const READ_CHUNK: usize = 64 << 10;

impl Frame {
    /// The bytes of this frame on the link.
    pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
        if self.body.len() > MAX_BODY {
            return Err(FrameError::TooLarge { size: self.body.len() });
        }
        let header = serde_json::to_vec(&self.header)?;
        let total = header.len() + self.body.len() + 2 * U32;
        let mut bytes = Vec::with_capacity(U32 + total);
        // The limits above keep every length far below u32::MAX.
        bytes.extend_from_slice(&(total as u32).to_le_bytes());
        bytes.extend_from_slice(&(header.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(&(self.body.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&self.body);
        Ok(bytes)
    }
}

/// Turns what arrives on the link into frames, in whatever pieces it arrives.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Bytes `start..end` are waiting; the rest is room that was zeroed once.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Decoder {
    /// An empty decoder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads once from `source`. `Ok(0)` is the end of the stream.
    pub fn fill(&mut self, source: &mut impl Read) -> io::Result<usize> {
        self.make_room();
        let count = source.read(&mut self.buffer[self.end..])?;
        self.end += count;
        Ok(count)
    }

    /// Moves what waits to the front, and grows for the rest of a large frame or shrinks after it.
    fn make_room(&mut self) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let wanted = self.frame_in_progress().max(self.end + 1).max(READ_CHUNK);
        if self.buffer.len() < wanted || self.buffer.len() > 4 * wanted {
            self.buffer.resize(wanted, 0);
            self.buffer.shrink_to_fit();
        }
    }

    /// Bytes of the frame that is arriving, as far as is known and within the limits.
    fn frame_in_progress(&self) -> usize {
        match self.u32_at(0) {
            Some(total) if total <= MAX_TOTAL => U32 + total,
            _ => 0,
        }
    }

    /// The next complete frame, if there is one. After an error the stream is unusable.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some(total) = self.u32_at(0) else { return Ok(None) };
        if total > MAX_TOTAL {
            return Err(FrameError::Malformed("total length over the limit"));
        }
        let Some(header_len) = self.u32_at(U32) else { return Ok(None) };
        if header_len > MAX_HEADER || header_len + 2 * U32 > total {
            return Err(FrameError::Malformed("header length over the limit"));
        }
        if self.end - self.start < U32 + total {
            return Ok(None);
        }
        let header_at = 2 * U32;
        let body_at = header_at + header_len + U32;
        if self.u32_at(header_at + header_len) != Some(total - header_len - 2 * U32) {
            return Err(FrameError::Malformed("body length does not fit the total"));
        }
        let bytes = &self.buffer[self.start..self.end];
        let header = serde_json::from_slice(&bytes[header_at..header_at + header_len])?;
        let body = bytes[body_at..U32 + total].to_vec();
        self.start += U32 + total;
        Ok(Some(Frame { header, body }))
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
        Frame {
            header: Header { view: 1, doc: Some(2), kind: Kind::Request, id: Some(3), coalesce: None },
            body: body.to_vec(),
        }
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
    fn unknown_header_fields_are_ignored() {
        let mut decoder = Decoder::new();
        let header = br#"{"view":1,"kind":"notify","later":[1]}"#;
        let total = (header.len() + 8 + 2) as u32;
        let bytes =
            [&total.to_le_bytes()[..], &(header.len() as u32).to_le_bytes(), header, &2u32.to_le_bytes(), b"{}"];
        let bytes = bytes.concat();
        decoder.fill(&mut bytes.as_slice()).unwrap();
        let header = decoder.next_frame().unwrap().unwrap().header;
        assert_eq!(header, Header { view: 1, doc: None, kind: Kind::Notify, id: None, coalesce: None });
    }
}
