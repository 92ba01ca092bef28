//! Direct connections: the fast lane's end in the host (`docs/decisions/0007-fast-lane.md`).

use crate::parcel::{Outcome, Piece, Writing};
use crate::platform::{self, Listener, Socket};
use crate::port::Port;
use auroraview_core::direct::{MAX_GREETING, Packet, PacketDecoder, PacketKind};
use auroraview_core::lock::{OrderedMutex, RESOURCE};
use auroraview_core::sync::Snapshot;
use std::ffi::OsString;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock, Weak};
use subtle::ConstantTimeEq;
use tracing::debug;

/// In the environment of the host: `off` for no fast lane. In that of the UI process: the name of the host's socket and
/// the token that goes with it.
pub const LANE_VARIABLE: &str = "AURORAVIEW_LANE";
/// So many may be connected and not have said who they are.
const MAX_STRANGERS: usize = 16;

/// Where the libraries in the web processes connect to.
#[derive(Debug)]
pub(crate) struct Reception {
    listener: Listener,
    token: String,
    connections: Snapshot<Vec<Arc<Connection>>>,
    last: AtomicU64,
}

/// A direct connection to the library in a web process. The leader reads it; the port of its view writes it.
#[derive(Debug)]
pub(crate) struct Connection {
    number: u64,
    socket: Arc<Socket>,
    /// Of the peer that proved to know the token.
    view: OnceLock<u32>,
    /// Owned by the leader of the turn; the lock is never contended.
    decoder: OrderedMutex<PacketDecoder, RESOURCE>,
    /// Owned by whoever runs the port's route; the lock is never contended.
    unsent: OrderedMutex<Writing, RESOURCE>,
    /// Held only to make the writer thread once.
    writer: OrderedMutex<Option<Sender<()>>, RESOURCE>,
    /// The writer thread waits until the socket takes more.
    awaited: AtomicBool,
}

/// What one read of a connection brought.
pub(crate) struct Read {
    pub packets: Vec<Packet>,
    /// There may be more at once.
    pub more: bool,
    pub ended: bool,
}

impl PartialEq for Connection {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Reception {
    /// Opens it, and adds what the UI process must know of it to `env`. None where there is no fast lane, or nobody wants one.
    pub fn open(env: &mut Vec<(OsString, OsString)>) -> Option<Self> {
        let off = env.iter().any(|(name, value)| name == LANE_VARIABLE && value == "off");
        env.retain(|(name, _)| name != LANE_VARIABLE);
        if off {
            return None;
        }
        let opened = Self::try_open().unwrap_or_else(|error| {
            debug!("no fast lane: {error}");
            None
        });
        let (reception, name) = opened?;
        env.push((LANE_VARIABLE.into(), format!("{name} {}", reception.token).into()));
        Some(reception)
    }

    fn try_open() -> io::Result<Option<(Self, String)>> {
        let (name, token) = (format!("auroraview-{}", random_hex()?), random_hex()?);
        let reception = |listener| Self { listener, token, connections: Snapshot::default(), last: AtomicU64::new(0) };
        Ok(platform::listen(&name)?.map(reception).map(|reception| (reception, name)))
    }

    /// What a leader waits for.
    pub fn listener(&self) -> &Socket {
        &self.listener
    }

    /// All connections now.
    pub fn connections(&self) -> Arc<Vec<Arc<Connection>>> {
        self.connections.load()
    }

    /// Takes in who wants to connect.
    pub fn accept(&self) {
        match platform::accept(&self.listener) {
            Ok(Some(socket)) => {
                let strangers =
                    |all: &Vec<Arc<Connection>>| all.iter().filter(|each| each.view.get().is_none()).count();
                if self.connections.with(strangers) < MAX_STRANGERS {
                    let number = self.last.fetch_add(1, Ordering::Relaxed);
                    let connection = Arc::new(Connection::new(number, socket));
                    self.change(|all| all.push(Arc::clone(&connection)));
                }
            }
            Ok(None) => {}
            Err(error) => debug!("a direct connection was not accepted: {error}"),
        }
    }

    /// Forgets a connection, which closes it.
    pub fn drop(&self, connection: &Connection) {
        self.change(|all| all.retain(|each| **each != *connection));
    }

    /// Forgets all of a view.
    pub fn drop_of(&self, view: u32) {
        self.change(|all| all.retain(|each| each.view() != Some(view)));
    }

    fn change(&self, change: impl Fn(&mut Vec<Arc<Connection>>)) {
        loop {
            let current = self.connections.load();
            let mut next = Vec::clone(&current);
            change(&mut next);
            if self.connections.replace(&current, next) {
                return;
            }
        }
    }

    /// Reads a connection once. Its peer must say first who it is.
    pub fn read(&self, connection: &Connection) -> Read {
        connection.read(&self.token)
    }
}

impl Connection {
    fn new(number: u64, socket: Socket) -> Self {
        Self {
            number,
            socket: Arc::new(socket),
            view: OnceLock::new(),
            decoder: OrderedMutex::default(),
            unsent: OrderedMutex::default(),
            writer: OrderedMutex::default(),
            awaited: AtomicBool::new(false),
        }
    }

    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The view that it belongs to, once its peer proved who it is.
    pub fn view(&self) -> Option<u32> {
        self.view.get().copied()
    }

    fn read(&self, token: &str) -> Read {
        let mut decoder = self.decoder.lock();
        let mut read = Read { packets: Vec::new(), more: false, ended: false };
        match decoder.fill(&mut &*self.socket) {
            Ok((0, _)) => read.ended = true,
            Ok((_, more)) => read.more = more,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => read.ended = true,
        }
        loop {
            let known = self.view.get().is_some();
            match if known { decoder.next_of_friend() } else { decoder.next(MAX_GREETING) } {
                Ok(Some(packet)) if known => read.packets.push(packet),
                Ok(Some(packet)) if self.believe(&packet, token) => {}
                Ok(None) => return read,
                Ok(Some(_)) | Err(_) => {
                    debug!("a direct connection was closed: its peer is not ours");
                    read.ended = true;
                    return read;
                }
            }
        }
    }

    fn believe(&self, packet: &Packet, token: &str) -> bool {
        let knows: bool = packet.body.ct_eq(token.as_bytes()).into();
        let view = u32::try_from(packet.id).ok().filter(|_| knows && packet.kind == PacketKind::Identify);
        view.is_some_and(|view| self.view.set(view).is_ok())
    }

    /// Adds what the next [`Connection::flush`] writes. All of it is one view's: nobody takes turns.
    pub fn add(&self, piece: Piece) {
        self.unsent.lock().add_pieces(0, vec![piece]);
    }

    /// Writes what the socket takes. False if it is full.
    pub fn flush(&self) -> bool {
        self.unsent.lock().write(&self.socket) != Outcome::Full
    }

    /// The socket is full: a thread that may block tells `port` when it takes more.
    pub fn await_room(self: &Arc<Self>, port: &Weak<Port>) -> io::Result<()> {
        if self.awaited.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let mut writer = self.writer.lock();
        if writer.is_none() {
            // Without a thread what is left goes with the next message.
            *writer = Some(self.start_writer(Weak::clone(port)).inspect_err(|_| self.room_came())?);
        }
        if let Some(writer) = &*writer {
            let _ = writer.send(()); // the thread ends only with this sender
        }
        Ok(())
    }

    fn room_came(&self) {
        self.awaited.store(false, Ordering::Release);
    }

    fn start_writer(self: &Arc<Self>, port: Weak<Port>) -> io::Result<Sender<()>> {
        let (sender, turns) = channel();
        let (socket, this) = (Arc::clone(&self.socket), Arc::downgrade(self));
        platform::start_thread("auroraview-writer", move || {
            while turns.recv().is_ok() {
                platform::wait_writable(&socket);
                let (Some(this), Some(port)) = (this.upgrade(), port.upgrade()) else { return };
                this.room_came();
                port.run_lane();
            }
        })?;
        Ok(sender)
    }
}

fn random_hex() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
