//! WKWebView, and what wry leaves out of it: script messages with reply, scripts with a result, crashes, failed loads.
//!
//! Every callback comes on the main thread, which is the one of the loop.
#![allow(unsafe_code)] // Objective-C; each use has its SAFETY note

use super::script::{self, Ran, Then};
use super::spare::Spare;
use super::wry::Opening;
use super::{Event, Report, Slot, builder, cocoa_menu, scheme};
use crate::origin::{SCHEME, Spelling};
use auroraview_core::wire::{LoadState, Loading};
use block2::{DynBlock, RcBlock};
use objc2::rc::Retained;
use objc2::runtime::{AnyObject, NSObject, NSObjectProtocol, ProtocolObject};
use objc2::{DefinedClass, MainThreadMarker, MainThreadOnly, define_class, msg_send, sel};
use objc2_foundation::{NSError, NSString, NSURL, NSURLErrorCancelled, NSURLErrorDomain, ns_string};
use objc2_web_kit::{
    WKContentWorld, WKErrorCode, WKErrorDomain, WKNavigation, WKNavigationDelegate, WKScriptMessage,
    WKScriptMessageHandlerWithReply, WKUserContentController, WKWebView,
};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use tao::window::Window;
use wry::{NewWindowResponse, WebContext, WebViewBuilderExtDarwin, WebViewExtMacOS};

/// Where the page finds us: `window.webkit.messageHandlers.auroraview`.
const HANDLER: &str = "auroraview";
/// WebKit's option for its context menu is for subclasses only; a page that shows a menu of its own still can.
const NO_CONTEXT_MENU: &str = "addEventListener('contextmenu',function(e){e.preventDefault()})";

/// WebKit knows schemes of ours.
pub const SPELLING: Spelling = Spelling::AS_IT_IS;

/// The bridge, as `npm run build` in `sdk/` makes it.
pub const BRIDGE: &str = include_str!("../../../../sdk/dist/bridge.js");

/// The engine and its version, for people.
pub fn engine_name() -> String {
    format!("WKWebView {}", wry::webview_version().unwrap_or_default())
}

/// Says why there can be no window here.
pub fn prepare() -> Result<(), String> {
    match MainThreadMarker::new() {
        Some(_) => Ok(()),
        None => Err("windows need the main thread of the process".into()),
    }
}

/// WebKit keeps things in a place of its own; see [`store`].
pub fn context(_folder: Option<&Path>) -> Option<WebContext> {
    None
}

/// WebKit's store that stands for a folder: the folder's name as a number (FNV-1a). Before macOS 14 there is one store
/// only.
fn store(folder: &str) -> [u8; 16] {
    let step = |hash: u128, byte: u8| (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    folder.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, step).to_be_bytes()
}

/// A page in its window.
pub struct Page {
    webview: wry::WebView,
    /// The engine's reference to it is a weak one.
    delegate: Retained<Delegate>,
    mtm: MainThreadMarker,
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
        let mtm = MainThreadMarker::new().ok_or(wry::Error::NotMainThread)?;
        let (to, windows) = (Rc::clone(&report), Rc::clone(&report));
        let mut builder = scheme::offer(builder, SCHEME.into(), desk)
            .with_document_title_changed_handler(move |title| to(Event::Title(title)))
            .with_new_window_req_handler(move |url, _| {
                windows(Event::NewWindow { url, asked: true }); // the engine tells nobody who asked
                NewWindowResponse::Deny // none of the engine's making: the view decides
            })
            // In a hidden window; a hidden page would have to be shown by itself later.
            .with_visible(true)
            .with_focused(options.visible);
        if let Some(folder) = &options.data_directory {
            builder = builder.with_data_store_identifier(store(folder));
        }
        if !options.context_menu {
            builder = builder.with_initialization_script_for_main_only(NO_CONTEXT_MENU, false);
        }
        let webview = builder.build(window)?;
        let delegate = Delegate::new(report, mtm);
        connect(&webview, &delegate, mtm);
        cocoa_menu::install(mtm);
        Ok(Self { webview, delegate, mtm })
    }

    /// Loads an address.
    pub fn load(&self, url: &str) {
        // Checked here, since wry panics for a text that is no address to WebKit.
        match NSURL::URLWithString(&NSString::from_str(url)) {
            Some(_) => drop(self.webview.load_url(url)),
            None => self.delegate.fail(url.to_owned(), "it is not an address".into()),
        }
    }

    /// Loads the current address again.
    pub fn reload(&self) {
        let _ = self.webview.reload();
    }

    /// Runs a script and reports what came of it.
    pub fn eval(&self, id: u64, script: &str) {
        let webview = self.webview.webview();
        let report = Rc::clone(&self.delegate.ivars().report);
        let mtm = self.mtm;
        let done = move |outcome| report(Event::Evaluated { id, outcome });
        script::eval(script, None, move |body, then| call(&webview, body, then, mtm), done);
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: both are alive and this is their thread. The engine's references to the delegate end here.
        unsafe {
            let world = WKContentWorld::pageWorld(self.mtm);
            self.webview.manager().removeScriptMessageHandlerForName_contentWorld(&NSString::from_str(HANDLER), &world);
            self.webview.webview().setNavigationDelegate(None);
        }
    }
}

fn connect(webview: &wry::WebView, delegate: &Delegate, mtm: MainThreadMarker) {
    let (view, manager) = (webview.webview(), webview.manager());
    // SAFETY: all are alive and this is their thread. The handler is one that no other part of the process registers,
    // and the setter is called only if it is there.
    unsafe {
        // In place of wry's, which reports neither the beginning nor the failure of a load. What wry's does besides
        // (scripts that wait for the first load, downloads) is not used here.
        view.setNavigationDelegate(Some(ProtocolObject::from_ref(delegate)));
        manager.addScriptMessageHandlerWithReply_contentWorld_name(
            ProtocolObject::from_ref(delegate),
            &WKContentWorld::pageWorld(mtm),
            &NSString::from_str(HANDLER),
        );
        // A document that is revived from the page cache would have a generation that is over. WebKit has no public
        // option for it.
        let preferences = view.configuration().preferences();
        if preferences.respondsToSelector(sel!(_setUsesPageCache:)) {
            let () = msg_send![&*preferences, _setUsesPageCache: false];
        }
    }
}

struct Ivars {
    report: Report,
}

define_class!(
    // SAFETY: NSObject has no rules for subclasses, and the class has no `Drop`.
    #[unsafe(super(NSObject))]
    #[thread_kind = MainThreadOnly]
    #[name = "AuroraViewPageDelegate"]
    #[ivars = Ivars]
    struct Delegate;

    // SAFETY: it has no methods to get wrong.
    unsafe impl NSObjectProtocol for Delegate {}

    // SAFETY: the method has the signature of the protocol.
    unsafe impl WKScriptMessageHandlerWithReply for Delegate {
        #[unsafe(method(userContentController:didReceiveScriptMessage:replyHandler:))]
        fn posted(
            &self,
            _controller: &WKUserContentController,
            message: &WKScriptMessage,
            reply: &DynBlock<dyn Fn(*mut AnyObject, *mut NSString)>,
        ) {
            // SAFETY: the engine lends us the message for this call.
            let (body, is_main) = unsafe { (message.body(), message.frameInfo().isMainFrame()) };
            // Anything but a string of the main frame is not ours; as an empty text it is refused like any stranger.
            let text = body.downcast::<NSString>().ok().filter(|_| is_main);
            let slot = Box::new(Reply(reply.copy()));
            (self.ivars().report)(Event::Post { text: text.map(|text| text.to_string()).unwrap_or_default(), slot });
        }
    }

    // SAFETY: the methods have the signatures of the protocol.
    unsafe impl WKNavigationDelegate for Delegate {
        #[unsafe(method(webView:didStartProvisionalNavigation:))]
        fn started(&self, webview: &WKWebView, _navigation: Option<&WKNavigation>) {
            self.tell(LoadState::Started, address(webview), None);
        }

        #[unsafe(method(webView:didCommitNavigation:))]
        fn committed(&self, webview: &WKWebView, _navigation: Option<&WKNavigation>) {
            self.tell(LoadState::Committed, address(webview), None);
        }

        #[unsafe(method(webView:didFinishNavigation:))]
        fn finished(&self, webview: &WKWebView, _navigation: Option<&WKNavigation>) {
            self.tell(LoadState::Finished, address(webview), None);
        }

        #[unsafe(method(webView:didFailProvisionalNavigation:withError:))]
        fn failed_early(&self, webview: &WKWebView, _navigation: Option<&WKNavigation>, error: &NSError) {
            self.failed(webview, error);
        }

        #[unsafe(method(webView:didFailNavigation:withError:))]
        fn failed_late(&self, webview: &WKWebView, _navigation: Option<&WKNavigation>, error: &NSError) {
            self.failed(webview, error);
        }

        #[unsafe(method(webViewWebContentProcessDidTerminate:))]
        fn terminated(&self, _webview: &WKWebView) {
            (self.ivars().report)(Event::WebProcessGone("the web process ended".into()));
        }
    }
);

impl Delegate {
    fn new(report: Report, mtm: MainThreadMarker) -> Retained<Self> {
        let this = mtm.alloc::<Self>().set_ivars(Ivars { report });
        // SAFETY: NSObject's `init` takes nothing and returns the object.
        unsafe { msg_send![super(this), init] }
    }

    fn tell(&self, state: LoadState, url: String, message: Option<String>) {
        (self.ivars().report)(Event::Loading(Loading { state, url, message }));
    }

    fn fail(&self, url: String, message: String) {
        self.tell(LoadState::Failed, url, Some(message));
    }

    fn failed(&self, webview: &WKWebView, error: &NSError) {
        // SAFETY: the domain's name is a constant of the framework.
        let of_loading = unsafe { error.domain().isEqualToString(NSURLErrorDomain) };
        // A load that another load replaced has not failed; the engine reports it as cancelled.
        if of_loading && error.code() == NSURLErrorCancelled {
            return;
        }
        let named = error.userInfo().objectForKey(ns_string!("NSErrorFailingURLStringKey"));
        let url = named.and_then(|url| url.downcast::<NSString>().ok()).map(|url| url.to_string());
        self.fail(url.unwrap_or_else(|| address(webview)), error.localizedDescription().to_string());
        // The engine goes on with the document that was there before.
        self.tell(LoadState::Finished, address(webview), None);
    }
}

fn address(webview: &WKWebView) -> String {
    // SAFETY: the page is alive and this is its thread.
    let url = unsafe { webview.URL() };
    url.and_then(|url| url.absoluteString()).map(|url| url.to_string()).unwrap_or_default()
}

/// A script message that waits for its reply. Dropped unanswered it is rejected by the engine.
struct Reply(RcBlock<dyn Fn(*mut AnyObject, *mut NSString)>);

impl Slot for Reply {
    fn answer(self: Box<Self>, batch: &str) {
        let batch: Retained<AnyObject> = NSString::from_str(batch).into();
        self.0.call((Retained::as_ptr(&batch).cast_mut(), std::ptr::null_mut()));
    }

    fn refuse(self: Box<Self>, reason: &str) {
        let reason = NSString::from_str(reason);
        self.0.call((std::ptr::null_mut(), Retained::as_ptr(&reason).cast_mut()));
    }
}

/// Calls a function body in the page.
fn call(webview: &WKWebView, body: &str, then: Then, mtm: MainThreadMarker) {
    let then = RefCell::new(Some(then));
    let done = RcBlock::new(move |value: *mut AnyObject, error: *mut NSError| {
        // SAFETY: the engine lends us a value or an error, or neither, for this call.
        let (value, error) = unsafe { (value.as_ref(), error.as_ref()) };
        if let Some(then) = then.take() {
            then(match (value.and_then(|value| value.downcast_ref::<NSString>()), error) {
                (_, Some(error)) => refused(error),
                (Some(text), None) => Ran::Returned(text.to_string()),
                // The wrapper always returns a text, so the engine has lost the page that was to return it.
                (None, None) => script::page_gone(),
            });
        }
    });
    // SAFETY: the page is alive and this is its thread; the engine copies the text and the block.
    unsafe {
        webview.callAsyncJavaScript_arguments_inFrame_inContentWorld_completionHandler(
            &NSString::from_str(body),
            None,
            None,
            &WKContentWorld::pageWorld(mtm),
            Some(&done),
        );
    }
}

fn refused(error: &NSError) -> Ran {
    // SAFETY: the domain's name is a constant of the framework.
    let of_webkit = unsafe { error.domain().isEqualToString(WKErrorDomain) };
    if !of_webkit || error.code() != WKErrorCode::JavaScriptExceptionOccurred.0 {
        return script::page_gone();
    }
    let thrown = error.userInfo().objectForKey(ns_string!("WKJavaScriptExceptionMessage"));
    match thrown.and_then(|text| text.downcast::<NSString>().ok()) {
        Some(text) => script::refused(&text.to_string()),
        None => script::refused(&error.localizedDescription().to_string()),
    }
}
