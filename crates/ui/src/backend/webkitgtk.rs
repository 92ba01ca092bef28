//! WebKitGTK, and what wry leaves out of it: script messages with reply, scripts with a result, crashes, failed loads.
#![allow(unsafe_code)] // the one signal that the binding skips; each use has its SAFETY note

use super::script::{self, Ran, Then};
use super::spare::{self, Spare};
use super::wry::Opening;
use super::{Event, Report, Slot, scheme};
use crate::origin::Spelling;
use auroraview_core::direct::INTRODUCTION;
use auroraview_core::wire::{LoadState, Loading, ViewOptions};
use gtk::gdk::RGBA;
use gtk::gio::Cancellable;
use gtk::glib::{self, translate::*};
use gtk::prelude::*;
use javascriptcore::{Context, Value, ValueExt};
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString};
use std::path::Path;
use std::rc::Rc;
use tao::platform::unix::WindowExtUnix;
use tao::window::Window;
use webkit2gtk::{
    JavascriptError, LoadEvent, SettingsExt, URIRequestExt, UserContentInjectedFrames, UserContentManager,
    UserContentManagerExt, UserMessage, UserScript, UserScriptInjectionTime, WebProcessTerminationReason, WebView,
    WebViewExt,
};
use wry::{WebContext, WebViewBuilder, WebViewBuilderExtUnix, WebViewExtUnix};

/// Where the page finds us: `window.webkit.messageHandlers.auroraview`.
const HANDLER: &CStr = c"auroraview";

/// The bridge, as `npm run build` in `sdk/` makes it.
pub const BRIDGE: &str = include_str!("../../../../sdk/dist/bridge.js");

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
    syntax: Syntax,
}

impl Page {
    /// Puts a page into its window, the spare one or a new one, and reports what it and its engine do.
    pub fn open(
        window: &Window,
        context: &mut Option<WebContext>,
        opening: Opening<'_>,
        spare: Option<Spare>,
    ) -> wry::Result<Self> {
        let Opening { options, boot, lane, report, desk } = opening;
        let runs = spare.is_some();
        let page = match spare {
            Some(spare) => spare.into_page(),
            None => blank(context)?,
        };
        let webview = page.webview();
        match window.default_vbox() {
            Some(vbox) => vbox.pack_start(&webview, true, true, 0),
            None => window.gtk_window().add(&webview),
        }
        if let (Some(lane), Some(context)) = (lane, webview.context()) {
            let text = lane.to_text();
            spare::load_lane(&context, &text);
            if runs {
                introduce(&webview, &text);
            }
        }
        scheme::register(&webview, desk);
        connect(&webview, options.context_menu, Rc::clone(&report));
        dress(&webview, options, &boot);
        Ok(Self { webview: page, report, syntax: Syntax::default() })
    }

    /// What GTK sees of the page.
    pub fn widget(&self) -> gtk::Widget {
        self.webview.webview().upcast()
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
        let check = |body: &str| self.syntax.compiles(body);
        script::eval(script, Some(&check), move |body, then| call(&webview, body, then), done);
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // A signal of the engine may be what closes the view, and the engine goes on with the widget behind the handler (behind
        // `web-process-terminated` it sets a flag). So the last reference goes when nothing of the engine runs further up.
        let webview = self.webview.webview();
        glib::idle_add_local_once(move || drop(webview));
    }
}

/// A page of no view, in no window: nothing of ours is in it.
pub fn blank(context: &mut Option<WebContext>) -> wry::Result<wry::WebView> {
    let ephemeral = context.is_none();
    let builder = match context {
        Some(context) => WebViewBuilder::new_with_web_context(context),
        None => WebViewBuilder::new(),
    };
    let shelf = gtk::Box::new(gtk::Orientation::Vertical, 0);
    let page = builder.with_incognito(ephemeral).with_visible(false).with_focused(false).build_gtk(&shelf)?;
    shelf.remove(&page.webview());
    Ok(page)
}

/// Makes a page in its window that of a view.
fn dress(webview: &WebView, options: &ViewOptions, boot: &str) {
    if let Some(manager) = webview.user_content_manager() {
        let (frames, time) = (UserContentInjectedFrames::TopFrame, UserScriptInjectionTime::Start);
        manager.add_script(&UserScript::new(boot, frames, time, &[], &[]));
    }
    if let Some(settings) = WebViewExt::settings(webview) {
        settings.set_enable_developer_extras(options.debug);
        // A document that is revived from the page cache would have a generation that is over.
        settings.set_enable_page_cache(false);
        // Or it refuses what scripts of the fast lane ask for, which are no act of the user. The view decides.
        settings.set_javascript_can_open_windows_automatically(true);
    }
    let color = options.background_color.as_deref().and_then(|color| RGBA::parse(color).ok());
    if options.transparent {
        webview.set_background_color(&RGBA::new(0.0, 0.0, 0.0, 0.0));
    } else if let Some(color) = color {
        webview.set_background_color(&color);
    }
    if options.visible {
        webview.show_all();
    }
    webview.grab_focus();
}

/// Tells the fast lane's library, in a web process that runs already, what it would have been told at its start. It comes
/// before whatever is loaded next.
fn introduce(webview: &WebView, text: &str) {
    let message = UserMessage::new(INTRODUCTION, Some(&text.to_variant()));
    webview.send_message_to_page(&message, None::<&Cancellable>, |_| ()); // a process that has crashed starts anew
}

/// Compiles scripts, and runs none.
#[derive(Default)]
struct Syntax {
    /// Made for the first script: it takes some milliseconds.
    context: RefCell<Option<Context>>,
    checks: Cell<u32>,
}

impl Syntax {
    /// A context keeps about 1 KiB of each check as long as it lives, so it does not live for ever.
    const CHECKS: u32 = 1024;

    fn compiles(&self, body: &str) -> bool {
        let checks = self.checks.get();
        if checks.is_multiple_of(Self::CHECKS) {
            self.context.replace(Some(Context::new()));
        }
        self.checks.set(checks.wrapping_add(1));
        self.context.borrow().as_ref().is_some_and(|context| compiles(context, body))
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
    let to = Rc::clone(&report);
    webview.connect_create(move |_, action| {
        let url = action.request().and_then(|request| request.uri()).unwrap_or_default().into();
        to(Event::NewWindow { url, asked: action.is_user_gesture() });
        None // none of the engine's making
    });
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
///
/// Answers are rejections too, whose message is the batch: the engine passes that on as the text it is. A value would have to
/// be of the engine's own context of JavaScript, which it renews when it was idle for 10 s, and nobody can ask for. WebKitGTK
/// 2.50 takes a value of the context before for one of its own, and keeps a pointer into it when that context is gone.
struct Reply(*mut webkit2gtk_sys::WebKitScriptMessageReply);

impl Slot for Reply {
    fn answer(self: Box<Self>, batch: &str) {
        self.reject(batch);
    }

    fn refuse(self: Box<Self>, reason: &str) {
        self.reject(reason);
    }
}

impl Reply {
    fn reject(&self, message: &str) {
        let message = CString::new(message).unwrap_or_default(); // JSON holds no NUL, nor do reasons
        // SAFETY: we hold a reference to the reply; the text ends with a NUL and is copied.
        unsafe { webkit2gtk_sys::webkit_script_message_reply_return_error_message(self.0, message.as_ptr()) };
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        // SAFETY: releases the reference that `on_post` took, exactly once.
        unsafe { webkit2gtk_sys::webkit_script_message_reply_unref(self.0) };
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
        (value, Reply(webkit2gtk_sys::webkit_script_message_reply_ref(reply)), &*report.cast::<Report>())
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
