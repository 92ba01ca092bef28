//! What tao leaves out of Cocoa windows: their number, and what the user or the desktop does to them.
#![allow(unsafe_code)] // AppKit's notifications; each use has its SAFETY note

use super::Report;
use super::window_state::Watched;
use auroraview_core::wire::WindowState;
use block2::RcBlock;
use objc2::MainThreadMarker;
use objc2::rc::Retained;
use objc2::runtime::{NSObjectProtocol, ProtocolObject};
use objc2_app_kit::{
    NSScreen, NSWindow, NSWindowDidBecomeKeyNotification, NSWindowDidChangeOcclusionStateNotification,
    NSWindowDidDeminiaturizeNotification, NSWindowDidEnterFullScreenNotification,
    NSWindowDidExitFullScreenNotification, NSWindowDidMiniaturizeNotification, NSWindowDidMoveNotification,
    NSWindowDidResignKeyNotification, NSWindowDidResizeNotification, NSWindowStyleMask, NSWindowWillCloseNotification,
};
use objc2_foundation::{NSNotification, NSNotificationCenter};
use std::cell::RefCell;
use std::ptr::NonNull;
use std::rc::Rc;
use tao::platform::macos::WindowExtMacOS;
use tao::window::Window;

type Observers = RefCell<Vec<Retained<ProtocolObject<dyn NSObjectProtocol>>>>;

/// The window's number, as the window server knows it.
pub fn handle(window: &Window) -> Option<u64> {
    u64::try_from(native(window)?.windowNumber()).ok().filter(|number| *number > 0)
}

/// Reports size, position, visibility and state of a window, each when it changes.
pub fn connect(window: &Window, report: Report) {
    let Some(native) = native(window) else { return };
    let watched = Watched::new(report);
    watched.saw(&look(&native));
    let observers = Rc::new(Observers::default());
    let (seen, ours) = (native.clone(), Rc::clone(&observers));
    let changed = RcBlock::new(move |_: NonNull<NSNotification>| watched.saw(&look(&seen)));
    let closed = RcBlock::new(move |_: NonNull<NSNotification>| {
        // Not dropped while the list is borrowed: an observer holds this block, and the block the list.
        let ended = ours.take();
        for observer in &ended {
            // SAFETY: the center made the observer.
            unsafe { NSNotificationCenter::defaultCenter().removeObserver((**observer).as_ref()) };
        }
    });
    // SAFETY: AppKit's names of notifications are constants of the framework.
    let names = unsafe {
        [
            NSWindowDidResizeNotification,
            NSWindowDidMoveNotification,
            NSWindowDidBecomeKeyNotification,
            NSWindowDidResignKeyNotification,
            NSWindowDidMiniaturizeNotification,
            NSWindowDidDeminiaturizeNotification,
            NSWindowDidEnterFullScreenNotification,
            NSWindowDidExitFullScreenNotification,
            NSWindowDidChangeOcclusionStateNotification,
        ]
        .map(|name| (name, &changed))
        .into_iter()
        .chain([(NSWindowWillCloseNotification, &closed)])
    };
    let center = NSNotificationCenter::defaultCenter();
    for (name, block) in names {
        // SAFETY: a window's notifications are posted on the main thread, which is this one, so the blocks, which are
        // neither `Send` nor `Sync`, run here only. The observers go when the window closes.
        let observer =
            unsafe { center.addObserverForName_object_queue_usingBlock(Some(name), Some(&native), None, block) };
        observers.borrow_mut().push(observer);
    }
}

fn native(window: &Window) -> Option<Retained<NSWindow>> {
    // SAFETY: tao's pointer is its window, which is alive; a reference is taken.
    unsafe { Retained::retain(window.ns_window().cast::<NSWindow>()) }
}

/// The window as it is now.
fn look(window: &NSWindow) -> WindowState {
    let frame = window.frame();
    let content = window.contentRectForFrameRect(frame);
    // Cocoa counts upwards from the bottom of the first screen, which has the menu bar.
    let height = MainThreadMarker::new()
        .and_then(|mtm| NSScreen::screens(mtm).firstObject())
        .map(|screen| screen.frame().size.height);
    WindowState {
        size: Some((content.size.width, content.size.height)),
        position: height.map(|height| (frame.origin.x, height - frame.origin.y - frame.size.height)),
        visible: Some(window.isVisible()),
        focused: Some(window.isKeyWindow()),
        minimized: Some(window.isMiniaturized()),
        maximized: Some(window.isZoomed()),
        fullscreen: Some(window.styleMask().contains(NSWindowStyleMask::FullScreen)),
    }
}
