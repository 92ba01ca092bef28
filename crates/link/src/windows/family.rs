//! The UI process and what it starts: a job object, which dies with its last handle.
#![allow(unsafe_code)] // The operating system's calls.

use super::pipe::Socket;
use super::{ends_within, start_thread};
use crate::child::Ending;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::ptr::{null, null_mut};
use std::sync::Arc;
use std::time::Duration;
use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
    TerminateJobObject,
};
use windows_sys::Win32::System::Pipes::{GetNamedPipeServerProcessId, PeekNamedPipe};
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW, CREATE_SUSPENDED, GetCurrentProcess, OpenProcess, OpenThread,
    PROCESS_SYNCHRONIZE, ResumeThread, THREAD_SUSPEND_RESUME,
};

/// How long a child that closed the link may take to end by itself.
const GRACE: Duration = Duration::from_millis(200);
/// From here on an exit code is the system's word for a crash.
const CRASH: u32 = 0xC000_0000;

/// Processes that end together: when it is told to, or when its last handle is closed, also by the end of its owner.
#[derive(Debug)]
struct Job(OwnedHandle);

impl Job {
    fn new() -> io::Result<Self> {
        // SAFETY: no attributes and no name; the result is checked.
        let handle = unsafe { CreateJobObjectW(null(), null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just made, owned by nobody else.
        let job = Self(unsafe { OwnedHandle::from_raw_handle(handle) });
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        let size = size_of_val(&limits) as u32;
        // SAFETY: the structure is of the kind and size that the call is told.
        check(unsafe {
            SetInformationJobObject(handle, JobObjectExtendedLimitInformation, (&raw const limits).cast(), size)
        })?;
        Ok(job)
    }

    /// Takes in a process, and so everything that it will start.
    fn take_in(&self, process: BorrowedHandle<'_>) -> io::Result<()> {
        // SAFETY: both handles are open.
        check(unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), process.as_raw_handle()) })
    }

    fn kill(&self) {
        // SAFETY: the handle is open. There is nothing to do about a job that is gone already.
        unsafe { TerminateJobObject(self.0.as_raw_handle(), 1) };
    }
}

/// The UI process with everything that it starts.
#[derive(Debug)]
pub(crate) struct Family {
    child: Child,
    job: Job,
}

impl Family {
    /// Starts `command` in a new job: away from the host's console and its Ctrl+C, and killed when the host ends.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let job = Job::new()?;
        // Suspended, so that it is in the job before it can start anything.
        command.creation_flags(CREATE_SUSPENDED | CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP);
        let mut family = Self { child: command.spawn()?, job };
        if let Err(error) = family.job.take_in(family.child.as_handle()).and_then(|()| resume(family.id())) {
            let _ = family.child.kill();
            return Err(error);
        }
        Ok(family)
    }

    /// The UI process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the UI process has ended. One that just closed the link gets a moment to end.
    pub fn has_ended(&self) -> bool {
        ends_within(self.child.as_handle(), GRACE)
    }

    /// Kills everybody.
    pub fn kill(&self) {
        self.job.kill();
    }

    /// Waits until the UI process has ended.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

/// Lets a process run that was started suspended: its one thread is resumed.
fn resume(process: u32) -> io::Result<()> {
    // SAFETY: takes a list of the threads of the system; the result is checked.
    let threads = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) };
    if threads == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just made, owned by nobody else.
    let threads = unsafe { OwnedHandle::from_raw_handle(threads) };
    let mut entry = THREADENTRY32 { dwSize: size_of::<THREADENTRY32>() as u32, ..Default::default() };
    // SAFETY: the list is open, and the entry knows its own size.
    check(unsafe { Thread32First(threads.as_raw_handle(), &mut entry) })?;
    while entry.th32OwnerProcessID != process {
        // SAFETY: as above. The end of the list is an error: the process has no thread.
        check(unsafe { Thread32Next(threads.as_raw_handle(), &mut entry) })?;
    }
    // SAFETY: opens a thread by its number, which the suspended process keeps from being given away.
    let thread = unsafe { OpenThread(THREAD_SUSPEND_RESUME, 0, entry.th32ThreadID) };
    if thread.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, owned by nobody else.
    let thread = unsafe { OwnedHandle::from_raw_handle(thread) };
    // SAFETY: the thread is open with the right to resume it.
    check(i32::from(unsafe { ResumeThread(thread.as_raw_handle()) } != u32::MAX))
}

/// How a child ended.
pub(crate) fn describe(status: ExitStatus) -> Ending {
    let words = match status.code().map(|code| code as u32) {
        Some(code) if code >= CRASH => format!("it crashed with {code:#010X}"),
        Some(code) => format!("it exited with code {code}"),
        None => "it ended".into(),
    };
    Ending { words, code: status.code(), signal: None }
}

/// Ends this process and everything it started when the process at the other end of `link` dies.
///
/// The host's job does that, too, unless the host handed its handle on. This one also ends the family when this process
/// is killed. A thread of its own, so that it works while the main loop is stuck.
pub(crate) fn exit_with_parent(link: Arc<Socket>) -> io::Result<()> {
    let host = host_of(&link)?;
    let job = Job::new()?;
    // SAFETY: the pseudo handle of this process is always valid.
    job.take_in(unsafe { BorrowedHandle::borrow_raw(GetCurrentProcess()) })?;
    start_thread("parent-watch", move || {
        while !ends_within(host.as_handle(), Duration::MAX) {}
        job.kill();
    })
}

/// The process that made the pipe.
fn host_of(link: &Socket) -> io::Result<OwnedHandle> {
    let mut number = 0;
    // SAFETY: an open handle; anything but a pipe is refused.
    check(unsafe { GetNamedPipeServerProcessId(link.raw(), &mut number) })?;
    // SAFETY: asks for nothing but to wait for it; the result is checked.
    let process = unsafe { OpenProcess(PROCESS_SYNCHRONIZE, 0, number) };
    if process.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, owned by nobody else.
    let process = unsafe { OwnedHandle::from_raw_handle(process) };
    // The pipe is still whole, so its maker was alive when it was opened: the number is not somebody else's.
    // SAFETY: takes nothing out of the pipe.
    check(unsafe { PeekNamedPipe(link.raw(), null_mut(), 0, null_mut(), null_mut(), null_mut()) })?;
    Ok(process)
}

fn check(answer: i32) -> io::Result<()> {
    if answer != 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
