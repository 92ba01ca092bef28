//! The connection to the host. Nothing here ever blocks.

use auroraview_core::direct::{Introduction, Packet, PacketDecoder, PacketKind, head};
use auroraview_memory::prefer_large_pages;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

/// A connection to the host.
#[derive(Debug)]
pub struct Channel {
    socket: UnixStream,
    decoder: PacketDecoder,
    /// What the socket has not taken, from `written` on.
    unsent: Vec<u8>,
    written: usize,
}

/// Bytes of room for what is being written that are kept for the next time: fresh memory costs a page fault for each 4 KiB.
const MAX_KEPT: usize = 2 << 20;

impl Channel {
    /// Connects, and says who we are.
    pub fn connect(introduction: &Introduction) -> io::Result<Self> {
        let socket = UnixStream::connect_addr(&SocketAddr::from_abstract_name(&introduction.name)?)?;
        socket.set_nonblocking(true)?;
        let mut channel = Self { socket, decoder: PacketDecoder::default(), unsent: Vec::new(), written: 0 };
        let (id, body) = (introduction.view.into(), introduction.token.clone().into_bytes());
        channel.send(PacketKind::Identify, 0, id, &body);
        Ok(channel)
    }

    /// For the loop to watch.
    pub fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Sends a packet, or keeps what the socket does not take. False if something is left: call [`Channel::flush`] when the
    /// socket is writable.
    pub fn send(&mut self, kind: PacketKind, doc: u32, id: u64, body: &[u8]) -> bool {
        let head = head(kind, doc, id, body.len());
        self.unsent.reserve(head.len() + body.len());
        prefer_large_pages(&mut self.unsent.spare_capacity_mut()[..head.len() + body.len()]);
        self.unsent.extend_from_slice(&head);
        self.unsent.extend_from_slice(body);
        self.flush()
    }

    /// Writes what is left. False if the socket is full.
    pub fn flush(&mut self) -> bool {
        while self.written < self.unsent.len() {
            match self.socket.write(&self.unsent[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break, // the reader sees the end; nobody will want these bytes
            }
        }
        self.unsent.clear();
        self.unsent.shrink_to(MAX_KEPT);
        self.written = 0;
        true
    }

    /// Reads once: what is complete, and whether the connection goes on.
    pub fn read(&mut self) -> (Vec<Packet>, bool) {
        let alive = match self.decoder.fill(&mut self.socket) {
            Ok((count, _)) => count > 0,
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        };
        let mut packets = Vec::new();
        loop {
            match self.decoder.next_of_friend() {
                Ok(Some(packet)) => packets.push(packet),
                Ok(None) => return (packets, alive),
                Err(_) => return (packets, false),
            }
        }
    }
}
