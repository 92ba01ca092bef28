//! What tao leaves out of GTK windows: their number, and what the user or the window manager does to them.

use super::{Event, Report};
use auroraview_core::wire::WindowState;
use gtk::gdk::WindowState as GdkState;
use gtk::glib;
use gtk::prelude::*;
use std::cell::Cell;
use tao::platform::unix::WindowExtUnix;
use tao::window::Window;

/// The X11 window, where there is one.
pub fn handle(window: &Window) -> Option<u64> {
    let window = window.gtk_window().window()?.downcast::<gdkx11::X11Window>().ok()?;
    Some(window.xid())
}

/// Reports size, position, visibility and state of a window, each when it changes.
pub fn connect(window: &Window, report: Report) {
    let window = window.gtk_window();
    let changed = move |state| report(Event::Window(state));
    let start = (logical(window.size()), logical(window.position()));
    changed(WindowState {
        size: Some(start.0),
        position: Some(start.1),
        visible: Some(window.is_mapped()),
        ..WindowState::default()
    });
    let to = changed.clone();
    let last = Cell::new(start);
    window.connect_configure_event(move |window, _| {
        let now = (logical(window.size()), logical(window.position()));
        let before = last.replace(now);
        let state = WindowState {
            size: (before.0 != now.0).then_some(now.0),
            position: (before.1 != now.1).then_some(now.1),
            ..WindowState::default()
        };
        if state != WindowState::default() {
            to(state);
        }
        false
    });
    let to = changed.clone();
    window.connect_window_state_event(move |_, event| {
        let (mask, now) = (event.changed_mask(), event.new_window_state());
        let flag = |flag: GdkState| mask.contains(flag).then(|| now.contains(flag));
        let state = WindowState {
            minimized: flag(GdkState::ICONIFIED),
            maximized: flag(GdkState::MAXIMIZED),
            fullscreen: flag(GdkState::FULLSCREEN),
            focused: flag(GdkState::FOCUSED),
            ..WindowState::default()
        };
        if state != WindowState::default() {
            to(state);
        }
        glib::Propagation::Proceed
    });
    let to = changed.clone();
    window.connect_map(move |_| to(WindowState { visible: Some(true), ..WindowState::default() }));
    window.connect_unmap(move |_| changed(WindowState { visible: Some(false), ..WindowState::default() }));
}

/// GTK 3 counts in logical pixels already.
fn logical((a, b): (i32, i32)) -> (f64, f64) {
    (f64::from(a), f64::from(b))
}
