//! The seam between what a view means ([`crate::view`]) and what shows it (seed 000 section 9.3).
//!
//! Everything here belongs to the one thread of the loop; nothing is `Send`.

#[cfg(target_os = "macos")]
mod cocoa_menu;
#[cfg(target_os = "macos")]
#[path = "wkwebview.rs"]
mod engine;
#[cfg(windows)]
#[path = "webview2.rs"]
mod engine;
#[cfg(target_os = "linux")]
#[path = "webkitgtk.rs"]
mod engine;
#[cfg(target_os = "linux")]
#[path = "glib_link.rs"]
mod link;
#[cfg(not(target_os = "linux"))]
#[path = "thread_link.rs"]
mod link;
mod script;
#[cfg(target_os = "macos")]
#[path = "cocoa_window.rs"]
mod window;
#[cfg(windows)]
#[path = "win32_window.rs"]
mod window;
#[cfg(target_os = "linux")]
#[path = "gtk_window.rs"]
mod window;
#[cfg(any(test, not(target_os = "linux")))]
mod window_state;
mod wry;

use crate::assets::Assets;
use auroraview_core::wire::{ErrorObject, Loading, ViewOptions, WindowChange, WindowState};
use std::rc::Rc;

pub use self::engine::{SPELLING, engine_name};
pub use self::wry::prepare;

/// One window with one page.
pub trait WebViewBackend {
    /// The native window, where windows have a number (X11, Windows, macOS).
    fn window_handle(&self) -> Option<u64>;
    /// Loads an address. The load is reported by [`Event::Loading`].
    fn navigate(&mut self, url: &str);
    /// Loads the current address again.
    fn reload(&mut self);
    /// Runs a script; [`Event::Evaluated`] with `id` brings its value.
    fn eval(&mut self, id: u64, script: &str);
    /// Changes the window; [`Event::Window`] reports what became of it.
    fn change_window(&mut self, change: &WindowChange);
}

/// Makes views; lent to [`App`] when the loop can do so.
pub trait ViewFactory {
    /// Makes the window and page of a view; `boot` is injected into every document of its main frame.
    fn create(
        &self,
        view: u32,
        options: &ViewOptions,
        boot: String,
        assets: &Assets,
    ) -> Result<Box<dyn WebViewBackend>, String>;
}

/// A post of a page that waits for its answer (`protocol/README.md` section 3). Dropping it answers nothing: its page is
/// gone.
pub trait Slot {
    /// Answers with a batch.
    fn answer(self: Box<Self>, batch: &str);
    /// Rejects the page's promise.
    fn refuse(self: Box<Self>, reason: &str);
}

/// What an engine or a window reports. Reports are queued and handled one after the other, never from inside a call
/// into the engine.
pub enum Event {
    /// A page posted a text.
    Post {
        /// What it posted.
        text: String,
        /// Where the answer goes.
        slot: Box<dyn Slot>,
    },
    /// A load went on.
    Loading(Loading),
    /// The document's title changed.
    Title(String),
    /// A script ended: the JSON text of its value, or its error.
    Evaluated {
        /// As given to [`WebViewBackend::eval`].
        id: u64,
        /// What came of it.
        outcome: Result<String, ErrorObject>,
    },
    /// The user asked to close the window.
    CloseClicked,
    /// The web process is gone.
    WebProcessGone(String),
    /// The window changed.
    Window(WindowState),
}

/// Where an engine or a window reports to.
type Report = Rc<dyn Fn(Event)>;
