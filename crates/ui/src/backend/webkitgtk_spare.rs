//! A page that is kept for a view that is still to come, with its web process: starting that is most of what a view takes.
//!
//! There is nothing in it that could speak: no bridge, no secret, no handler of messages, no document but the engine's empty
//! one, and the fast lane's library was told nothing and is connected to nobody. All of that comes with the view, before its
//! first load (`docs/decisions/0009-warm-start.md`).

use super::engine;
use auroraview_link::LANE_VARIABLE;
use gtk::gio::Cancellable;
use gtk::prelude::*;
use std::cell::Cell;
use std::rc::Rc;
use webkit2gtk::{WebContextExt, WebView, WebViewExt};
use wry::WebViewExtUnix;

/// An empty page that keeps nothing on disk, in no window.
pub struct Spare {
    page: wry::WebView,
    gone: Rc<Cell<bool>>,
}

impl Spare {
    /// Makes one and starts its web process. None: the engine makes none now; views go without.
    pub fn make() -> Option<Self> {
        let page = engine::blank(&mut None).inspect_err(|error| say!("no page can be kept ready: {error}")).ok()?;
        let webview = page.webview();
        if let (Some(context), true) = (webview.context(), std::env::var_os(LANE_VARIABLE).is_some()) {
            load_lane(&context, "");
        }
        let gone = Rc::new(Cell::new(false));
        let ended = Rc::clone(&gone);
        webview.connect_web_process_terminated(move |_, _| ended.set(true));
        start(&webview);
        Some(Self { page, gone })
    }

    /// Whether its web process has ended.
    pub fn is_gone(&self) -> bool {
        self.gone.get()
    }

    /// The page, for a view.
    pub fn into_page(self) -> wry::WebView {
        self.page
    }
}

/// The engine starts a web process for the first thing that is asked of it. A script that does nothing is no load, of which
/// the view would hear.
fn start(webview: &WebView) {
    let world: Option<&str> = None;
    webview.call_async_javascript_function("", None, world, None, None::<&Cancellable>, |_| ());
}

/// Makes the web processes of a context load the fast lane's library, which is in a folder of its own beside us, and tells
/// it `introduction`; nothing, and it waits to be told. Without the library the bridge goes on through us.
pub fn load_lane(context: &webkit2gtk::WebContext, introduction: &str) {
    let ours = std::env::current_exe();
    let folder = ours.ok().and_then(|path| Some(path.parent()?.join("lane"))).filter(|folder| folder.is_dir());
    if let Some(folder) = folder {
        context.set_web_extensions_directory(&folder.to_string_lossy());
        context.set_web_extensions_initialization_user_data(&introduction.to_variant());
    }
}
