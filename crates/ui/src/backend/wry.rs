//! Windows by tao, pages by wry.

use super::{Event, Report, ViewFactory, WebViewBackend, engine, link, window};
use crate::app::{App, EventLoopBackend};
use crate::assets::Assets;
use auroraview_core::wire::{ViewOptions, WindowChange};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::rc::Rc;
use tao::dpi::{LogicalPosition, LogicalSize};
use tao::event::{Event as TaoEvent, WindowEvent};
use tao::event_loop::{ControlFlow, EventLoop, EventLoopBuilder, EventLoopProxy, EventLoopWindowTarget};
use tao::platform::run_return::EventLoopExtRunReturn;
use tao::window::{Fullscreen, Window, WindowBuilder, WindowId};
use wry::{NewWindowResponse, WebContext, WebViewBuilder};

/// Says "look again" to the loop, from any thread: do this on the loop's thread, then see what the app needs of the loop.
pub struct LookAgain(pub fn(&Rc<Shared>));

/// The loop, made before anything is promised to the host.
pub struct Loop(EventLoop<LookAgain>);

/// Makes the loop, or says why there can be no window here.
pub fn prepare() -> Result<Loop, String> {
    engine::prepare()?;
    Ok(Loop(EventLoopBuilder::with_user_event().build()))
}

/// What callbacks of the engine share with the loop: the app, and the one queue of reports.
///
/// A report that comes while another is handled waits, so that nothing is ever handled from inside a call into the
/// engine.
pub struct Shared {
    /// Borrowed for one call into it at a time.
    pub app: RefCell<App>,
    /// Of the platform's way to watch the link.
    pub watch: link::Watch,
    /// To the loop, from any thread.
    pub proxy: EventLoopProxy<LookAgain>,
    reports: RefCell<VecDeque<(u32, Event)>>,
    busy: Cell<bool>,
    windows: RefCell<HashMap<WindowId, u32>>,
}

impl Shared {
    /// Reads the link once and handles what came. False when the host is gone.
    pub fn read_link(self: &Rc<Self>) -> bool {
        let mut alive = true;
        self.turn(|app| alive = app.read_link());
        alive
    }

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
        if self.app.borrow().wants_to_create() || self.app.borrow().exiting() {
            let _ = self.proxy.send_event(LookAgain(|_| ())); // the loop is gone only when the process is
        }
        let flushed = self.app.borrow_mut().peer().flush();
        if !flushed {
            link::flush_when_writable(self);
        }
        self.busy.set(false);
    }

    fn next_report(&self) -> Option<(u32, Event)> {
        self.reports.borrow_mut().pop_front()
    }
}

impl EventLoopBackend for Loop {
    fn run(mut self, app: App) -> Result<(), String> {
        let shared = Rc::new(Shared {
            app: RefCell::new(app),
            watch: link::Watch::default(),
            proxy: self.0.create_proxy(),
            reports: RefCell::default(),
            busy: Cell::new(false),
            windows: RefCell::default(),
        });
        link::read_when_readable(&shared)?;
        self.0.run_return(|event, target, flow| {
            *flow = ControlFlow::Wait;
            match event {
                TaoEvent::UserEvent(LookAgain(first)) => {
                    first(&shared);
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
        let report = self.reporter(view);
        let mut context = engine::context(options.data_directory.as_deref().map(Path::new));
        let builder = page_builder(&mut context, options, boot, assets);
        let page = engine::Page::open(builder, &window, options, Rc::clone(&report))
            .map_err(|error| format!("cannot make a page: {error}"))?;
        window::connect(&window, report);
        self.shared.windows.borrow_mut().insert(window.id(), view);
        Ok(Box::new(WryView { page, _context: context, window, shared: Rc::clone(self.shared) }))
    }
}

impl Factory<'_> {
    /// Takes the engine's and the window's reports for a view. Addresses are as on the wire from here on.
    fn reporter(&self, view: u32) -> Report {
        let shared = Rc::clone(self.shared);
        Rc::new(move |mut event| {
            if let Event::Loading(loading) = &mut event {
                loading.url = engine::SPELLING.to_wire(&loading.url);
            }
            shared.report(view, event);
        })
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

fn page_builder<'a>(
    context: &'a mut Option<WebContext>,
    options: &ViewOptions,
    boot: String,
    assets: &Assets,
) -> WebViewBuilder<'a> {
    let ask = assets.asker();
    let builder = match context {
        Some(context) => WebViewBuilder::new_with_web_context(context),
        None => WebViewBuilder::new(),
    };
    let mut builder = builder
        .with_incognito(options.data_directory.is_none())
        .with_initialization_script_for_main_only(boot, true)
        .with_asynchronous_custom_protocol(engine::scheme(&options.app_id), move |_, request, responder| {
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
    builder
}

/// `#rrggbb` as wry wants it.
fn rgba(text: &str) -> Option<wry::RGBA> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some((part(0)?, part(2)?, part(4)?, 255))
}

/// A window and its page. Fields are dropped in this order: the page before its window.
struct WryView {
    page: engine::Page,
    _context: Option<WebContext>,
    window: Window,
    shared: Rc<Shared>,
}

impl Drop for WryView {
    fn drop(&mut self) {
        self.shared.windows.borrow_mut().remove(&self.window.id());
    }
}

impl WebViewBackend for WryView {
    fn window_handle(&self) -> Option<u64> {
        window::handle(&self.window)
    }

    fn navigate(&mut self, url: &str) {
        self.page.load(&engine::SPELLING.to_engine(url));
    }

    fn reload(&mut self) {
        self.page.reload();
    }

    fn eval(&mut self, id: u64, script: &str) {
        self.page.eval(id, script);
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
