//! WebView2, and what wry leaves out of it: posts with an answer, scripts with a result, crashes, failed loads.
//!
//! Every callback comes on the thread of the loop, which is the one that made the page.
#![allow(unsafe_code)] // COM; each use has its SAFETY note

use super::script::{self, Ran, Then};
use super::spare::Spare;
use super::wry::Opening;
use super::{Event, Report, Slot, builder, scheme};
use crate::origin::{SCHEME, Spelling};
use auroraview_core::wire::{LoadState, Loading};
use serde::Deserialize;
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use tao::window::Window;
use webview2_com::Microsoft::Web::WebView2::Win32::{
    COREWEBVIEW2_PROCESS_FAILED_KIND_BROWSER_PROCESS_EXITED, COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_EXITED,
    COREWEBVIEW2_WEB_ERROR_STATUS, COREWEBVIEW2_WEB_ERROR_STATUS_CANNOT_CONNECT,
    COREWEBVIEW2_WEB_ERROR_STATUS_CONNECTION_ABORTED, COREWEBVIEW2_WEB_ERROR_STATUS_CONNECTION_RESET,
    COREWEBVIEW2_WEB_ERROR_STATUS_DISCONNECTED, COREWEBVIEW2_WEB_ERROR_STATUS_HOST_NAME_NOT_RESOLVED,
    COREWEBVIEW2_WEB_ERROR_STATUS_OPERATION_CANCELED, COREWEBVIEW2_WEB_ERROR_STATUS_SERVER_UNREACHABLE,
    COREWEBVIEW2_WEB_ERROR_STATUS_TIMEOUT, ICoreWebView2, ICoreWebView2ContentLoadingEventArgs,
    ICoreWebView2NavigationCompletedEventArgs, ICoreWebView2NavigationStartingEventArgs,
};
use webview2_com::{
    CallDevToolsProtocolMethodCompletedHandler, ContentLoadingEventHandler, NavigationCompletedEventHandler,
    NavigationStartingEventHandler, ProcessFailedEventHandler, WebMessageReceivedEventHandler, take_pwstr,
};
use windows::core::{BOOL, HSTRING, PWSTR, Result, w};
use wry::{NewWindowResponse, WebContext, WebViewBuilderExtWindows, WebViewExtWindows};

/// WebView2 knows no schemes of ours on every version of Windows, so a view's own documents are at an https address
/// whose requests never leave the process. Nobody can own a name under `localhost`.
pub const SPELLING: Spelling = Spelling { before: "https://av.", after: ".localhost" };

/// What wry passes itself, and no page revived from a cache: its document would have a generation that is over.
const ARGUMENTS: &str = "--disable-features=msWebOOUI,msPdfOOUI,msSmartScreenProtection,BackForwardCache \
                         --autoplay-policy=no-user-gesture-required";

/// The bridge, as `npm run build` in `sdk/` makes it.
pub const BRIDGE: &str = include_str!("../../../../sdk/dist/bridge-webview2.js");

/// The engine and its version, for people.
pub fn engine_name() -> String {
    format!("WebView2 {}", wry::webview_version().unwrap_or_else(|_| "(not installed)".into()))
}

/// Says why there can be no page here.
pub fn prepare() -> std::result::Result<(), String> {
    wry::webview_version().map(drop).map_err(|error| {
        format!(
            "the WebView2 runtime is missing ({error}). It comes with Windows 11 and with Microsoft Edge; install \
             \"WebView2 Runtime\" from Microsoft"
        )
    })
}

/// Where the engine keeps things. By default that is beside the program, where users often may not write. Two versions
/// of us do not share a folder: the engine refuses a second process that asks for it with other arguments.
pub fn context(folder: Option<&Path>) -> Option<WebContext> {
    let name = concat!("WebView2-", env!("CARGO_PKG_VERSION"));
    let of_ours = || Some(Path::new(&std::env::var_os("LOCALAPPDATA")?).join("auroraview").join(name));
    Some(WebContext::new(folder.map(Path::to_owned).or_else(of_ours)))
}

/// A page in its window.
pub struct Page {
    webview: wry::WebView,
    report: Report,
}

impl Page {
    /// Builds the page into its window and reports what it and its engine do.
    pub fn open(
        window: &Window,
        context: &mut Option<WebContext>,
        opening: Opening<'_>,
        _spare: Option<Spare>,
    ) -> wry::Result<Self> {
        let Opening { options, boot, report, desk, lane: _ } = opening;
        let builder = builder::page(context, options, boot);
        let (to, windows) = (Rc::clone(&report), Rc::clone(&report));
        // wry serves `https://<scheme>.*`.
        let webview = scheme::offer(builder, format!("{SCHEME}.{}", options.app_id), desk)
            .with_https_scheme(true)
            .with_additional_browser_args(ARGUMENTS)
            .with_default_context_menus(options.context_menu)
            // In a hidden window; a hidden page would have to be shown by itself later.
            .with_visible(true)
            .with_focused(options.visible)
            .with_document_title_changed_handler(move |title| to(Event::Title(title)))
            .with_new_window_req_handler(move |url, _| {
                windows(Event::NewWindow { url, asked: true }); // the engine tells nobody who asked
                NewWindowResponse::Deny // none of the engine's making: the view decides
            })
            .build(window)?;
        connect(&webview.webview(), &report).map_err(|error| wry::Error::WebView2Error(error.into()))?;
        Ok(Self { webview, report })
    }

    /// Loads an address.
    pub fn load(&self, url: &str) {
        if let Err(error) = self.webview.load_url(url) {
            fail_load(&self.report, url, error.to_string());
        }
    }

    /// Loads the current address again.
    pub fn reload(&self) {
        if let Err(error) = self.webview.reload() {
            fail_load(&self.report, &self.webview.url().unwrap_or_default(), error.to_string());
        }
    }

    /// Runs a script and reports what came of it.
    pub fn eval(&self, id: u64, script: &str) {
        let webview = self.webview.webview();
        let report = Rc::clone(&self.report);
        let done = move |outcome| report(Event::Evaluated { id, outcome });
        script::eval(script, None, move |body, then| call(&webview, body, then), done);
    }
}

fn connect(webview: &ICoreWebView2, report: &Report) -> Result<()> {
    // SAFETY: the page is alive and this is its thread.
    unsafe {
        let settings = webview.Settings()?;
        settings.SetAreHostObjectsAllowed(false)?;
        // The host decides what to show. The engine's own error page would race with that.
        settings.SetIsBuiltInErrorPageEnabled(false)?;
    }
    connect_posts(webview, Rc::clone(report))?;
    connect_loads(webview, report)?;
    connect_crashes(webview, Rc::clone(report))
}

/// A text that a getter of the engine writes to where it is told.
fn text(get: impl FnOnce(*mut PWSTR) -> Result<()>) -> Result<String> {
    let mut text = PWSTR::null();
    get(&mut text)?;
    Ok(take_pwstr(text))
}

/// A number or flag that a getter of the engine writes to where it is told.
fn value<T: Default>(get: impl FnOnce(*mut T) -> Result<()>) -> Result<T> {
    let mut value = T::default();
    get(&mut value)?;
    Ok(value)
}

fn source(webview: &ICoreWebView2) -> Result<String> {
    // SAFETY: the page is alive and this is its thread; the text is freed by `take_pwstr`.
    text(|to| unsafe { webview.Source(to) })
}

// ---- loads ----

/// The load that goes on, or went on last.
#[derive(Clone, Default)]
struct Load {
    id: u64,
    url: String,
    /// A document of it was shown, and not an empty one in place of an error.
    shown: bool,
}

/// The engine says that content is loading before any script of it runs, so a document's first post comes after that.
fn connect_loads(webview: &ICoreWebView2, report: &Report) -> Result<()> {
    let load = Rc::new(RefCell::new(Load::default()));
    let (current, to) = (Rc::clone(&load), Rc::clone(report));
    let starting = NavigationStartingEventHandler::create(Box::new(move |_, args| {
        args.map_or(Ok(()), |args| starting(&args, &current, &to))
    }));
    let (current, to) = (Rc::clone(&load), Rc::clone(report));
    let committed = ContentLoadingEventHandler::create(Box::new(move |webview, args| {
        webview.zip(args).map_or(Ok(()), |(webview, args)| committed(&webview, &args, &current, &to))
    }));
    let to = Rc::clone(report);
    let completed = NavigationCompletedEventHandler::create(Box::new(move |webview, args| {
        let now = load.borrow().clone(); // a report may begin another load
        webview.zip(args).map_or(Ok(()), |(webview, args)| completed(&webview, &args, &now, &to))
    }));
    // SAFETY: the page is alive and this is its thread; it holds the handlers as long as it lives.
    unsafe {
        let mut token = 0;
        webview.add_NavigationStarting(&starting, &mut token)?;
        webview.add_ContentLoading(&committed, &mut token)?;
        webview.add_NavigationCompleted(&completed, &mut token)
    }
}

fn starting(args: &ICoreWebView2NavigationStartingEventArgs, load: &RefCell<Load>, report: &Report) -> Result<()> {
    // SAFETY: the engine lends us the arguments for this call; the text is freed by `take_pwstr`.
    let (id, url) = unsafe { (value(|to| args.NavigationId(to))?, text(|to| args.Uri(to))?) };
    let before = load.replace(Load { id, url: url.clone(), shown: false });
    if before.id != id {
        // The same number again is a redirection.
        tell(report, LoadState::Started, url, None);
    }
    Ok(())
}

fn committed(
    webview: &ICoreWebView2,
    args: &ICoreWebView2ContentLoadingEventArgs,
    load: &RefCell<Load>,
    report: &Report,
) -> Result<()> {
    // SAFETY: the engine lends us the arguments for this call.
    let failed = unsafe { value::<BOOL>(|to| args.IsErrorPage(to))? }.as_bool();
    load.borrow_mut().shown = !failed;
    // An error page has the address of what failed, but it is nobody's document.
    let url = if failed { "about:blank".into() } else { source(webview)? };
    tell(report, LoadState::Committed, url, None);
    Ok(())
}

fn completed(
    webview: &ICoreWebView2,
    args: &ICoreWebView2NavigationCompletedEventArgs,
    load: &Load,
    report: &Report,
) -> Result<()> {
    // SAFETY: the engine lends us the arguments for this call.
    let (id, success, status) = unsafe {
        let success: BOOL = value(|to| args.IsSuccess(to))?;
        (value::<u64>(|to| args.NavigationId(to))?, success.as_bool(), value(|to| args.WebErrorStatus(to))?)
    };
    if load.id != id {
        return Ok(()); // another load replaced it
    }
    // A page that came with HTTP status 404, say, is a page.
    if !success && !load.shown {
        if status == COREWEBVIEW2_WEB_ERROR_STATUS_OPERATION_CANCELED {
            return Ok(());
        }
        tell(report, LoadState::Failed, load.url.clone(), Some(describe(status)));
    }
    tell(report, LoadState::Finished, source(webview)?, None);
    Ok(())
}

fn tell(report: &Report, state: LoadState, url: String, message: Option<String>) {
    report(Event::Loading(Loading { state, url, message }));
}

/// A load that could not even be asked for.
fn fail_load(report: &Report, url: &str, message: String) {
    tell(report, LoadState::Failed, url.to_owned(), Some(message));
}

fn describe(status: COREWEBVIEW2_WEB_ERROR_STATUS) -> String {
    let text = match status {
        COREWEBVIEW2_WEB_ERROR_STATUS_SERVER_UNREACHABLE => "the server cannot be reached",
        COREWEBVIEW2_WEB_ERROR_STATUS_TIMEOUT => "the server did not answer in time",
        COREWEBVIEW2_WEB_ERROR_STATUS_CONNECTION_ABORTED => "the connection was ended",
        COREWEBVIEW2_WEB_ERROR_STATUS_CONNECTION_RESET => "the server ended the connection",
        COREWEBVIEW2_WEB_ERROR_STATUS_DISCONNECTED => "the network is gone",
        COREWEBVIEW2_WEB_ERROR_STATUS_CANNOT_CONNECT => "cannot connect to the server",
        COREWEBVIEW2_WEB_ERROR_STATUS_HOST_NAME_NOT_RESOLVED => "the server's name is not known",
        other => return format!("WebView2 reports web error {}", other.0),
    };
    text.into()
}

fn connect_crashes(webview: &ICoreWebView2, report: Report) -> Result<()> {
    let failed = ProcessFailedEventHandler::create(Box::new(move |_, args| {
        let Some(args) = args else { return Ok(()) };
        // SAFETY: the engine lends us the arguments for this call.
        let kind = unsafe { value(|to| args.ProcessFailedKind(to))? };
        let reason = match kind {
            COREWEBVIEW2_PROCESS_FAILED_KIND_BROWSER_PROCESS_EXITED => "the browser process ended",
            COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_EXITED => "the web process ended",
            // Frames of others, the graphics process and helpers: the engine goes on by itself.
            _ => return Ok(()),
        };
        report(Event::WebProcessGone(reason.into()));
        Ok(())
    }));
    // SAFETY: the page is alive and this is its thread; it holds the handler as long as it lives.
    unsafe { webview.add_ProcessFailed(&failed, &mut 0) }
}

// ---- posts ----

/// A post that waits for its answer. The page's adapter (`sdk/src/transport.ts`) puts a word in front of each post and
/// knows the answer by it; a word of an earlier document means nothing to a later one.
struct Reply {
    webview: ICoreWebView2,
    word: String,
}

impl Reply {
    fn post(&self, verdict: char, text: &str) {
        let message = HSTRING::from(format!("{} {verdict}{text}", self.word));
        // SAFETY: the reference keeps the page's object alive, this is its thread, and the text is copied. It fails only
        // for a page that is gone.
        let _ = unsafe { self.webview.PostWebMessageAsString(&message) };
    }
}

impl Slot for Reply {
    fn answer(self: Box<Self>, batch: &str) {
        self.post('a', batch);
    }

    fn refuse(self: Box<Self>, reason: &str) {
        self.post('r', reason);
    }
}

/// The engine passes on what the main frame posts, and nothing of other frames.
fn connect_posts(webview: &ICoreWebView2, report: Report) -> Result<()> {
    let received = WebMessageReceivedEventHandler::create(Box::new(move |webview, args| {
        let (Some(webview), Some(args)) = (webview, args) else { return Ok(()) };
        // SAFETY: the engine lends us the arguments for this call; the text is freed by `take_pwstr`. It fails for what
        // is no text: that is not ours, and as an empty text it is refused like any other stranger.
        let message = text(|to| unsafe { args.TryGetWebMessageAsString(to) }).unwrap_or_default();
        let (word, post) = message.split_once(' ').unwrap_or_default();
        let slot = Box::new(Reply { webview, word: word.to_owned() });
        report(Event::Post { text: post.to_owned(), slot });
        Ok(())
    }));
    // SAFETY: the page is alive and this is its thread; it holds the handler as long as it lives.
    unsafe { webview.add_WebMessageReceived(&received, &mut 0) }
}

// ---- scripts ----

/// What `Runtime.evaluate` answers, as far as it is read.
#[derive(Deserialize)]
struct Evaluated {
    #[serde(default)]
    result: Object,
    #[serde(rename = "exceptionDetails")]
    exception: Option<Exception>,
}

#[derive(Default, Deserialize)]
struct Object {
    #[serde(default)]
    value: serde_json::Value,
    description: Option<String>,
}

#[derive(Deserialize)]
struct Exception {
    text: String,
    exception: Option<Object>,
}

/// Calls a function body in the page, by the one way of this engine that awaits promises.
fn call(webview: &ICoreWebView2, body: &str, then: Then) {
    let expression = format!("(async()=>{{{body}}})()");
    let wanted = serde_json::json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
    // Whichever comes first, the answer or the refusal to ask, takes it.
    let then = Rc::new(RefCell::new(Some(then)));
    let answer = Rc::clone(&then);
    let handler = CallDevToolsProtocolMethodCompletedHandler::create(Box::new(move |called, text| {
        if let Some(then) = answer.take() {
            then(if called.is_ok() { read_evaluated(&text) } else { script::page_gone() });
        }
        Ok(())
    }));
    let parameters = HSTRING::from(wanted.to_string());
    // SAFETY: the reference keeps the page's object alive, this is its thread, and the texts are copied.
    let asked = unsafe { webview.CallDevToolsProtocolMethod(w!("Runtime.evaluate"), &parameters, &handler) };
    if asked.is_err()
        && let Some(then) = then.take()
    {
        then(script::page_gone());
    }
}

fn read_evaluated(text: &str) -> Ran {
    match serde_json::from_str(text) {
        Ok(Evaluated { exception: Some(exception), .. }) => {
            let description = exception.exception.and_then(|object| object.description).unwrap_or(exception.text);
            script::refused(description.lines().next().unwrap_or_default())
        }
        Ok(Evaluated { result: Object { value: serde_json::Value::String(text), .. }, .. }) => Ran::Returned(text),
        // The wrapper always returns a text, so the engine has lost the page that was to return it.
        Ok(_) | Err(_) => script::page_gone(),
    }
}
