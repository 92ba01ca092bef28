//! A tool window on Windows: the desktop keeps an owned window above its owner, hides it with it and destroys it with it.
#![allow(unsafe_code)] // Win32 has no safe binding; each use has its SAFETY note

use super::{Event, Report, Tie};
use auroraview_core::wire::Parent;
use tao::platform::windows::WindowExtWindows;
use tao::window::Window;
use windows::Win32::Foundation::{HWND, LPARAM, LRESULT, WPARAM};
use windows::Win32::UI::Shell::{DefSubclassProc, RemoveWindowSubclass, SetWindowSubclass};
use windows::Win32::UI::WindowsAndMessaging::{
    EnumWindows, GA_ROOT, GW_OWNER, GWL_EXSTYLE, GWLP_HWNDPARENT, GetAncestor, GetWindow, GetWindowLongPtrW,
    GetWindowThreadProcessId, IsWindow, IsWindowVisible, SetWindowLongPtrW, WM_NCDESTROY, WS_EX_TOOLWINDOW,
};
use windows::core::BOOL;

/// Names our part in the window among those of tao, wry and `win32_window.rs`.
const SUBCLASS: usize = 0xA0_40_4B;

/// The desktop watches.
pub struct Owned;

/// Makes a hidden window a tool window of the host's.
pub fn tie(window: &Window, parent: Parent, report: Report) -> Result<Tie<Owned>, String> {
    let own = HWND(window.hwnd() as *mut _);
    let owner = match parent {
        Parent::Handle(handle) => top_level(handle)
            .ok_or_else(|| format!("parent={handle:#x} is not a window; give the host's HWND, or \"auto\""))?,
        Parent::Process(process) => match main_window(process) {
            Some(owner) => owner,
            None => return Ok(Tie::Separate(format!("process {process} has no main window"))),
        },
    };
    let report = Box::new(report);
    // SAFETY: both windows were there a moment ago, and these fail for one that is gone. This is the thread of our own. The
    // box lives until `on_message` frees it with the window.
    unsafe {
        SetWindowLongPtrW(own, GWL_EXSTYLE, GetWindowLongPtrW(own, GWL_EXSTYLE) | WS_EX_TOOLWINDOW.0 as isize);
        SetWindowLongPtrW(own, GWLP_HWNDPARENT, owner.0 as isize);
        if !SetWindowSubclass(own, Some(on_message), SUBCLASS, Box::into_raw(report) as usize).as_bool() {
            return Err("out of memory".into());
        }
    }
    Ok(Tie::Tied(Owned))
}

/// The window is gone: with its owner, or closed by us, when nobody listens any more.
unsafe extern "system" fn on_message(
    hwnd: HWND,
    message: u32,
    wparam: WPARAM,
    lparam: LPARAM,
    _subclass: usize,
    report: usize,
) -> LRESULT {
    if message == WM_NCDESTROY {
        // SAFETY: `tie` made the box, and no message comes after this one.
        let report = unsafe {
            let _ = RemoveWindowSubclass(hwnd, Some(on_message), SUBCLASS);
            Box::from_raw(report as *mut Report)
        };
        report(Event::ParentGone);
    }
    // SAFETY: everybody else in the window gets the message as it came.
    unsafe { DefSubclassProc(hwnd, message, wparam, lparam) }
}

fn top_level(handle: u64) -> Option<HWND> {
    let window = HWND(usize::try_from(handle).ok()? as *mut _);
    // SAFETY: these take any number.
    let top = unsafe { if IsWindow(Some(window)).as_bool() { GetAncestor(window, GA_ROOT) } else { HWND::default() } };
    (!top.is_invalid()).then_some(top)
}

/// The topmost visible window of a process that belongs to no other.
fn main_window(process: u32) -> Option<HWND> {
    let mut search = (process, None);
    // SAFETY: the pointer is valid during the call, and `look_at` knows its type. The result only says that the search
    // was ended early.
    let _ = unsafe { EnumWindows(Some(look_at), LPARAM(&raw mut search as isize)) };
    search.1
}

unsafe extern "system" fn look_at(window: HWND, search: LPARAM) -> BOOL {
    // SAFETY: `main_window` passes this pointer and waits.
    let (process, found) = unsafe { &mut *(search.0 as *mut (u32, Option<HWND>)) };
    let mut of = 0;
    // SAFETY: these only read about a window, and fail for one that is gone.
    let is_main = unsafe {
        GetWindowThreadProcessId(window, Some(&mut of));
        of == *process && IsWindowVisible(window).as_bool() && GetWindow(window, GW_OWNER).is_err()
    };
    if is_main {
        *found = Some(window);
    }
    BOOL::from(!is_main)
}
