//! The link as a named pipe: duplex, overlapped, local, with a name that nobody can guess and nobody else can open.
#![allow(unsafe_code)] // The operating system's calls, and the memory that it writes to meanwhile.

use super::Event;
use auroraview_core::lock::{OrderedMutex, STATE};
use std::cell::UnsafeCell;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, IntoRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};
use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_IO_INCOMPLETE, ERROR_IO_PENDING, ERROR_OPERATION_ABORTED, GENERIC_READ, GENERIC_WRITE,
    GetLastError, HANDLE, INVALID_HANDLE_VALUE, WIN32_ERROR,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, FILE_FLAGS_AND_ATTRIBUTES, OPEN_EXISTING,
    PIPE_ACCESS_DUPLEX, PIPE_ACCESS_INBOUND, ReadFile, SetFileCompletionNotificationModes, WriteFile,
};
use windows_sys::Win32::System::Console::{GetStdHandle, STD_INPUT_HANDLE, SetStdHandle};
use windows_sys::Win32::System::IO::{
    CancelIoEx, CreateIoCompletionPort, GetOverlappedResult, GetQueuedCompletionStatus, OVERLAPPED,
};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_NOWAIT, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_WAIT,
    SetNamedPipeHandleState,
};
use windows_sys::Win32::System::Threading::INFINITE;
use windows_sys::Win32::System::WindowsProgramming::FILE_SKIP_COMPLETION_PORT_ON_SUCCESS;

/// Bytes that the pipe holds for a reader, and that one read or write moves.
const CHUNK: u32 = 64 << 10;
/// A write that ended at once is not reported again.
const SKIP_ON_SUCCESS: u8 = FILE_SKIP_COMPLETION_PORT_ON_SUCCESS as u8;

/// One end of a link.
///
/// The two directions end differently, since the system cancels what a thread began when that thread ends. A read that
/// is cancelled has taken nothing and is begun again, so it may have an event to wait for. A write that is cancelled may
/// have sent half a frame: it reports to a completion port instead, and then the system lets it go on.
#[derive(Debug)]
pub(crate) struct Socket {
    reading: OrderedMutex<Reading, STATE>,
    writing: OrderedMutex<Writing, STATE>,
    /// Set while there is something to read, or the end.
    readable: Event,
    /// Where writes that did not end at once report their end.
    port: OwnedHandle,
    handle: OwnedHandle,
}

/// The reading end of the child's log.
pub(crate) type Log = Socket;

/// One direction: level 4 (State) of `docs/LOCK_ORDER.md`; the lock is held for a few lines and no wait.
#[derive(Debug)]
struct Reading {
    memory: Memory,
    state: ReadState,
}

#[derive(Debug, Clone, Copy)]
enum ReadState {
    Idle,
    UnderWay,
    /// These bytes were read and not taken yet.
    Holding {
        start: usize,
        end: usize,
    },
    Failed(WIN32_ERROR),
}

/// The other direction, of the same level.
#[derive(Debug)]
struct Writing {
    memory: Memory,
    state: WriteState,
}

#[derive(Debug, Clone, Copy)]
enum WriteState {
    Idle,
    UnderWay,
    Failed(WIN32_ERROR),
}

/// What the system reads or writes while an operation is under way; on the heap, where it stays.
struct Memory {
    operation: Box<UnsafeCell<OVERLAPPED>>,
    bytes: Box<[UnsafeCell<u8>]>,
}

// SAFETY: the raw handle in `operation` is only a number, and everything is reached through a lock.
unsafe impl Send for Memory {}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory")
    }
}

impl Memory {
    fn new(event: HANDLE) -> Self {
        let operation = OVERLAPPED { hEvent: event, ..Default::default() };
        Self { operation: Box::new(UnsafeCell::new(operation)), bytes: Box::default() }
    }

    /// Room for CHUNK bytes; made by its first use, since not every direction is used.
    fn bytes(&mut self) -> *mut u8 {
        if self.bytes.is_empty() {
            self.bytes = (0..CHUNK).map(|_| UnsafeCell::new(0)).collect();
        }
        self.bytes.as_mut_ptr().cast()
    }
}

impl TryFrom<OwnedHandle> for Socket {
    type Error = io::Error;

    fn try_from(handle: OwnedHandle) -> io::Result<Self> {
        // SAFETY: an open handle that was opened for overlapped use; a new port.
        let port = unsafe { CreateIoCompletionPort(handle.as_raw_handle(), null_mut(), 0, 1) };
        if port.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just made, owned by nobody else.
        let port = unsafe { OwnedHandle::from_raw_handle(port) };
        // SAFETY: an open handle.
        if unsafe { SetFileCompletionNotificationModes(handle.as_raw_handle(), SKIP_ON_SUCCESS) } == 0 {
            return Err(io::Error::last_os_error());
        }
        let readable = Event::new()?;
        // The lowest bit of an event says: tell the completion port nothing.
        let read = Memory::new(readable.raw().map_addr(|handle| handle | 1));
        Ok(Self {
            reading: OrderedMutex::new(Reading { memory: read, state: ReadState::Idle }),
            writing: OrderedMutex::new(Writing { memory: Memory::new(null_mut()), state: WriteState::Idle }),
            readable,
            port,
            handle,
        })
    }
}

impl Socket {
    /// The pipe itself.
    pub(super) fn raw(&self) -> HANDLE {
        self.handle.as_raw_handle()
    }

    /// The event to wait for before reading.
    pub(super) fn begin_reading(&self) -> &Event {
        let mut reading = self.reading.lock();
        if matches!(reading.state, ReadState::Idle) {
            let (bytes, operation) = (reading.memory.bytes(), reading.memory.operation.get());
            // SAFETY: the memory is CHUNK bytes and one OVERLAPPED, stays where it is, is not touched while the state
            // says UnderWay, and is freed only after `drop` has seen the operation end.
            let begun = unsafe { ReadFile(self.raw(), bytes, CHUNK, null_mut(), operation) } != 0;
            reading.state = match if begun { ERROR_IO_PENDING } else { last_error() } {
                ERROR_IO_PENDING => ReadState::UnderWay,
                error => ReadState::Failed(error),
            };
            if let ReadState::Failed(_) = reading.state {
                self.readable.set(); // for a read to find
            }
        }
        &self.readable
    }

    /// Whether a read would tell something: bytes, the end, an error.
    pub(super) fn is_readable(&self) -> bool {
        self.readable.is_set()
    }

    /// What became of the read that is under way; nothing changes if it still is.
    fn finish_reading(&self, reading: &mut Reading) {
        let mut count = 0;
        // SAFETY: the operation was begun on this handle; this call does not wait.
        let ended = unsafe { GetOverlappedResult(self.raw(), reading.memory.operation.get(), &mut count, 0) } != 0;
        reading.state = match if ended { 0 } else { last_error() } {
            0 => ReadState::Holding { start: 0, end: count as usize },
            ERROR_IO_INCOMPLETE => ReadState::UnderWay,
            ERROR_OPERATION_ABORTED => ReadState::Idle, // the thread that began it has ended
            error => ReadState::Failed(error),
        };
    }

    /// Waits for the end of a write: its error, or 0. `None` when the time is up.
    fn end_of_write(&self, milliseconds: u32) -> Option<WIN32_ERROR> {
        let (mut count, mut key, mut operation) = (0, 0, null_mut());
        // SAFETY: the port is open, and the three are there to be filled in.
        let done = unsafe {
            GetQueuedCompletionStatus(self.port.as_raw_handle(), &mut count, &mut key, &mut operation, milliseconds)
        };
        match (done, operation.is_null()) {
            (0, true) => None,
            (0, false) => Some(last_error()),
            _ => Some(0),
        }
    }
}

impl Writing {
    /// The write that was under way has ended with `error`, or 0.
    fn ended(&mut self, error: WIN32_ERROR) {
        self.state = if error == 0 { WriteState::Idle } else { WriteState::Failed(error) };
    }
}

impl Read for &Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.begin_reading();
        let mut reading = self.reading.lock();
        if let ReadState::UnderWay = reading.state {
            self.finish_reading(&mut reading);
        }
        match reading.state {
            ReadState::Holding { start, end } => {
                let count = into.len().min(end - start);
                let bytes = reading.memory.bytes();
                // SAFETY: these bytes were read, no operation is under way, and the lock keeps others out.
                unsafe { into.as_mut_ptr().copy_from_nonoverlapping(bytes.add(start), count) };
                let rest = ReadState::Holding { start: start + count, end };
                reading.state = if start + count == end { ReadState::Idle } else { rest };
                // A write of no bytes is not the end.
                if count == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(count) }
            }
            ReadState::Idle | ReadState::UnderWay => Err(io::ErrorKind::WouldBlock.into()),
            ReadState::Failed(ERROR_BROKEN_PIPE) => Ok(0),
            ReadState::Failed(error) => Err(io::Error::from_raw_os_error(error as i32)),
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // SAFETY: cancels whatever this process began on this handle. Nothing else can begin any more.
        unsafe { CancelIoEx(self.raw(), null()) };
        // Only after its end nobody writes to an operation's memory any more.
        let reading = matches!(self.reading.lock().state, ReadState::UnderWay);
        if reading {
            self.readable.wait();
        }
        let writing = matches!(self.writing.lock().state, WriteState::UnderWay);
        if writing {
            self.end_of_write(INFINITE);
        }
    }
}

/// Writes what the pipe takes now of both, one behind the other: one after the other.
pub(crate) fn write_both(socket: &Socket, first: &[u8], then: &[u8]) -> io::Result<usize> {
    write_some(socket, if first.is_empty() { then } else { first })
}

/// Writes what the pipe takes now. What was taken is written in the background.
pub(crate) fn write_some(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    let mut writing = socket.writing.lock();
    if let (WriteState::UnderWay, Some(error)) = (writing.state, socket.end_of_write(0)) {
        writing.ended(error);
    }
    if let WriteState::Idle = writing.state {
        let count = bytes.len().min(CHUNK as usize);
        let (room, operation) = (writing.memory.bytes(), writing.memory.operation.get());
        // SAFETY: no operation is under way, so the room is ours, and it has CHUNK bytes. For the memory, see
        // `begin_reading`.
        let done = unsafe {
            room.copy_from_nonoverlapping(bytes.as_ptr(), count);
            WriteFile(socket.raw(), room, count as u32, null_mut(), operation) != 0
        };
        writing.state = match if done { 0 } else { last_error() } {
            0 => WriteState::Idle,
            ERROR_IO_PENDING => WriteState::UnderWay,
            error => WriteState::Failed(error),
        };
        if !matches!(writing.state, WriteState::Failed(_)) {
            return Ok(count);
        }
    }
    match writing.state {
        WriteState::Failed(error) => Err(io::Error::from_raw_os_error(error as i32)),
        WriteState::Idle | WriteState::UnderWay => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// Waits until the socket takes bytes again or is gone.
pub(crate) fn wait_writable(socket: &Socket) {
    let under_way = matches!(socket.writing.lock().state, WriteState::UnderWay);
    if let Some(error) = under_way.then(|| socket.end_of_write(INFINITE)).flatten() {
        socket.writing.lock().ended(error);
    }
}

/// Waits until there is something to read or the other end is gone.
pub(crate) fn wait_readable(socket: &Socket) {
    socket.begin_reading().wait();
}

/// Our end and the child's end of a new link. No other process inherits either.
pub(crate) fn socket_pair() -> io::Result<(Socket, OwnedHandle)> {
    let (ours, name) = new_pipe(PIPE_ACCESS_DUPLEX)?;
    let theirs = open(&name, GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED)?;
    Ok((Socket::try_from(ours)?, theirs))
}

/// Reading and writing end of a pipe for the child's log. Neither blocks: a child that floods loses lines, not time.
pub(crate) fn log_pipe() -> io::Result<(Log, OwnedHandle)> {
    let (ours, name) = new_pipe(PIPE_ACCESS_INBOUND)?;
    let theirs = open(&name, GENERIC_WRITE, 0)?;
    let mode = PIPE_READMODE_BYTE | PIPE_NOWAIT;
    // SAFETY: an open pipe; the two other settings are left alone.
    if unsafe { SetNamedPipeHandleState(theirs.as_raw_handle(), &mode, null(), null()) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((Log::try_from(ours)?, theirs))
}

/// A pipe that only this computer can reach. Its name is random, and it has one other end: who opens that first keeps
/// everybody else out, and if it is not us, opening fails and nothing is said on it.
fn new_pipe(access: FILE_FLAGS_AND_ATTRIBUTES) -> io::Result<(OwnedHandle, Vec<u16>)> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let mut name = String::from(r"\\.\pipe\auroraview-");
    random.iter().try_for_each(|byte| write!(name, "{byte:02x}")).map_err(io::Error::other)?;
    let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
    let access = access | FILE_FLAG_FIRST_PIPE_INSTANCE | FILE_FLAG_OVERLAPPED;
    let mode = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
    // SAFETY: the name ends with a zero; no attributes, so nobody inherits the handle.
    let handle = unsafe { CreateNamedPipeW(name.as_ptr(), access, mode, 1, CHUNK, CHUNK, 0, null()) };
    Ok((owned(handle)?, name))
}

/// The other end of the pipe `name`.
fn open(name: &[u16], access: u32, flags: FILE_FLAGS_AND_ATTRIBUTES) -> io::Result<OwnedHandle> {
    // SAFETY: the name ends with a zero; no attributes, so nobody inherits the handle.
    owned(unsafe { CreateFileW(name.as_ptr(), access, 0, null(), OPEN_EXISTING, flags, null_mut()) })
}

fn last_error() -> WIN32_ERROR {
    // SAFETY: reads a number of this thread.
    unsafe { GetLastError() }
}

fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a handle that was just made, owned by nobody else.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Duplicates standard input as the link and points standard input at nothing, so that no child inherits the link.
pub(crate) fn take_stdin() -> io::Result<Socket> {
    let link = io::stdin().as_handle().try_clone_to_owned()?;
    let nothing = OwnedHandle::from(File::open("NUL")?);
    // SAFETY: the handle of standard input is replaced before it is closed, and by one that is never closed. Nobody else
    // has read from standard input: this is the first thing that the process does.
    unsafe {
        let inherited = GetStdHandle(STD_INPUT_HANDLE);
        if SetStdHandle(STD_INPUT_HANDLE, nothing.into_raw_handle()) == 0 {
            return Err(io::Error::last_os_error());
        }
        drop(OwnedHandle::from_raw_handle(inherited));
    }
    Socket::try_from(link)
}
