//! A view inside a window of the host, on X11: our window is reparented before it is ever mapped, and follows the host's.
//!
//! The host's window, the *container*, is looked after on a connection of our own: GTK knows nothing of it. An embedded
//! window has no window manager, so three things are ours to do. A click gives the page the keyboard. While it has not got
//! it, it must not get keys: X gives them to the window under the pointer inside the one that has the focus, and text for a
//! field of the host would land in the page. And keys that the page does not use go to the container, as if they had been
//! pressed there.

use super::keys::{self, HostKey};
use super::{EmbeddableBackend, Event, Report, engine};
use auroraview_core::wire::{Edge, ViewOptions, WindowState};
use gdkx11::{X11Display, X11Window};
use gtk::gdk::{self, EventMask as GdkEventMask};
use gtk::gio::Cancellable;
use gtk::glib::{self, ControlFlow, IOCondition, SourceId, source::unix_fd_add_local};
use gtk::prelude::*;
use std::cell::Cell;
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;
use tao::platform::unix::WindowExtUnix;
use tao::window::Window;
use webkit2gtk::{WebView, WebViewExt};
use x11rb::connection::Connection;
use x11rb::errors::ReplyError;
use x11rb::protocol::Event as XEvent;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt, EventMask, FocusInEvent, InputFocus,
    KEY_PRESS_EVENT, KEY_RELEASE_EVENT, KeyButMask, KeyPressEvent, NotifyDetail,
};
use x11rb::rust_connection::RustConnection;

/// Errors of windows that the host destroys under us must not end this process: GDK ends it for each that nobody expects.
fn expect_errors(display: &X11Display) {
    thread_local!(static EXPECTED: Cell<bool> = const { Cell::new(false) });
    if !EXPECTED.replace(true) {
        display.error_trap_push(); // never popped
    }
}

/// A view in its container. Dropping it ends the watch; the window is its owner's.
pub struct Embedded {
    parent: Rc<Parent>,
    watch: Cell<Option<SourceId>>,
}

struct Parent {
    connection: RustConnection,
    root: u32,
    container: u32,
    own: u32,
    window: gdk::Window,
    page: gtk::Widget,
    has_focus: Cell<bool>,
    report: Report,
}

/// Moves a window that was never mapped into the host's.
pub fn embed(
    window: &Window,
    page: &engine::Page,
    container: u64,
    options: &ViewOptions,
    report: Report,
) -> Result<Embedded, String> {
    let window = window.gtk_window();
    window.realize();
    let native = window.window().ok_or("GTK made no window")?;
    let own = native.downcast_ref::<X11Window>().ok_or("a window inside another program's needs X11")?;
    let display = native.display();
    display.downcast_ref::<X11Display>().map(expect_errors);
    display.sync(); // the server knows our window before the other connection speaks of it
    let (connection, screen) = RustConnection::connect(Some(&display.name()))
        .map_err(|error| format!("no second connection to {}: {error}", display.name()))?;
    let root =
        connection.setup().roots.get(screen).map(|screen| screen.root).ok_or("the display has no such screen")?;
    let parent = Rc::new(Parent {
        connection,
        root,
        container: u32::try_from(container).map_err(|_| not_a_window(container))?,
        own: u32::try_from(own.xid()).map_err(|_| not_a_window(own.xid()))?,
        window: native.clone(),
        page: page.widget(),
        has_focus: Cell::new(false),
        report,
    });
    parent.move_in().map_err(|error| format!("{}: {error}", not_a_window(container)))?;
    parent.follow_focus();
    let this = Rc::clone(&parent);
    parent.page.connect_button_press_event(move |_, _| {
        this.focus();
        glib::Propagation::Proceed
    });
    let this = Rc::clone(&parent);
    let host_keys = options.host_keys.iter().filter_map(|key| HostKey::parse(key)).collect();
    keys::connect(window, host_keys, options.forward_keys, move |event, is_press| this.forward(event, is_press));
    let this = Rc::clone(&parent);
    let source = unix_fd_add_local(parent.connection.stream().as_fd().as_raw_fd(), IOCondition::IN, move |_, _| {
        if this.handle_events() { ControlFlow::Continue } else { ControlFlow::Break }
    });
    parent.handle_events(); // what the round trips above have read does not make the descriptor readable
    Ok(Embedded { parent, watch: Cell::new(Some(source)) })
}

fn not_a_window(number: u64) -> String {
    format!("container={number:#x} is not a window of this display")
}

impl EmbeddableBackend for Embedded {
    fn focus(&self, enter: Option<Edge>) {
        self.parent.focus();
        if let Some(edge) = enter {
            self.parent.press_tab(edge);
        }
        self.parent.handle_events();
    }

    fn give_back(&self) {
        self.parent.give_back();
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(source) = self.watch.take() {
            source.remove();
        }
    }
}

impl Parent {
    fn move_in(&self) -> Result<(), ReplyError> {
        let connection = &self.connection;
        let of_container = EventMask::STRUCTURE_NOTIFY | EventMask::FOCUS_CHANGE;
        for (window, mask) in [(self.container, of_container), (self.own, EventMask::FOCUS_CHANGE)] {
            let attributes = ChangeWindowAttributesAux::new().event_mask(mask);
            connection.change_window_attributes(window, &attributes)?.check()?;
        }
        let size = connection.get_geometry(self.container)?.reply()?; // after the events were asked for
        connection.reparent_window(self.own, self.container, 0, 0)?.check()?;
        self.fill(size.width, size.height);
        connection.get_input_focus()?.reply()?; // GDK's connection comes after this
        Ok(())
    }

    /// Gives our window the container's size, in pixels of the screen.
    fn fill(&self, width: u16, height: u16) {
        let size = ConfigureWindowAux::new().x(0).y(0).width(u32::from(width)).height(u32::from(height));
        let _ = self.connection.configure_window(self.own, &size); // a dead connection ends the watch
        let _ = self.connection.flush();
    }

    /// Takes the keyboard.
    fn focus(&self) {
        let _ = self.connection.set_input_focus(InputFocus::PARENT, self.own, x11rb::CURRENT_TIME);
        let _ = self.connection.flush();
        self.page.grab_focus();
    }

    /// Gives the keyboard back, if it is ours, to the window of the host that the window manager knows.
    fn give_back(&self) {
        let given = self.managed_window().and_then(|window| {
            let focused = self.connection.get_input_focus()?.reply()?.focus;
            if focused == self.own {
                self.connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)?.check()?;
            }
            Ok(())
        });
        if let Err(error) = given {
            say!("the keyboard stays with the page: {error}"); // the container is just going
        }
        self.handle_events();
    }

    /// The ancestor that has a `WM_STATE`; without a window manager, the highest one.
    fn managed_window(&self) -> Result<u32, ReplyError> {
        let state = self.connection.intern_atom(false, b"WM_STATE")?.reply()?.atom;
        let mut window = self.container;
        loop {
            let property = self.connection.get_property(false, window, state, AtomEnum::ANY, 0, 0)?.reply()?;
            let parent = self.connection.query_tree(window)?.reply()?.parent;
            if property.type_ != x11rb::NONE || parent == self.root || parent == x11rb::NONE {
                return Ok(window);
            }
            window = parent;
        }
    }

    /// Handles what the connection has read. False: it is dead.
    fn handle_events(&self) -> bool {
        loop {
            match self.connection.poll_for_event() {
                Ok(Some(event)) => self.handle(&event),
                Ok(None) => return true,
                Err(error) => {
                    say!("a view does not follow its container any more: {error}");
                    return false;
                }
            }
        }
    }

    fn handle(&self, event: &XEvent) {
        match event {
            XEvent::ConfigureNotify(event) if event.window == self.container => self.fill(event.width, event.height),
            XEvent::DestroyNotify(event) if event.window == self.container => (self.report)(Event::ContainerGone),
            XEvent::FocusIn(event) if event.event == self.container && is_for_itself(event) => self.focus(),
            XEvent::FocusIn(event) | XEvent::FocusOut(event) if event.event == self.own => self.follow_focus(),
            _ => {}
        }
    }

    /// Takes keys while the keyboard is ours, and only then. Says so: what GDK believes is the window manager's doing.
    fn follow_focus(&self) {
        let focused = self.connection.get_input_focus().map_err(ReplyError::from).and_then(|cookie| cookie.reply());
        let is_ours = focused.is_ok_and(|reply| reply.focus == self.own);
        let keys = GdkEventMask::KEY_PRESS_MASK | GdkEventMask::KEY_RELEASE_MASK;
        let events = self.window.events();
        self.window.set_events(if is_ours { events | keys } else { events & !keys });
        self.window.display().flush();
        if self.has_focus.replace(is_ours) != is_ours {
            (self.report)(Event::Window(WindowState { focused: Some(is_ours), ..WindowState::default() }));
        }
    }

    /// WebKitGTK has no way to begin at an edge: the page is asked to forget its focus, and gets a Tab key. One without
    /// anything to stop at does not use it, and so the host gets it.
    fn press_tab(&self, edge: Edge) {
        if let Some(page) = self.page.downcast_ref::<WebView>() {
            let done = |_: Result<_, _>| ();
            page.evaluate_javascript("document.activeElement?.blur()", None, None, None::<&Cancellable>, done);
        }
        let keymap = gdk::Keymap::for_display(&self.window.display());
        let keys = keymap.map(|keymap| keymap.entries_for_keyval(*gdk::keys::constants::Tab)).unwrap_or_default();
        let Some(code) = keys.first().and_then(|key| u8::try_from(key.keycode()).ok()) else { return };
        let state = if edge == Edge::Last { KeyButMask::SHIFT } else { KeyButMask::default() };
        for is_press in [true, false] {
            self.send_key(self.own, code, state, x11rb::CURRENT_TIME, is_press);
        }
    }

    /// Lets the host have a key, as if it had been pressed in the container.
    fn forward(&self, key: &gdk::EventKey, is_press: bool) {
        let code = u8::try_from(key.hardware_keycode()).unwrap_or_default();
        // The low half of GDK's state is X's: modifiers, buttons, group.
        let state = KeyButMask::from(u16::try_from(key.state().bits() & 0xffff).unwrap_or_default());
        self.send_key(self.container, code, state, key.time(), is_press);
    }

    /// To whoever made the window.
    fn send_key(&self, window: u32, code: u8, state: KeyButMask, time: u32, is_press: bool) {
        let event = KeyPressEvent {
            response_type: if is_press { KEY_PRESS_EVENT } else { KEY_RELEASE_EVENT },
            detail: code,
            sequence: 0,
            time,
            root: self.root,
            event: window,
            child: x11rb::NONE,
            root_x: 0,
            root_y: 0,
            event_x: 0,
            event_y: 0,
            state,
            same_screen: true,
        };
        let _ = self.connection.send_event(false, window, EventMask::NO_EVENT, event);
        let _ = self.connection.flush();
    }
}

/// Whether the focus is on the window itself: not somewhere inside, and not only where the pointer is.
fn is_for_itself(event: &FocusInEvent) -> bool {
    [NotifyDetail::ANCESTOR, NotifyDetail::INFERIOR, NotifyDetail::NONLINEAR].contains(&event.detail)
}
