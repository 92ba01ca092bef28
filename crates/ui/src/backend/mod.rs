//! The seam between what a view means ([`crate::view`]) and what shows it (seed 000 section 9.3).
//!
//! Everything here belongs to the one thread of the loop; nothing is `Send`.

#[cfg(all(feature = "engine", not(target_os = "linux")))]
#[path = "wry_builder.rs"]
mod builder;
#[cfg(all(feature = "engine", target_os = "macos"))]
mod cocoa_menu;
#[cfg(all(feature = "engine", target_os = "linux"))]
#[path = "gtk_dialogs.rs"]
mod dialogs;
#[cfg(all(feature = "engine", not(target_os = "linux")))]
#[path = "rfd_dialogs.rs"]
mod dialogs;
#[cfg(all(feature = "engine", target_os = "macos"))]
#[path = "wkwebview.rs"]
mod engine;
#[cfg(all(feature = "engine", windows))]
#[path = "webview2.rs"]
mod engine;
#[cfg(all(feature = "engine", target_os = "linux"))]
#[path = "webkitgtk.rs"]
mod engine;
#[cfg(any(test, feature = "headless"))]
pub mod headless;
#[cfg(all(feature = "engine", target_os = "linux"))]
#[path = "gtk_keys.rs"]
mod keys;
#[cfg(all(feature = "engine", target_os = "linux"))]
#[path = "glib_link.rs"]
mod link;
#[cfg(all(feature = "engine", not(target_os = "linux")))]
#[path = "thread_link.rs"]
mod link;
#[cfg(all(feature = "engine", target_os = "macos"))]
#[path = "cocoa_opener.rs"]
mod opener;
#[cfg(all(feature = "engine", windows))]
#[path = "win32_opener.rs"]
mod opener;
#[cfg(all(feature = "engine", target_os = "linux"))]
#[path = "gtk_opener.rs"]
mod opener;
#[cfg(all(feature = "engine", target_os = "macos"))]
#[path = "cocoa_owner.rs"]
mod owner;
#[cfg(all(feature = "engine", windows))]
#[path = "win32_owner.rs"]
mod owner;
#[cfg(all(feature = "engine", target_os = "linux"))]
#[path = "x11_owner.rs"]
mod owner;
#[cfg(all(feature = "engine", target_os = "macos"))]
#[path = "cocoa_parent.rs"]
mod parent;
#[cfg(all(feature = "engine", windows))]
#[path = "win32_parent.rs"]
mod parent;
#[cfg(all(feature = "engine", target_os = "linux"))]
#[path = "x11_parent.rs"]
mod parent;
#[cfg(all(feature = "engine", target_os = "linux"))]
#[path = "webkitgtk_scheme.rs"]
mod scheme;
#[cfg(all(feature = "engine", not(target_os = "linux")))]
#[path = "wry_scheme.rs"]
mod scheme;
#[cfg(feature = "engine")]
mod script;
#[cfg(all(feature = "engine", target_os = "linux"))]
#[path = "webkitgtk_spare.rs"]
mod spare;
#[cfg(all(feature = "engine", not(target_os = "linux")))]
#[path = "no_spare.rs"]
mod spare;
#[cfg(all(feature = "engine", target_os = "macos"))]
#[path = "cocoa_window.rs"]
mod window;
#[cfg(all(feature = "engine", windows))]
#[path = "win32_window.rs"]
mod window;
#[cfg(all(feature = "engine", target_os = "linux"))]
#[path = "gtk_window.rs"]
mod window;
#[cfg(any(test, feature = "headless", not(target_os = "linux")))]
mod window_state;
#[cfg(feature = "engine")]
mod wry;

use crate::assets::Assets;
use crate::request::{Exchange, UploadError};
use auroraview_core::wire::{Dialog, Edge, ErrorObject, Loading, ViewOptions, WindowChange, WindowState};
use auroraview_link::Shared;
use std::rc::Rc;

#[cfg(feature = "engine")]
pub use self::{
    engine::{BRIDGE, SPELLING, engine_name},
    wry::prepare,
};

/// The bridge is played: nothing is injected but its data.
#[cfg(not(feature = "engine"))]
pub const BRIDGE: &str = "";
/// Addresses are what they are.
#[cfg(not(feature = "engine"))]
pub const SPELLING: crate::origin::Spelling = crate::origin::Spelling::AS_IT_IS;

/// One window with one page.
pub trait WebViewBackend {
    /// The native window, where windows have a number (X11, Windows, macOS).
    fn window_handle(&self) -> Option<u64>;
    /// Why the window does not belong to the parent that was asked for, for people. None: it does, or none was.
    fn separate(&self) -> Option<String>;
    /// Loads an address. The load is reported by [`Event::Loading`].
    fn navigate(&mut self, url: &str);
    /// Loads the current address again.
    fn reload(&mut self);
    /// Runs a script; [`Event::Evaluated`] with `id` brings its value.
    fn eval(&mut self, id: u64, script: &str);
    /// Opens an address in the user's program for it, in the background.
    fn open_outside(&mut self, address: String);
    /// Changes the window; [`Event::Window`] reports what became of it.
    fn change_window(&mut self, change: &WindowChange);
    /// Shows a dialog beside the window and returns; [`Event::DialogEnded`] with `id` brings the answer.
    fn open_dialog(&mut self, id: u64, dialog: &Dialog);
    /// Takes a dialog away; nothing is reported of it any more.
    fn close_dialog(&mut self, id: u64);
}

/// A view that fills a window of the host and follows it (seed 000 section 9.3).
#[allow(dead_code)] // the headless backend embeds nothing
pub trait EmbeddableBackend {
    /// Gives the page the keyboard; as the Tab key does, if it comes in at an edge.
    fn focus(&self, enter: Option<Edge>);
    /// Gives the keyboard to the host's window that the container is in.
    fn give_back(&self);
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

    /// Makes an empty page that the next view may take, if none is there and the engine can.
    fn keep_spare(&self);
}

/// What became of the wish that a window belongs to one of the host.
#[allow(dead_code)] // macOS ties none
pub enum Tie<T> {
    /// It does, as long as this lives.
    Tied(T),
    /// Not on this desktop, for this reason: it stands alone.
    Separate(String),
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
    /// A page asked for something under `/$/` of the view's own origin.
    Request(Exchange),
    /// What [`Exchange::read_body`] read.
    Uploaded {
        /// Still unanswered.
        exchange: Exchange,
        /// The body, or why there is none.
        body: Result<Vec<Shared>, UploadError>,
    },
    /// A page wants a window.
    NewWindow {
        /// With this address.
        url: String,
        /// The user asked for it, or the engine knows no difference.
        asked: bool,
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
    /// The user answered a dialog, or gave it up (null).
    DialogEnded {
        /// As given to [`WebViewBackend::open_dialog`].
        id: u64,
        /// What they chose.
        answer: serde_json::Value,
    },
    /// The user asked to close the window.
    CloseClicked,
    /// The web process is gone.
    WebProcessGone(String),
    /// The host's window that the view's belongs to is gone.
    #[allow(dead_code)] // macOS ties none
    ParentGone,
    /// The host's window that the view was in is gone, and the view's with it.
    #[allow(dead_code)] // the headless backend embeds nothing
    ContainerGone,
    /// The window changed.
    Window(WindowState),
}

/// Where an engine or a window reports to.
pub type Report = Rc<dyn Fn(Event)>;
