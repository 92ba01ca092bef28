//! Windows by tao, pages by wry.

use super::{Event, ViewFactory, WebViewBackend, gtk_window, webkitgtk};
use crate::app::{App, EventLoopBackend};
use crate::assets::Assets;
use crate::origin::SCHEME;
use auroraview_core::wire::{ViewOptions, WindowChange};
use gtk::glib;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;
use tao::dpi::{LogicalPosition, LogicalSize};
use tao::event::{Event as TaoEvent, WindowEvent};
use tao::event_loop::{ControlFlow, EventLoop, EventLoopBuilder, EventLoopProxy, EventLoopWindowTarget};
use tao::platform::run_return::EventLoopExtRunReturn;
use tao::platform::unix::WindowExtUnix;
use tao::window::{Fullscreen, Window, WindowBuilder, WindowId};
use wry::{NewWindowResponse, WebContext, WebView, WebViewBuilder, WebViewBuilderExtUnix, WebViewExtUnix};

/// Only says "look again": the app has something that needs the loop itself.
struct LookAgain;

/// The loop, made before anything is promised to the host.
pub struct Loop(EventLoop<LookAgain>);

/// Makes the loop, or says why there can be no window here.
pub fn prepare() -> Result<Loop, String> {
    // tao would panic without a display.
    gtk::init().map_err(|_| no_display())?;
    Ok(Loop(EventLoopBuilder::with_user_event().build()))
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

/// What callbacks of the engine share with the loop: the app, and the one queue of reports.
///
/// A report that comes while another is handled waits, so that nothing is ever handled from inside a call into the
/// engine.
struct Shared {
    app: RefCell<App>,
    reports: RefCell<VecDeque<(u32, Event)>>,
    busy: Cell<bool>,
    flushing: Cell<bool>,
    windows: RefCell<HashMap<WindowId, u32>>,
    proxy: EventLoopProxy<LookAgain>,
}

impl Shared {
    fn report(self: &Rc<Self>, view: u32, event: Event) {
        self.reports.borrow_mut().push_back((view, event));
        self.turn(|_| ());
    }

    /// Does `work` and handles all reports, unless that is going on already further up.
    fn turn(self: &Rc<Self>, work: impl FnOnce(&mut App)) {
        if self.busy.replace(true) {
            return;
        }
        work(&mut self.app.borrow_mut());
        while let Some((view, event)) = self.next_report() {
            self.app.borrow_mut().handle(view, event);
        }
        let mut app = self.app.borrow_mut();
        if app.wants_to_create() || app.exiting() {
            let _ = self.proxy.send_event(LookAgain); // the loop is gone only when the process is
        }
        if !app.peer().flush() {
            self.flush_when_writable(app.peer().as_raw_fd());
        }
        self.busy.set(false);
    }

    fn next_report(&self) -> Option<(u32, Event)> {
        self.reports.borrow_mut().pop_front()
    }

    fn flush_when_writable(self: &Rc<Self>, fd: i32) {
        if self.flushing.replace(true) {
            return;
        }
        let this = Rc::clone(self);
        glib::source::unix_fd_add_local(fd, glib::IOCondition::OUT, move |_, _| {
            if !this.app.borrow_mut().peer().flush() {
                return glib::ControlFlow::Continue;
            }
            this.flushing.set(false);
            glib::ControlFlow::Break
        });
    }

    fn watch_link(self: &Rc<Self>) {
        let this = Rc::clone(self);
        let fd = self.app.borrow_mut().peer().as_raw_fd();
        glib::source::unix_fd_add_local(fd, glib::IOCondition::IN | glib::IOCondition::HUP, move |_, _| {
            let mut alive = true;
            this.turn(|app| alive = app.read_link());
            // A dead link ends the process by the parent watch; this source only must not spin until then.
            if alive { glib::ControlFlow::Continue } else { glib::ControlFlow::Break }
        });
    }
}

impl EventLoopBackend for Loop {
    fn run(mut self, app: App) -> Result<(), String> {
        let shared = Rc::new(Shared {
            app: RefCell::new(app),
            reports: RefCell::default(),
            busy: Cell::new(false),
            flushing: Cell::new(false),
            windows: RefCell::default(),
            proxy: self.0.create_proxy(),
        });
        shared.watch_link();
        self.0.run_return(|event, target, flow| {
            *flow = ControlFlow::Wait;
            match event {
                TaoEvent::UserEvent(LookAgain) => {
                    shared.turn(|app| app.create_views(&Factory { shared: &shared, target }));
                    if shared.app.borrow().exiting() {
                        *flow = ControlFlow::Exit;
                    }
                }
                TaoEvent::WindowEvent { window_id, event: WindowEvent::CloseRequested, .. } => {
                    let view = shared.windows.borrow().get(&window_id).copied();
                    if let Some(view) = view {
                        shared.report(view, Event::CloseClicked);
                    }
                }
                _ => {}
            }
        });
        Ok(())
    }
}

/// Makes views while tao lends us its window target.
struct Factory<'a> {
    shared: &'a Rc<Shared>,
    target: &'a EventLoopWindowTarget<LookAgain>,
}

impl ViewFactory for Factory<'_> {
    fn create(
        &self,
        view: u32,
        options: &ViewOptions,
        boot: String,
        assets: &Assets,
    ) -> Result<Box<dyn WebViewBackend>, String> {
        let window = build_window(self.target, options).map_err(|error| format!("cannot make a window: {error}"))?;
        let shared = Rc::clone(self.shared);
        let report: Rc<dyn Fn(Event)> = Rc::new(move |event| shared.report(view, event));
        let mut context = options.data_directory.as_ref().map(|folder| WebContext::new(Some(PathBuf::from(folder))));
        let webview = build_webview(&window, &mut context, options, boot, assets)
            .map_err(|error| format!("cannot make a page: {error}"))?;
        webkitgtk::connect(&webview.webview(), options.context_menu, Rc::clone(&report));
        gtk_window::connect(window.gtk_window(), Rc::clone(&report));
        self.shared.windows.borrow_mut().insert(window.id(), view);
        Ok(Box::new(WryView { webview, _context: context, window, report, shared: Rc::clone(self.shared) }))
    }
}

fn build_window(
    target: &EventLoopWindowTarget<LookAgain>,
    options: &ViewOptions,
) -> Result<Window, tao::error::OsError> {
    let mut builder = WindowBuilder::new()
        .with_title(options.title.as_deref().unwrap_or(""))
        .with_inner_size(LogicalSize::new(options.width, options.height))
        .with_resizable(options.resizable)
        .with_decorations(options.frame)
        .with_transparent(options.transparent)
        .with_always_on_top(options.always_on_top)
        .with_visible(options.visible);
    if let (Some(x), Some(y)) = (options.x, options.y) {
        builder = builder.with_position(LogicalPosition::new(x, y));
    }
    builder.build(target)
}

fn build_webview(
    window: &Window,
    context: &mut Option<WebContext>,
    options: &ViewOptions,
    boot: String,
    assets: &Assets,
) -> wry::Result<WebView> {
    let ask = assets.asker();
    let builder = match context {
        Some(context) => WebViewBuilder::new_with_web_context(context),
        None => WebViewBuilder::new().with_incognito(true),
    };
    let mut builder = builder
        .with_initialization_script_for_main_only(boot, true)
        .with_asynchronous_custom_protocol(SCHEME.into(), move |_, request, responder| {
            ask(&request, Box::new(move |answer| responder.respond(answer)));
        })
        .with_new_window_req_handler(|_, _| NewWindowResponse::Deny)
        .with_devtools(options.debug)
        .with_transparent(options.transparent)
        .with_visible(options.visible)
        .with_focused(true);
    if let Some(color) = options.background_color.as_deref().and_then(rgba) {
        builder = builder.with_background_color(color);
    }
    match window.default_vbox() {
        Some(vbox) => builder.build_gtk(vbox),
        None => builder.build_gtk(window.gtk_window()),
    }
}

/// `#rrggbb` as wry wants it.
fn rgba(text: &str) -> Option<wry::RGBA> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some((part(0)?, part(2)?, part(4)?, 255))
}

/// A window and its page. Fields are dropped in this order: the page before its window.
struct WryView {
    webview: WebView,
    _context: Option<WebContext>,
    window: Window,
    report: Rc<dyn Fn(Event)>,
    shared: Rc<Shared>,
}

impl Drop for WryView {
    fn drop(&mut self) {
        self.shared.windows.borrow_mut().remove(&self.window.id());
    }
}

impl WebViewBackend for WryView {
    fn window_handle(&self) -> Option<u64> {
        gtk_window::handle(self.window.gtk_window())
    }

    fn navigate(&mut self, url: &str) {
        // WebKitGTK's load cannot fail at once; it reports.
        let _ = self.webview.load_url(url);
    }

    fn reload(&mut self) {
        let _ = self.webview.reload();
    }

    fn eval(&mut self, id: u64, script: &str) {
        webkitgtk::eval(&self.webview.webview(), id, script, Rc::clone(&self.report));
    }

    fn change_window(&mut self, change: &WindowChange) {
        let window = &self.window;
        if let Some(title) = &change.title {
            window.set_title(title);
        }
        if let Some((width, height)) = change.size {
            window.set_inner_size(LogicalSize::new(width, height));
        }
        if let Some((x, y)) = change.position {
            window.set_outer_position(LogicalPosition::new(x, y));
        }
        if let Some(visible) = change.visible {
            window.set_visible(visible);
        }
        if let Some(minimized) = change.minimized {
            window.set_minimized(minimized);
        }
        if let Some(maximized) = change.maximized {
            window.set_maximized(maximized);
        }
        if let Some(fullscreen) = change.fullscreen {
            window.set_fullscreen(fullscreen.then_some(Fullscreen::Borderless(None)));
        }
        if let Some(on_top) = change.always_on_top {
            window.set_always_on_top(on_top);
        }
        if change.focus == Some(true) {
            window.set_focus();
        }
    }
}
