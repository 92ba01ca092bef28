//! What wry leaves out of WebKitGTK: script messages with reply, scripts with a result, crashes, failed loads.
#![allow(unsafe_code)] // the one signal that the binding skips; each use has its SAFETY note

use super::{Event, Slot};
use auroraview_core::wire::{ErrorCode, ErrorData, ErrorObject, LoadState, Loading};
use gtk::gio::Cancellable;
use gtk::glib::{self, translate::*};
use gtk::prelude::*;
use javascriptcore::{Value, ValueExt};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::ffi::{CStr, CString};
use std::rc::Rc;
use webkit2gtk::{
    JavascriptError, LoadEvent, SettingsExt, UserContentManager, WebProcessTerminationReason, WebView, WebViewExt,
};

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

/// Reports what the page and its engine do.
pub fn connect(webview: &WebView, context_menu: bool, report: Rc<dyn Fn(Event)>) {
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

fn connect_loads(webview: &WebView, report: Rc<dyn Fn(Event)>) {
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

type Report = Rc<dyn Fn(Event)>;

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

/// What the wrapper around a script returns.
#[derive(Deserialize)]
struct Outcome {
    value: Option<Box<RawValue>>,
    error: Option<Thrown>,
}

#[derive(Deserialize)]
struct Thrown {
    name: String,
    message: String,
    stack: String,
}

const CATCH: &str = r#"catch(e){return JSON.stringify({error:{name:String(e&&e.name||"Error"),message:String(e&&e.message||e),stack:String(e&&e.stack||"")}})}"#;

/// Runs `script` as an expression, or, if it does not compile as one, as statements. A script that compiled is never run
/// again: whatever it throws is caught inside and comes back as a value.
pub fn eval(webview: &WebView, id: u64, script: &str, report: Rc<dyn Fn(Event)>) {
    let expression = format!("try{{return JSON.stringify({{value:await(\n{script}\n)}})}}{CATCH}");
    let statements = format!("try{{return JSON.stringify({{value:await(async()=>{{\n{script}\n}})()}})}}{CATCH}");
    let again = webview.clone();
    call(webview, &expression, move |ran| match ran {
        Ok(outcome) => report(Event::Evaluated { id, outcome }),
        Err(_not_an_expression) => call(&again, &statements, move |ran| {
            report(Event::Evaluated { id, outcome: ran.unwrap_or_else(Err) });
        }),
    });
}

/// Calls a function body in the page. The outer result says whether it ran at all.
fn call(webview: &WebView, body: &str, then: impl FnOnce(Result<Result<String, ErrorObject>, ErrorObject>) + 'static) {
    let world: Option<&str> = None;
    webview.call_async_javascript_function(
        body,
        None,
        world,
        Some("auroraview:eval"),
        None::<&Cancellable>,
        |returned| {
            then(match returned {
                Ok(value) => Ok(read_outcome(&value.to_str())),
                Err(error) => {
                    let error = not_run(&error);
                    if error.data.name == "SyntaxError" { Err(error) } else { Ok(Err(error)) }
                }
            });
        },
    );
}

fn read_outcome(text: &str) -> Result<String, ErrorObject> {
    match serde_json::from_str(text) {
        Ok(Outcome { error: Some(thrown), .. }) => Err(thrown_error(thrown.name, thrown.message, Some(thrown.stack))),
        Ok(Outcome { value, .. }) => Ok(value.map_or_else(|| "null".into(), |value| value.get().to_owned())),
        Err(error) => Err(thrown_error("Error".into(), format!("the script's value is unreadable: {error}"), None)),
    }
}

/// The engine did not run it to its end: it does not compile, or its page went away meanwhile.
fn not_run(error: &glib::Error) -> ErrorObject {
    if error.matches(JavascriptError::InvalidResult) {
        // The wrapper always returns a text, so the engine has lost the page that was to return it.
        return ErrorObject::new(ErrorCode::Navigated, "the page went away before it answered");
    }
    let message = error.message();
    let name = if message.contains("SyntaxError") { "SyntaxError" } else { "Error" };
    let message = message.split_once("SyntaxError: ").map_or(message, |(_, rest)| rest);
    thrown_error(name.into(), message.to_owned(), None)
}

fn thrown_error(name: String, message: String, stack: Option<String>) -> ErrorObject {
    let code = ErrorCode::ExecutionError;
    ErrorObject { code: code.number(), message, data: ErrorData { name, code, stack } }
}
