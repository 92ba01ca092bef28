//! Windows by tao, pages by wry.

use super::dialogs::Dialogs;
use super::owner::{self, Owned};
use super::parent::Embedded;
use super::spare::Spare;
use super::{EmbeddableBackend, Event, Report, Tie, ViewFactory, WebViewBackend, engine, link, opener, parent, window};
use crate::app::{App, EventLoopBackend};
use crate::assets::Assets;
use crate::origin::own_origin;
use crate::request::Desk;
use crate::stock;
use auroraview_core::direct::Introduction;
use auroraview_core::wire::{Dialog, Loading, ViewOptions, WindowChange, WindowState};
use auroraview_link::LANE_VARIABLE;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::rc::Rc;
use tao::dpi::{LogicalPosition, LogicalSize};
use tao::event::{Event as TaoEvent, WindowEvent};
use tao::event_loop::{ControlFlow, EventLoop, EventLoopBuilder, EventLoopProxy, EventLoopWindowTarget};
use tao::platform::run_return::EventLoopExtRunReturn;
use tao::window::{Fullscreen, Window, WindowBuilder, WindowId};
use wry::WebContext;

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
    spare: RefCell<Option<Spare>>,
}

/// What a page is made of, or a spare one made into.
pub struct Opening<'a> {
    /// Of its view.
    pub options: &'a ViewOptions,
    /// Injected into every document of its main frame.
    pub boot: String,
    /// What the fast lane's library must know; none where the host has no fast lane.
    #[allow(dead_code)] // only WebKitGTK has the library
    pub lane: Option<Introduction>,
    /// Where it and its engine report to.
    pub report: Report,
    /// Who answers its requests to the view's own origin.
    pub desk: Desk,
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
        let flushed = self.app.borrow_mut().flush();
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
            spare: RefCell::default(),
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
        let desk = Desk::new(options, assets.asker(), Rc::clone(&report));
        let opening = Opening { options, boot, lane: lane(view, options), report: Rc::clone(&report), desk };
        let page = engine::Page::open(&window, &mut context, opening, self.take_spare(options))
            .map_err(|error| format!("cannot make a page: {error}"))?;
        let tie = match options.parent {
            Some(parent) => Some(owner::tie(&window, parent, Rc::clone(&report))?),
            None => None,
        };
        let embedded = match options.container {
            Some(container) => Some(parent::embed(&window, &page, container, options, Rc::clone(&report))?),
            None => None,
        };
        if tie.is_some() || embedded.is_some() {
            window.set_visible(options.visible); // not before it is where it belongs
        }
        let window_report = if embedded.is_some() { without_focus(Rc::clone(&report)) } else { Rc::clone(&report) };
        window::connect(&window, window_report);
        let dialogs = Dialogs::new(&window, report, &self.shared.proxy);
        self.shared.windows.borrow_mut().insert(window.id(), view);
        Ok(Box::new(WryView {
            dialogs,
            embedded,
            page,
            tie,
            _context: context,
            window,
            shared: Rc::clone(self.shared),
        }))
    }

    fn keep_spare(&self) {
        let mut spare = self.shared.spare.borrow_mut();
        if spare.as_ref().is_none_or(Spare::is_gone) {
            *spare = Spare::make();
        }
    }
}

impl Factory<'_> {
    /// The empty page that is kept, if the view can have it.
    fn take_spare(&self, options: &ViewOptions) -> Option<Spare> {
        self.shared.spare.borrow_mut().take_if(|spare| !spare.is_gone() && stock::fits(options))
    }

    /// Takes the engine's and the window's reports for a view. Addresses are as on the wire from here on.
    fn reporter(&self, view: u32) -> Report {
        let shared = Rc::clone(self.shared);
        Rc::new(move |mut event| {
            if let Event::Loading(Loading { url, .. }) | Event::NewWindow { url, .. } = &mut event {
                *url = engine::SPELLING.to_wire(url);
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
        .with_decorations(options.frame && options.container.is_none())
        .with_transparent(options.transparent)
        .with_always_on_top(options.always_on_top)
        .with_visible(options.visible && options.container.is_none() && options.parent.is_none());
    if let (Some(x), Some(y)) = (options.x, options.y) {
        builder = builder.with_position(LogicalPosition::new(x, y));
    }
    builder.build(target)
}

/// For a window in a container, of whose focus the desktop knows nothing.
fn without_focus(report: Report) -> Report {
    Rc::new(move |event| match event {
        Event::Window(state) if state.focused.is_some() => {
            let rest = WindowState { focused: None, ..state };
            if rest != WindowState::default() {
                report(Event::Window(rest));
            }
        }
        event => report(event),
    })
}

/// What the fast lane's library must know of a view; none where the host has no fast lane.
fn lane(view: u32, options: &ViewOptions) -> Option<Introduction> {
    let address = std::env::var(LANE_VARIABLE).ok()?;
    let (name, token) = address.split_once(' ')?;
    let own = own_origin(&options.app_id);
    let origins =
        std::iter::once(&own).chain(&options.allowed_origins).map(|origin| engine::SPELLING.to_engine(origin));
    Some(Introduction { name: name.into(), token: token.into(), view, origins: origins.collect() })
}

/// A window and its page. Fields are dropped in this order: what belongs to the window before it.
struct WryView {
    dialogs: Dialogs,
    embedded: Option<Embedded>,
    page: engine::Page,
    tie: Option<Tie<Owned>>,
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

    fn separate(&self) -> Option<String> {
        match &self.tie {
            Some(Tie::Separate(why)) => Some(why.clone()),
            Some(Tie::Tied(_)) | None => None,
        }
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

    fn open_dialog(&mut self, id: u64, dialog: &Dialog) {
        self.dialogs.open(id, dialog, &self.window);
    }

    fn close_dialog(&mut self, id: u64) {
        self.dialogs.close(id);
    }

    fn open_outside(&mut self, address: String) {
        opener::open(address);
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
        match (&self.embedded, change.focus) {
            (Some(embedded), Some(false)) => embedded.give_back(),
            (Some(embedded), focus) if focus.is_some() || change.enter.is_some() => embedded.focus(change.enter),
            (None, Some(true)) => window.set_focus(),
            _ => {}
        }
    }
}
