//! A view inside a window of the host, on Windows: ours becomes a child of the host's and follows its size.
#![allow(unsafe_code)] // Win32 has no safe binding; each use has its SAFETY note

use super::{EmbeddableBackend, Event, Report, engine};
use auroraview_core::wire::{Edge, ViewOptions};
use std::cell::RefCell;
use tao::platform::windows::WindowExtWindows;
use tao::window::Window;
use windows::Win32::Foundation::{HWND, RECT};
use windows::Win32::UI::Accessibility::{HWINEVENTHOOK, SetWinEventHook, UnhookWinEvent};
use windows::Win32::UI::Input::KeyboardAndMouse::SetFocus;
use windows::Win32::UI::WindowsAndMessaging::{
    EVENT_OBJECT_DESTROY, EVENT_OBJECT_LOCATIONCHANGE, GA_ROOT, GWL_STYLE, GetAncestor, GetClientRect,
    GetWindowLongPtrW, GetWindowThreadProcessId, IsWindow, OBJID_WINDOW, SWP_NOACTIVATE, SWP_NOZORDER, SetParent,
    SetWindowLongPtrW, SetWindowPos, WINEVENT_OUTOFCONTEXT, WS_CAPTION, WS_CHILD, WS_POPUP, WS_THICKFRAME,
};

/// A view in its container. Dropping it ends the watch; the window is its owner's.
pub struct Embedded {
    container: HWND,
    own: HWND,
    hook: HWINEVENTHOOK,
}

struct Follower {
    container: HWND,
    own: HWND,
    report: Report,
}

thread_local!(static FOLLOWERS: RefCell<Vec<Follower>> = const { RefCell::new(Vec::new()) });

/// Moves a window that was never shown into the host's.
pub fn embed(
    window: &Window,
    _page: &engine::Page,
    container: u64,
    _options: &ViewOptions,
    report: Report,
) -> Result<Embedded, String> {
    let (container, own) = (HWND(container as *mut _), HWND(window.hwnd() as *mut _));
    // SAFETY: asks about a number, which need not be a window.
    if !unsafe { IsWindow(Some(container)) }.as_bool() {
        return Err(format!("container={:#x} is not a window", container.0 as usize));
    }
    // SAFETY: `own` is alive; `container` was a moment ago, and a call about one that is gone fails.
    let hook = unsafe {
        let style = GetWindowLongPtrW(own, GWL_STYLE);
        let without = (WS_POPUP.0 | WS_CAPTION.0 | WS_THICKFRAME.0) as isize;
        SetWindowLongPtrW(own, GWL_STYLE, style & !without | WS_CHILD.0 as isize);
        SetParent(own, Some(container)).map_err(|error| format!("the container takes no window: {error}"))?;
        let mut process = 0;
        let thread = GetWindowThreadProcessId(container, Some(&mut process));
        let (first, last) = (EVENT_OBJECT_DESTROY, EVENT_OBJECT_LOCATIONCHANGE);
        SetWinEventHook(first, last, None, Some(on_event), process, thread, WINEVENT_OUTOFCONTEXT)
    };
    fill(container, own);
    FOLLOWERS.with_borrow_mut(|all| all.push(Follower { container, own, report }));
    Ok(Embedded { container, own, hook })
}

impl EmbeddableBackend for Embedded {
    fn focus(&self, _enter: Option<Edge>) {
        // SAFETY: `own` is a window of this thread.
        let _ = unsafe { SetFocus(Some(self.own)) };
    }

    fn give_back(&self) {
        // SAFETY: numbers of windows; the calls fail if one is gone. Windows joins the threads of parent and child, so that
        // one may give the focus to the other.
        let _ = unsafe { SetFocus(Some(GetAncestor(self.container, GA_ROOT))) };
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        FOLLOWERS.with_borrow_mut(|all| all.retain(|each| each.own != self.own));
        // SAFETY: the hook is ours, and this is the thread that set it.
        let _ = unsafe { UnhookWinEvent(self.hook) };
    }
}

fn fill(container: HWND, own: HWND) {
    let mut size = RECT::default();
    // SAFETY: numbers of windows, and a place for the answer; the calls fail if one is gone.
    unsafe {
        if GetClientRect(container, &mut size).is_ok() {
            let _ = SetWindowPos(own, None, 0, 0, size.right, size.bottom, SWP_NOZORDER | SWP_NOACTIVATE);
        }
    }
}

/// Called on the thread of the loop, between its messages.
unsafe extern "system" fn on_event(
    _hook: HWINEVENTHOOK,
    event: u32,
    window: HWND,
    object: i32,
    _child: i32,
    _thread: u32,
    _time: u32,
) {
    if object != OBJID_WINDOW.0 {
        return;
    }
    let found = FOLLOWERS.with_borrow(|all| {
        let follower = all.iter().find(|each| each.container == window)?;
        Some((follower.own, Report::clone(&follower.report)))
    });
    match (found, event) {
        (Some((_, report)), EVENT_OBJECT_DESTROY) => report(Event::ContainerGone),
        (Some((own, _)), EVENT_OBJECT_LOCATIONCHANGE) => fill(window, own),
        _ => {}
    }
}
