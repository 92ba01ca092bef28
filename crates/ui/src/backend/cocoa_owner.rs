//! A tool window on macOS, which ties no window to one of another program: ours stays in front while it is used, and is put
//! above the host's when it opens.
#![allow(unsafe_code)] // AppKit; each use has its SAFETY note

use super::{Report, Tie};
use auroraview_core::wire::Parent;
use objc2::rc::Retained;
use objc2_app_kit::{NSFloatingWindowLevel, NSWindow, NSWindowOrderingMode};
use tao::platform::macos::WindowExtMacOS;
use tao::window::Window;

/// Nothing to watch.
pub struct Owned;

/// Puts a window above the host's.
pub fn tie(window: &Window, parent: Parent, _report: Report) -> Result<Tie<Owned>, String> {
    // SAFETY: tao's pointer is its window, which is alive; a reference is taken.
    let own = unsafe { Retained::retain(window.ns_window().cast::<NSWindow>()) }.ok_or("there is no window")?;
    own.setLevel(NSFloatingWindowLevel);
    if let Parent::Handle(number) = parent {
        let number = isize::try_from(number).map_err(|_| format!("parent={number:#x} is no window number"))?;
        own.orderWindow_relativeTo(NSWindowOrderingMode::Above, number);
    }
    let why = "macOS ties no window to one of another program; it floats above all, and closes when the host ends";
    Ok(Tie::Separate(why.into()))
}
