//! WebKitGTK, and what wry leaves out of it: script messages with reply, scripts with a result, crashes, failed loads.
#![allow(unsafe_code)] // the one signal that the binding skips; each use has its SAFETY note

use super::script::{self, Ran, Then};
use super::{Event, Report, Slot};
use crate::origin::{SCHEME, Spelling};
use auroraview_core::wire::{LoadState, Loading, ViewOptions};
use gtk::gio::Cancellable;
use gtk::glib::{self, translate::*};
use gtk::prelude::*;
use javascriptcore::{Context, Value, ValueExt};
use std::cell::OnceCell;
use std::ffi::{CStr, CString};
use std::path::Path;
use std::rc::Rc;
use tao::platform::unix::WindowExtUnix;
use tao::window::Window;
use webkit2gtk::{
    JavascriptError, LoadEvent, SettingsExt, UserContentManager, WebProcessTerminationReason, WebView, WebViewExt,
};
use wry::{WebContext, WebViewBuilder, WebViewBuilderExtUnix, WebViewExtUnix};

/// Where the page finds us: `window.webkit.messageHandlers.auroraview`.
const HANDLER: &CStr = c"auroraview";

/// The engine and its version, for people.
pub fn engine_name() -> String {
    // SAFETY: these functions take nothing, return a number and may be called at any time.
    let (major, minor, micro) = unsafe {
        (
            webkit2gtk_sys::webkit_get_major_version(),
            webkit2gtk_sys::webkit_get_minor_version(),
            webkit2gtk_sys::webkit_get_micro_version(),
        )
    };
    format!("WebKitGTK {major}.{minor}.{micro}")
}

/// WebKit knows schemes of ours.
pub const SPELLING: Spelling = Spelling::AS_IT_IS;

/// The scheme under which the engine asks for a view's own documents.
pub fn scheme(_app_id: &str) -> String {
    SCHEME.into()
}

/// Says why there can be no window here; tao would panic.
pub fn prepare() -> Result<(), String> {
    gtk::init().map_err(|_| no_display())
}

fn no_display() -> String {
    let set = |name: &&str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    match ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().find(set) {
        Some(name) => {
            let value = std::env::var(name).unwrap_or_default();
            format!("cannot open the display {name}={value}: is its server running, and may this user connect to it?")
        }
        None => {
            "no display: neither DISPLAY nor WAYLAND_DISPLAY is set. Start it in a desktop session, or under Xvfb: \
                 xvfb-run python your_tool.py"
                .into()
        }
    }
}

/// Where the engine keeps things; none for a view that keeps nothing.
pub fn context(folder: Option<&Path>) -> Option<WebContext> {
    folder.map(|folder| WebContext::new(Some(folder.to_owned())))
}

/// A page in its window.
pub struct Page {
    webview: wry::WebView,
    report: Report,
    /// Compiles scripts, and runs none. Made for the first of them: it takes some milliseconds.
    syntax: OnceCell<Context>,
}

impl Page {
    /// Builds the page into its window and reports what it and its engine do.
    pub fn open(
        builder: WebViewBuilder<'_>,
        window: &Window,
        options: &ViewOptions,
        report: Report,
    ) -> wry::Result<Self> {
        let webview = match window.default_vbox() {
            Some(vbox) => builder.build_gtk(vbox)?,
            None => builder.build_gtk(window.gtk_window())?,
        };
        connect(&webview.webview(), options.context_menu, Rc::clone(&report));
        Ok(Self { webview, report, syntax: OnceCell::new() })
    }

    /// Loads an address.
    pub fn load(&self, url: &str) {
        // WebKitGTK's load cannot fail at once; it reports.
        let _ = self.webview.load_url(url);
    }

    /// Loads the current address again.
    pub fn reload(&self) {
        let _ = self.webview.reload();
    }

    /// Runs a script and reports what came of it.
    pub fn eval(&self, id: u64, script: &str) {
        let webview = self.webview.webview();
        let report = Rc::clone(&self.report);
        let done = move |outcome| report(Event::Evaluated { id, outcome });
        let check = |body: &str| compiles(self.syntax.get_or_init(Context::new), body);
        script::eval(script, Some(&check), move |body, then| call(&webview, body, then), done);
    }
}

/// Whether the body of an async function compiles. Nothing of it runs.
fn compiles(context: &Context, body: &str) -> bool {
    let function = format!("(async function(){{{body}\n}})");
    let Ok(length) = isize::try_from(function.len()) else { return false };
    // The binding's own call makes an object of the exception that is not there when the script compiles.
    // SAFETY: the context lives, the text has the length that is given, and no exception is asked for.
    let result = unsafe {
        javascriptcore_rs_sys::jsc_context_check_syntax(
            context.to_glib_none().0,
            function.as_ptr().cast(),
            length,
            javascriptcore_rs_sys::JSC_CHECK_SYNTAX_MODE_SCRIPT,
            c"".as_ptr(),
            1,
            std::ptr::null_mut(),
        )
    };
    result == javascriptcore_rs_sys::JSC_CHECK_SYNTAX_RESULT_SUCCESS
}

fn connect(webview: &WebView, context_menu: bool, report: Report) {
    webview.connect_context_menu(move |_, _, _, _| !context_menu);
    if let Some(settings) = WebViewExt::settings(webview) {
        // A document that is revived from the page cache would have a generation that is over.
        settings.set_enable_page_cache(false);
    }
    if let Some(manager) = webview.user_content_manager() {
        connect_posts(&manager, Rc::clone(&report));
    }
    connect_loads(webview, Rc::clone(&report));
    let to = Rc::clone(&report);
    webview.connect_title_notify(move |webview| {
        to(Event::Title(webview.title().map(|title| title.to_string()).unwrap_or_default()));
    });
    webview.connect_web_process_terminated(move |_, reason| report(Event::WebProcessGone(describe(reason).into())));
}

fn connect_loads(webview: &WebView, report: Report) {
    let to = Rc::clone(&report);
    webview.connect_load_changed(move |webview, event| {
        let state = match event {
            LoadEvent::Started => LoadState::Started,
            LoadEvent::Committed => LoadState::Committed,
            LoadEvent::Finished => LoadState::Finished,
            _ => return,
        };
        to(Event::Loading(Loading { state, url: address(webview), message: None }));
    });
    webview.connect_load_failed(move |_, _, url, error| {
        // A load that another load replaced has not failed; the engine reports it as cancelled.
        if !error.matches(webkit2gtk::NetworkError::Cancelled) {
            let message = Some(error.message().to_owned());
            report(Event::Loading(Loading { state: LoadState::Failed, url: url.to_owned(), message }));
        }
        // The host decides what to show. The engine's own error page would race with that.
        true
    });
}

fn address(webview: &WebView) -> String {
    webview.uri().map(|uri| uri.to_string()).unwrap_or_default()
}

fn describe(reason: WebProcessTerminationReason) -> &'static str {
    match reason {
        WebProcessTerminationReason::Crashed => "the web process crashed",
        WebProcessTerminationReason::ExceededMemoryLimit => "the web process exceeded its memory limit",
        _ => "the web process was ended",
    }
}

// ---- posts ----

/// A script message that waits for its reply.
struct Reply {
    raw: *mut webkit2gtk_sys::WebKitScriptMessageReply,
    context: Option<javascriptcore::Context>,
}

impl Slot for Reply {
    fn answer(self: Box<Self>, batch: &str) {
        let Some(context) = &self.context else { return };
        let value = Value::new_string(context, Some(batch));
        // SAFETY: `raw` is a reply that we hold a reference to; the value lives until after the call.
        unsafe { webkit2gtk_sys::webkit_script_message_reply_return_value(self.raw, value.to_glib_none().0) };
    }

    fn refuse(self: Box<Self>, reason: &str) {
        let reason = CString::new(reason).unwrap_or_default();
        // SAFETY: `raw` is a reply that we hold a reference to; the text is copied.
        unsafe { webkit2gtk_sys::webkit_script_message_reply_return_error_message(self.raw, reason.as_ptr()) };
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        // SAFETY: releases the reference that `on_post` took, exactly once.
        unsafe { webkit2gtk_sys::webkit_script_message_reply_unref(self.raw) };
    }
}

fn connect_posts(manager: &UserContentManager, report: Report) {
    let signal = c"script-message-with-reply-received::auroraview";
    // SAFETY: the signal's handler has the signature of `on_post` (WebKitUserContentManager docs, since 2.40), and the
    // boxed `report` lives as long as the connection, which frees it through `free_report`. All texts end with a NUL.
    unsafe {
        glib::gobject_ffi::g_signal_connect_data(
            manager.as_ptr().cast(),
            signal.as_ptr(),
            Some(std::mem::transmute::<*const (), unsafe extern "C" fn()>(on_post as *const ())),
            Box::into_raw(Box::new(report)).cast(),
            Some(free_report),
            0,
        );
        // The binding wants a world name, but the page's own world has none.
        webkit2gtk_sys::webkit_user_content_manager_register_script_message_handler_with_reply(
            manager.as_ptr(),
            HANDLER.as_ptr(),
            std::ptr::null(),
        );
    }
}

unsafe extern "C" fn free_report(report: glib::ffi::gpointer, _: *mut glib::gobject_ffi::GClosure) {
    // SAFETY: `report` is the box that `connect_posts` made; the closure calls this once.
    drop(unsafe { Box::<Report>::from_raw(report.cast()) });
}

unsafe extern "C" fn on_post(
    _manager: *mut webkit2gtk_sys::WebKitUserContentManager,
    value: *mut javascriptcore_rs_sys::JSCValue,
    reply: *mut webkit2gtk_sys::WebKitScriptMessageReply,
    report: glib::ffi::gpointer,
) -> glib::ffi::gboolean {
    // SAFETY: the engine lends us a value, a reply (of which we take a reference) and the `report` of `connect_posts`.
    let (value, reply, report) = unsafe {
        let value: Value = from_glib_none(value);
        let raw = webkit2gtk_sys::webkit_script_message_reply_ref(reply);
        let context = value.context();
        (value, Reply { raw, context }, &*report.cast::<Report>())
    };
    // Anything but a string is not ours; as an empty text it is refused like any other stranger.
    let text = if value.is_string() { value.to_str().to_string() } else { String::new() };
    report(Event::Post { text, slot: Box::new(reply) });
    glib::ffi::GTRUE
}

// ---- scripts ----

/// Calls a function body in the page.
fn call(webview: &WebView, body: &str, then: Then) {
    let world: Option<&str> = None;
    webview.call_async_javascript_function(
        body,
        None,
        world,
        Some("auroraview:eval"),
        None::<&Cancellable>,
        |returned| {
            then(match returned {
                Ok(value) => Ran::Returned(value.to_str().into()),
                // The wrapper always returns a text, so the engine has lost the page that was to return it.
                Err(error) if error.matches(JavascriptError::InvalidResult) => script::page_gone(),
                Err(error) => script::refused(error.message()),
            });
        },
    );
}
