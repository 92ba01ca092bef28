//! What only Windows has: message queues of the host, Ctrl+C as a thread, operations that outlive their thread.

use super::*;
use crate::tests::{PATIENCE, gather, message, pair, read_exact, start};
use crate::watch::LinkWatch;
use crate::{Incoming, Peer, Port};
use std::cell::RefCell;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use windows_sys::Win32::Foundation::{HWND, LPARAM, LRESULT, WPARAM};
use windows_sys::Win32::System::LibraryLoader::GetModuleHandleW;
use windows_sys::Win32::System::Threading::GetCurrentThreadId;
use windows_sys::Win32::UI::WindowsAndMessaging::*;

thread_local! {
    /// What the window procedure was called with, in order.
    static DISPATCHED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

unsafe extern "system" fn host_procedure(window: HWND, kind: u32, number: WPARAM, data: LPARAM) -> LRESULT {
    if kind == WM_APP {
        DISPATCHED.with_borrow_mut(|dispatched| dispatched.push(number));
        return 0;
    }
    // SAFETY: the arguments are those that the system passed.
    unsafe { DefWindowProcW(window, kind, number, data) }
}

/// A window like the one by which Qt wakes its loop: hidden, owned by this thread, used by messages only.
fn host_window() -> HWND {
    let class: Vec<u16> = "auroraview test host\0".encode_utf16().collect();
    // SAFETY: the class name ends with a zero and outlives both calls; the procedure is a function.
    unsafe {
        let module = GetModuleHandleW(null());
        let described = WNDCLASSW {
            lpfnWndProc: Some(host_procedure),
            lpszClassName: class.as_ptr(),
            hInstance: module,
            ..Default::default()
        };
        RegisterClassW(&described); // once; later it is there already
        let window =
            CreateWindowExW(0, class.as_ptr(), null(), 0, 0, 0, 0, 0, HWND_MESSAGE, null_mut(), module, null());
        assert!(!window.is_null());
        window
    }
}

/// What the host's own loop does: takes every message of the thread and dispatches it. Returns the messages that belong
/// to no window.
fn pump() -> Vec<(u32, usize)> {
    let mut to_the_thread = Vec::new();
    let mut message = MSG::default();
    // SAFETY: plain calls on this thread's queue.
    while unsafe { PeekMessageW(&mut message, null_mut(), 0, 0, PM_REMOVE) } != 0 {
        if message.hwnd.is_null() {
            to_the_thread.push((message.message, message.wParam));
        }
        // SAFETY: the message was just filled in.
        unsafe { DispatchMessageW(&message) };
    }
    to_the_thread
}

/// Seed 000 section 3.3: in a host nothing of ours may take messages that belong to the host's windows.
#[test]
fn waiting_and_draining_leave_the_hosts_messages_to_the_host() {
    const POSTED: usize = 100;
    const SENT: usize = 1000;
    const QUIT: i32 = 7;
    let window = host_window();
    // SAFETY: takes nothing but the number of this thread.
    let (window_number, host_thread) = (window.addr(), unsafe { GetCurrentThreadId() });
    let link = start("echo", None);
    let port = Port::new(1).unwrap();
    port.attach(&link, vec![message(b"first")], false).unwrap();
    // SAFETY: a message of the host to its own loop.
    unsafe { PostQuitMessage(QUIT) };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let window = window_number as HWND;
            for number in 0..POSTED {
                // SAFETY: the window lives until the end of the test.
                assert_ne!(unsafe { PostMessageW(window, WM_APP, number, 0) }, 0);
                port.send(port.link().as_deref(), message(b"between two messages of the host"), Vec::new()).unwrap();
            }
            // SAFETY: as above; neither call waits for the host.
            unsafe {
                assert_ne!(PostThreadMessageW(host_thread, WM_APP + 1, POSTED, 0), 0);
                assert_ne!(SendNotifyMessageW(window, WM_APP, SENT, 0), 0);
            }
            port.nudge();
        });
        let (mut frames, mut nudged) = (0, false);
        while frames <= POSTED || !nudged {
            for incoming in gather(&port, |seen| !seen.is_empty()) {
                frames += usize::from(matches!(incoming, Incoming::Frame(..)));
                nudged |= matches!(incoming, Incoming::Nudge);
            }
        }
    });
    assert_eq!(DISPATCHED.take(), [0; 0], "a wait dispatched a message of the host");
    let to_the_thread = pump();
    let expected: Vec<usize> = [SENT].into_iter().chain(0..POSTED).collect();
    assert_eq!(DISPATCHED.take(), expected, "each once and in order; what was sent comes before what was posted");
    assert_eq!(to_the_thread, [(WM_APP + 1, POSTED), (WM_QUIT, QUIT as usize)]);
    // SAFETY: the window is this thread's.
    unsafe { DestroyWindow(window) };
}

#[test]
fn a_wake_handle_ends_the_wait_of_a_thread_with_windows() {
    let window = host_window();
    let wake = Arc::new(WakeHandle::new().unwrap());
    // A message that nobody looks at does not end the wait: only the handle does.
    // SAFETY: the window is this thread's.
    assert_ne!(unsafe { PostMessageW(window, WM_APP, 1, 0) }, 0);
    let soon = Instant::now() + Duration::from_millis(30);
    wait(&wake, &[], None, Some(soon), None).unwrap();
    assert!(Instant::now() >= soon);
    let waker = Arc::clone(&wake);
    let thread = std::thread::spawn(move || waker.wake());
    wait(&wake, &[], None, Some(Instant::now() + PATIENCE), None).unwrap();
    thread.join().unwrap();
    assert!(wake.0.is_set());
    wake.clear();
    assert!(!wake.0.is_set());
    assert_eq!(DISPATCHED.take(), [0; 0]);
    pump();
    assert_eq!(DISPATCHED.take(), [1]);
    // SAFETY: the window is this thread's.
    unsafe { DestroyWindow(window) };
}

#[test]
fn ctrl_c_ends_a_wait_after_the_other_handlers_ran() {
    let wake = WakeHandle::new().unwrap();
    let gate = SignalGate::close().unwrap();
    let python_knows = Arc::new(AtomicBool::new(false));
    let knows = Arc::clone(&python_knows);
    // What the system does: a thread of its own calls one handler after the other.
    let thread = std::thread::spawn(move || {
        // SAFETY: called as the system calls it.
        assert_eq!(unsafe { on_control(CTRL_C_EVENT) }, 0, "the others come next");
        let (_open, silence) = channel::<()>();
        let _ = silence.recv_timeout(Duration::from_millis(50)); // a slow handler
        knows.store(true, Ordering::Release);
    });
    assert!(wait(&wake, &[], None, Some(Instant::now() + PATIENCE), Some(&gate)).unwrap().is_none());
    assert!(python_knows.load(Ordering::Acquire));
    thread.join().unwrap();
    // It is told once.
    let gate = SignalGate::close().unwrap();
    assert!(wait(&wake, &[], None, Some(Instant::now()), Some(&gate)).unwrap().is_some());
}

#[test]
fn what_a_thread_began_to_write_arrives_whole_after_its_end() {
    let (ours, theirs) = pair();
    let writer = Arc::clone(&ours);
    let written = std::thread::spawn(move || {
        let piece = vec![7; 50_000];
        let mut written = 0;
        while let Ok(count) = write_some(&writer, &piece) {
            written += count;
        }
        written
    });
    let written = written.join().unwrap();
    let mut bytes = vec![0; written];
    read_exact(&theirs, &mut bytes);
    assert!(bytes.iter().all(|byte| *byte == 7));
    wait_writable(&ours);
    write_some(&ours, b"next").unwrap();
    read_exact(&theirs, &mut bytes[..4]);
    assert_eq!(&bytes[..4], b"next");
}

#[test]
fn the_end_of_the_other_end_ends_every_wait() {
    let (ours, theirs) = pair();
    while write_some(&ours, &[0; 50_000]).is_ok() {}
    ours.begin_reading();
    let other = Arc::clone(&ours);
    let thread = std::thread::spawn(move || wait_writable(&other));
    drop(theirs);
    thread.join().unwrap();
    wait_readable(&ours);
    assert_eq!(io::Read::read(&mut &*ours, &mut [0; 10]).unwrap(), 0);
    assert!(write_some(&ours, b"x").is_err());
}

#[test]
fn a_loop_is_told_once_for_each_request() {
    let (ours, theirs) = pair();
    let mut peer = Peer::new(theirs);
    let (read, told) = channel();
    let write = read.clone();
    let tell_read = move || read.send("read").unwrap_or_default();
    let watch = LinkWatch::start(&peer, tell_read, move || write.send("write").unwrap_or_default()).unwrap();
    let next = || told.recv_timeout(PATIENCE).unwrap();
    let small = message(b"small");
    write_some(&ours, &small.encode().unwrap()).unwrap();
    watch.when_readable();
    assert_eq!(next(), "read");
    assert!(peer.read().unwrap());
    assert_eq!(peer.next_frame().unwrap(), Some(small));

    let large = message(&vec![b'x'; 5 << 20]);
    let mut bytes = vec![0; large.encode().unwrap().len()];
    std::thread::scope(|scope| {
        peer.send(&large).unwrap();
        assert!(!peer.flush(), "this is more than a pipe holds");
        scope.spawn(|| read_exact(&ours, &mut bytes));
        while !peer.flush() {
            watch.when_writable();
            assert_eq!(next(), "write");
        }
    });
    assert!(bytes == large.encode().unwrap());

    drop(ours);
    watch.when_readable();
    assert_eq!(next(), "read");
    assert!(!peer.read().unwrap(), "the end");
    assert!(told.try_recv().is_err(), "nothing was told unasked");
}
