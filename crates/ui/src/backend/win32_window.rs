//! What tao leaves out of Win32 windows: their number, and what the user or the desktop does to them.
#![allow(unsafe_code)] // Win32 has no safe binding; each use has its SAFETY note

use super::Report;
use super::window_state::Watched;
use auroraview_core::wire::WindowState;
use tao::platform::windows::WindowExtWindows;
use tao::window::Window;
use windows::Win32::Foundation::{HWND, LPARAM, LRESULT, RECT, WPARAM};
use windows::Win32::Graphics::Gdi::{GetMonitorInfoW, MONITOR_DEFAULTTONEAREST, MONITORINFO, MonitorFromWindow};
use windows::Win32::UI::HiDpi::GetDpiForWindow;
use windows::Win32::UI::Shell::{DefSubclassProc, RemoveWindowSubclass, SetWindowSubclass};
use windows::Win32::UI::WindowsAndMessaging::{
    GWL_STYLE, GetClientRect, GetForegroundWindow, GetWindowLongPtrW, GetWindowRect, IsIconic, IsWindowVisible,
    IsZoomed, WM_ACTIVATE, WM_NCDESTROY, WM_SHOWWINDOW, WM_WINDOWPOSCHANGED, WS_CAPTION,
};

/// Names our part in the window among those of tao and wry.
const SUBCLASS: usize = 0xA0_40_4A;

/// The window's handle.
pub fn handle(window: &Window) -> Option<u64> {
    Some(window.hwnd() as u64)
}

/// Reports size, position, visibility and state of a window, each when it changes.
pub fn connect(window: &Window, report: Report) {
    let hwnd = HWND(window.hwnd() as *mut _);
    let watched = Box::new(Watched::new(report));
    watched.saw(&look(hwnd));
    // SAFETY: the window is alive and this is its thread. The box lives until `on_message` frees it with the window.
    let joined = unsafe { SetWindowSubclass(hwnd, Some(on_message), SUBCLASS, Box::into_raw(watched) as usize) };
    if !joined.as_bool() {
        say!("a window will not report what the user does to it"); // out of memory; the box is lost with it
    }
}

/// Looks again after every message that may mean a change. It frees what `connect` made with the window's last message.
unsafe extern "system" fn on_message(
    hwnd: HWND,
    message: u32,
    wparam: WPARAM,
    lparam: LPARAM,
    _subclass: usize,
    watched: usize,
) -> LRESULT {
    let watched = watched as *mut Watched;
    // SAFETY: everybody else in the window gets the message as it came.
    let result = unsafe { DefSubclassProc(hwnd, message, wparam, lparam) };
    match message {
        WM_WINDOWPOSCHANGED | WM_SHOWWINDOW | WM_ACTIVATE => {
            // SAFETY: the box lives until WM_NCDESTROY, which is the last message of a window.
            unsafe { &*watched }.saw(&look(hwnd));
        }
        WM_NCDESTROY => {
            // SAFETY: `connect` made the box, and no message comes after this one.
            unsafe {
                let _ = RemoveWindowSubclass(hwnd, Some(on_message), SUBCLASS);
                drop(Box::from_raw(watched));
            }
        }
        _ => {}
    }
    result
}

/// The window as it is now. A minimised one has no size or place to speak of.
fn look(hwnd: HWND) -> WindowState {
    let (mut inner, mut outer) = (RECT::default(), RECT::default());
    // SAFETY: these only read the state of a window, and fail for one that is gone.
    let (minimized, visible, maximized, focused, scale, style, placed) = unsafe {
        let placed = GetClientRect(hwnd, &mut inner).is_ok() && GetWindowRect(hwnd, &mut outer).is_ok();
        (
            IsIconic(hwnd).as_bool(),
            IsWindowVisible(hwnd).as_bool(),
            IsZoomed(hwnd).as_bool(),
            GetForegroundWindow() == hwnd,
            f64::from(GetDpiForWindow(hwnd).max(96)) / 96.0,
            GetWindowLongPtrW(hwnd, GWL_STYLE),
            placed,
        )
    };
    let there = placed && !minimized;
    let logical = |a: i32, b: i32| (f64::from(a) / scale, f64::from(b) / scale);
    let bare = style & WS_CAPTION.0 as isize == 0;
    WindowState {
        size: there.then(|| logical(inner.right - inner.left, inner.bottom - inner.top)),
        position: there.then(|| logical(outer.left, outer.top)),
        visible: Some(visible),
        focused: Some(focused),
        minimized: Some(minimized),
        maximized: (!minimized).then_some(maximized),
        fullscreen: there.then(|| bare && monitor(hwnd) == Some(outer)),
    }
}

/// The whole of the monitor that holds most of the window.
fn monitor(hwnd: HWND) -> Option<RECT> {
    let mut info = MONITORINFO { cbSize: size_of::<MONITORINFO>() as u32, ..MONITORINFO::default() };
    // SAFETY: reads about the window and writes into `info`, whose size is set.
    let known = unsafe { GetMonitorInfoW(MonitorFromWindow(hwnd, MONITOR_DEFAULTTONEAREST), &mut info) };
    known.as_bool().then_some(info.rcMonitor)
}

#[cfg(test)]
mod tests {
    use super::super::Event;
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;
    use tao::dpi::{LogicalPosition, LogicalSize};
    use tao::event::{Event as TaoEvent, WindowEvent};
    use tao::event_loop::{ControlFlow, EventLoop, EventLoopBuilder};
    use tao::platform::run_return::EventLoopExtRunReturn;
    use tao::platform::windows::EventLoopBuilderExtWindows;
    use tao::window::WindowBuilder;

    #[test]
    fn what_happens_to_a_window_is_reported_and_nothing_is_left_of_it() {
        let mut event_loop: EventLoop<()> = EventLoopBuilder::with_user_event().with_any_thread(true).build();
        let window = WindowBuilder::new()
            .with_inner_size(LogicalSize::new(300.0, 200.0))
            .with_position(LogicalPosition::new(40.0, 50.0))
            .build(&event_loop)
            .unwrap();
        let seen = Rc::new(RefCell::new(Vec::new()));
        let to = Rc::downgrade(&seen);
        connect(&window, {
            let seen = Rc::clone(&seen);
            Rc::new(move |event| {
                if let Event::Window(state) = event {
                    seen.borrow_mut().push(state);
                }
            })
        });
        let first = seen.take().remove(0);
        assert_eq!((first.size, first.visible, first.fullscreen), (Some((300.0, 200.0)), Some(true), Some(false)));
        let heard = |happen: &dyn Fn()| {
            happen();
            seen.take()
        };
        let sizes = heard(&|| window.set_inner_size(LogicalSize::new(400.0, 260.0)));
        assert!(sizes.iter().any(|state| state.size == Some((400.0, 260.0))), "{sizes:?}");
        let places = heard(&|| window.set_outer_position(LogicalPosition::new(10.0, 20.0)));
        assert!(places.iter().any(|state| state.position == Some((10.0, 20.0)) && state.size.is_none()), "{places:?}");
        let hidden = heard(&|| window.set_visible(false));
        assert!(hidden.iter().any(|state| state.visible == Some(false)), "{hidden:?}");
        assert!(handle(&window).is_some_and(|number| number > 0));
        drop((window, seen));
        event_loop.run_return(|event, _, flow| {
            let gone = matches!(event, TaoEvent::WindowEvent { event: WindowEvent::Destroyed, .. });
            *flow = if gone { ControlFlow::Exit } else { ControlFlow::Wait };
        });
        assert!(to.upgrade().is_none(), "the report went with the window");
    }
}
