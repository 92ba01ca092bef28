//! The fast lane's own framing, between the host process and the library in the web process (`protocol/README.md`
//! section 12): `u32 length | u8 kind | u32 document | u64 id | bytes` (little-endian; the length counts what follows it).

use crate::limits::{MAX_ATTACHED, MAX_BODY};
use auroraview_memory::prefer_large_pages;
use std::io::{self, Read};

/// The message of the UI process that brings an introduction to a library whose web process started before its view.
pub const INTRODUCTION: &str = "introduction";

/// What the library must know, as it is told in its user data or in a message: one part a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// Name of the host's abstract socket.
    pub name: String,
    /// What proves that we were told that name.
    pub token: String,
    /// The view.
    pub view: u32,
    /// Exact origins whose documents may have the fast lane.
    pub origins: Vec<String>,
}

impl Introduction {
    /// As one text.
    pub fn to_text(&self) -> String {
        let Self { name, token, view, origins } = self;
        format!("{name}\n{token}\n{view}\n{}", origins.join("\n"))
    }

    /// Reads the text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (name, token) = (lines.next()?.to_owned(), lines.next()?.to_owned());
        let view = lines.next()?.parse().ok()?;
        Some(Self { name, token, view, origins: lines.map(str::to_owned).collect() })
    }
}

/// What a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum PacketKind {
    /// Library → host, the first of a connection: `id` is the view, the bytes are the token.
    Identify = 1,
    /// Library → host: a document offers itself; the bytes are its nonce.
    Open = 2,
    /// Library → host: lines of the document.
    Post = 3,
    /// Library → host: what came of script `id`.
    Outcome = 4,
    /// Library → host: the document is gone.
    Close = 5,
    /// Host → library: a JSON array of messages for the document.
    Batch = 6,
    /// Host → library: run a script.
    Eval = 7,
    /// Both ways: bytes of attachment `id`, before the message that names it. Of one of the host the whole.
    Bytes = 8,
}

impl PacketKind {
    fn parse(kind: u8) -> Option<Self> {
        Some(match kind {
            1 => Self::Identify,
            2 => Self::Open,
            3 => Self::Post,
            4 => Self::Outcome,
            5 => Self::Close,
            6 => Self::Batch,
            7 => Self::Eval,
            8 => Self::Bytes,
            _ => return None,
        })
    }
}

/// One message of a direct connection. `doc` is the library's own number of a document, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// What it is.
    pub kind: PacketKind,
    /// Whose.
    pub doc: u32,
    /// Of a script or an attachment; of the view in [`PacketKind::Identify`].
    pub id: u64,
    /// UTF-8 text, but for [`PacketKind::Bytes`].
    pub body: Vec<u8>,
}

/// The peer sent what is no packet. The connection is useless after it.
#[derive(Debug, thiserror::Error)]
#[error("not a packet of the fast lane: {0}")]
pub struct Garbled(&'static str);

const LENGTH: usize = size_of::<u32>();
const FIXED: usize = size_of::<u8>() + size_of::<u32>() + size_of::<u64>();
/// The bridge posts at most 4 Mi characters and one line more at once; a batch is smaller. Bytes are limited as a message's are.
const MAX_TEXT: usize = 2 * MAX_BODY;
/// What somebody may send who has not said who it is.
pub const MAX_GREETING: usize = 256;
const READ_CHUNK: usize = 64 << 10;

/// What goes before the body of a packet.
pub const HEAD: usize = LENGTH + FIXED;

/// What goes before so long a body.
pub fn head(kind: PacketKind, doc: u32, id: u64, length: usize) -> [u8; HEAD] {
    let mut bytes = [0; HEAD];
    let (len, rest) = bytes.split_at_mut(LENGTH);
    let (tag, rest) = rest.split_at_mut(size_of::<u8>());
    let (of, number) = rest.split_at_mut(size_of::<u32>());
    len.copy_from_slice(&((FIXED + length) as u32).to_le_bytes());
    tag.copy_from_slice(&[kind as u8]);
    of.copy_from_slice(&doc.to_le_bytes());
    number.copy_from_slice(&id.to_le_bytes());
    bytes
}

impl Packet {
    /// What goes before its body.
    pub fn head(&self) -> [u8; HEAD] {
        head(self.kind, self.doc, self.id, self.body.len())
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        [&self.head()[..], &self.body].concat()
    }

    /// What `bytes` begin with, still without its body, and the length of that: `limit` at most. None: more must come.
    fn parse_head(bytes: &[u8], limit: usize) -> Result<Option<(Self, usize)>, Garbled> {
        let Some((length, rest)) = bytes.split_first_chunk() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        let length = length.checked_sub(FIXED).ok_or(Garbled("its length is too small"))?;
        if length > limit {
            return Err(Garbled("its length is over the limit"));
        }
        let Some([kind, numbers @ ..]) = rest.first_chunk::<FIXED>() else { return Ok(None) };
        let (Some(doc), Some(id)) = (numbers.first_chunk(), numbers.last_chunk()) else { return Ok(None) };
        let kind = PacketKind::parse(*kind).ok_or(Garbled("unknown kind"))?;
        let (doc, id) = (u32::from_le_bytes(*doc), u64::from_le_bytes(*id));
        Ok(Some((Self { kind, doc, id, body: Vec::new() }, length)))
    }
}

/// Turns what arrives into packets.
#[derive(Debug, Default)]
pub struct PacketDecoder {
    /// Bytes `start..end` wait; the rest is room that was zeroed once.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The packet that goes on where the buffer ends.
    large: Option<Large>,
}

/// A packet that does not fit into the buffer: it is read to where it stays.
#[derive(Debug)]
struct Large {
    packet: Packet,
    filled: usize,
}

impl Large {
    fn is_complete(&self) -> bool {
        self.filled == self.packet.body.len()
    }
}

impl PacketDecoder {
    /// Reads once from `source`: how many bytes came (0: the stream ended), and whether there may be more at once.
    pub fn fill(&mut self, source: &mut impl Read) -> io::Result<(usize, bool)> {
        if let Some(large) = self.large.as_mut().filter(|large| !large.is_complete()) {
            let count = source.read(&mut large.packet.body[large.filled..])?;
            large.filled += count;
            return Ok((count, large.is_complete()));
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(self.end + READ_CHUNK, 0);
        }
        let count = source.read(&mut self.buffer[self.end..])?;
        self.end += count;
        Ok((count, self.end == self.buffer.len()))
    }

    /// The next complete packet, whose body may have `limit` bytes at most. Call it until there is none before the next
    /// [`PacketDecoder::fill`].
    pub fn next(&mut self, limit: usize) -> Result<Option<Packet>, Garbled> {
        if self.large.is_some() {
            return Ok(self.large.take_if(|large| large.is_complete()).map(|large| large.packet));
        }
        let bytes = &self.buffer[self.start..self.end];
        let Some((mut packet, length)) = Packet::parse_head(bytes, limit)? else { return Ok(None) };
        if let Some(body) = bytes.get(HEAD..HEAD + length) {
            packet.body = body.to_vec();
            self.start += HEAD + length;
            return Ok(Some(packet));
        }
        if length > MAX_TEXT && packet.kind != PacketKind::Bytes {
            return Err(Garbled("its text is over the limit"));
        }
        if length > READ_CHUNK {
            let begun = &bytes[HEAD..];
            packet.body = vec![0; length];
            prefer_large_pages(&mut packet.body);
            packet.body[..begun.len()].copy_from_slice(begun);
            self.large = Some(Large { packet, filled: begun.len() });
            (self.start, self.end) = (0, 0);
        }
        Ok(None)
    }

    /// The next packet of a peer that said who it is.
    pub fn next_of_friend(&mut self) -> Result<Option<Packet>, Garbled> {
        self.next(MAX_ATTACHED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(id: u64, body: &[u8]) -> Packet {
        Packet { kind: PacketKind::Post, doc: 7, id, body: body.to_vec() }
    }

    #[test]
    fn packets_survive_any_chopping() {
        let packets = [packet(0, b""), packet(u64::MAX, &[b'x'; 200_000]), packet(3, "中文 🎈".as_bytes())];
        let bytes: Vec<u8> = packets.iter().flat_map(Packet::encode).collect();
        for step in [1, 7, 1000, 65_536, bytes.len()] {
            let mut decoder = PacketDecoder::default();
            let mut seen = Vec::new();
            for mut piece in bytes.chunks(step) {
                while decoder.fill(&mut piece).unwrap().0 > 0 {
                    while let Some(packet) = decoder.next_of_friend().unwrap() {
                        seen.push(packet);
                    }
                }
            }
            assert_eq!(seen, packets, "in pieces of {step}");
        }
    }

    #[test]
    fn lengths_are_checked_before_anything_is_allocated() {
        let refused = |bytes: &[u8], limit| {
            let mut decoder = PacketDecoder::default();
            let mut source = bytes;
            decoder.fill(&mut source).unwrap();
            let is_refused = decoder.next(limit).is_err();
            assert!(decoder.buffer.capacity() < 1 << 20 && decoder.large.is_none());
            is_refused
        };
        assert!(refused(&u32::MAX.to_le_bytes(), MAX_ATTACHED));
        assert!(refused(&[1, 0, 0, 0, 3], MAX_ATTACHED), "too short");
        assert!(refused(&head(PacketKind::Post, 1, 0, MAX_TEXT + 1), MAX_ATTACHED), "only bytes may have so many");
        assert!(refused(&packet(1, &[0; MAX_GREETING + 1]).encode(), MAX_GREETING));
        let mut unknown = packet(1, b"{}").encode();
        unknown[LENGTH] = 99;
        assert!(refused(&unknown, MAX_ATTACHED));
    }

    #[test]
    fn an_introduction_is_read_as_it_was_written() {
        let origins = vec!["av://app".to_owned(), "http://127.0.0.1:8000".to_owned()];
        let introduction = Introduction { name: "auroraview-1".into(), token: "t".into(), view: 3, origins };
        assert_eq!(Introduction::parse(&introduction.to_text()), Some(introduction));
        assert_eq!(Introduction::parse("name\ntoken\nno number\n"), None);
    }
}
