//! A tool window on X11: it floats above a window of the host, is minimised with it and goes with it.
//!
//! The window manager is told whose window ours is and keeps it above. It may or may not minimise it too, and closes
//! nothing, so the host's window is watched, on a connection of our own: GTK knows nothing of it, and would end the process
//! for an error about a window that the host has just destroyed.

use super::{Event, Report, Tie};
use auroraview_core::wire::Parent;
use gdkx11::X11Window;
use gtk::gdk::WindowTypeHint;
use gtk::glib::{ControlFlow, IOCondition, SourceId, source::unix_fd_add_local};
use gtk::prelude::*;
use std::cell::Cell;
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;
use tao::platform::unix::WindowExtUnix;
use tao::window::Window;
use x11rb::connection::Connection;
use x11rb::errors::ReplyError;
use x11rb::protocol::Event as XEvent;
use x11rb::protocol::xproto::{Atom, AtomEnum, ChangeWindowAttributesAux, ConnectionExt, EventMask, PropMode};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

x11rb::atom_manager! {
    Atoms: AtomCookies {
        WM_STATE,
        _NET_CLIENT_LIST,
        _NET_WM_PID,
        _NET_WM_STATE,
        _NET_WM_STATE_HIDDEN,
        _NET_WM_WINDOW_TYPE,
        _NET_WM_WINDOW_TYPE_NORMAL,
    }
}

/// A view's window and its owner. Dropping it ends the watch.
pub struct Owned(Cell<Option<SourceId>>);

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(source) = self.0.take() {
            source.remove();
        }
    }
}

struct Follower {
    display: Display,
    owner: u32,
    minimized: Cell<bool>,
    window: gtk::ApplicationWindow,
    report: Report,
}

/// Makes a window that was never mapped a tool window of the host's.
pub fn tie(window: &Window, parent: Parent, report: Report) -> Result<Tie<Owned>, String> {
    let window = window.gtk_window();
    window.realize();
    let Ok(native) = window.window().ok_or("GTK made no window")?.downcast::<X11Window>() else {
        let why = "this desktop is Wayland, where a window cannot belong to one of another program";
        return Ok(Tie::Separate(why.into()));
    };
    window.display().sync(); // the server knows our window before the other connection speaks of it
    let own = u32::try_from(native.xid()).map_err(|_| "GTK made no window")?;
    let display = Display::open(&window.display().name())?;
    let owner = match parent {
        Parent::Handle(handle) => display.find(handle)?,
        Parent::Process(process) => match display.main_window(own, process) {
            Some(owner) => owner,
            None => return Ok(Tie::Separate(format!("process {process} has no main window on this display"))),
        },
    };
    window.set_type_hint(WindowTypeHint::Utility);
    window.set_skip_taskbar_hint(true);
    display.make_transient(own, owner).map_err(|error| not_a_window(u64::from(owner), &error))?;
    let follower = Rc::new(Follower { display, owner, minimized: Cell::new(false), window: window.clone(), report });
    follower.follow_minimized();
    let this = Rc::clone(&follower);
    let descriptor = follower.display.connection.stream().as_fd().as_raw_fd();
    let source = unix_fd_add_local(descriptor, IOCondition::IN, move |_, _| {
        if this.handle_events() { ControlFlow::Continue } else { ControlFlow::Break }
    });
    follower.handle_events(); // what the round trips above have read does not make the descriptor readable
    Ok(Tie::Tied(Owned(Cell::new(Some(source)))))
}

impl Follower {
    /// Handles what the connection has read. False: nothing more will come that concerns us.
    fn handle_events(&self) -> bool {
        loop {
            match self.display.connection.poll_for_event() {
                Ok(Some(XEvent::DestroyNotify(event))) if event.window == self.owner => {
                    (self.report)(Event::ParentGone);
                    return false;
                }
                Ok(Some(XEvent::PropertyNotify(event))) if event.atom == self.display.atoms._NET_WM_STATE => {
                    self.follow_minimized();
                }
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(error) => {
                    say!("a tool window does not follow its owner any more: {error}");
                    return false;
                }
            }
        }
    }

    fn follow_minimized(&self) {
        let state = self.display.numbers(self.owner, self.display.atoms._NET_WM_STATE);
        let minimized = state.contains(&self.display.atoms._NET_WM_STATE_HIDDEN);
        match (self.minimized.replace(minimized), minimized) {
            (false, true) => self.window.iconify(),
            (true, false) => self.window.deiconify(),
            _ => {}
        }
    }
}

/// The X server, and what we ask it.
struct Display {
    connection: RustConnection,
    atoms: Atoms,
    root: u32,
}

impl Display {
    fn open(name: &str) -> Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| format!("no second connection to {name}: {error}");
        let (connection, screen) = RustConnection::connect(Some(name)).map_err(|error| failed(&error))?;
        let atoms = Atoms::new(&connection).map_err(|error| failed(&error))?.reply().map_err(|error| failed(&error))?;
        let root = connection.setup().roots.get(screen).ok_or_else(|| failed(&"it has no such screen"))?.root;
        Ok(Self { connection, atoms, root })
    }

    fn find(&self, handle: u64) -> Result<u32, String> {
        let window = u32::try_from(handle).ok().filter(|window| *window != self.root);
        let window = window.ok_or_else(|| not_a_window(handle, &"it cannot be one"))?;
        self.top_level(window).map_err(|error| not_a_window(handle, &error))
    }

    /// The window that the window manager knows, of one that may lie deep inside it.
    fn top_level(&self, mut window: u32) -> Result<u32, ReplyError> {
        loop {
            let tree = self.connection.query_tree(window)?.reply()?;
            let is_outermost = tree.parent == tree.root || tree.parent == x11rb::NONE;
            if is_outermost || !self.numbers(window, self.atoms.WM_STATE).is_empty() {
                return Ok(window);
            }
            window = tree.parent;
        }
    }

    /// The oldest window of a process that is neither a dialog nor a tool window.
    fn main_window(&self, own: u32, process: u32) -> Option<u32> {
        // Programs of another machine may have the same number.
        let machine = self.bytes(own, AtomEnum::WM_CLIENT_MACHINE.into());
        self.numbers(self.root, self.atoms._NET_CLIENT_LIST).into_iter().find(|window| {
            let kinds = self.numbers(*window, self.atoms._NET_WM_WINDOW_TYPE);
            self.numbers(*window, self.atoms._NET_WM_PID) == [process]
                && self.numbers(*window, AtomEnum::WM_TRANSIENT_FOR.into()).is_empty()
                && (kinds.is_empty() || kinds.contains(&self.atoms._NET_WM_WINDOW_TYPE_NORMAL))
                && self.bytes(*window, AtomEnum::WM_CLIENT_MACHINE.into()) == machine
        })
    }

    fn make_transient(&self, own: u32, owner: u32) -> Result<(), ReplyError> {
        let events =
            ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY | EventMask::PROPERTY_CHANGE);
        self.connection.change_window_attributes(owner, &events)?.check()?;
        let (name, kind) = (AtomEnum::WM_TRANSIENT_FOR, AtomEnum::WINDOW);
        self.connection.change_property32(PropMode::REPLACE, own, name, kind, &[owner])?.check()
    }

    /// A property of 32-bit numbers; empty if the window has none, or is gone.
    fn numbers(&self, window: u32, property: Atom) -> Vec<u32> {
        self.property(window, property)
            .ok()
            .and_then(|reply| reply.value32().map(Iterator::collect))
            .unwrap_or_default()
    }

    /// A property of bytes; empty if the window has none, or is gone.
    fn bytes(&self, window: u32, property: Atom) -> Vec<u8> {
        self.property(window, property).map(|reply| reply.value).unwrap_or_default()
    }

    fn property(&self, window: u32, property: Atom) -> Result<x11rb::protocol::xproto::GetPropertyReply, ReplyError> {
        self.connection.get_property(false, window, property, AtomEnum::ANY, 0, u32::MAX / 4)?.reply()
    }
}

fn not_a_window(handle: u64, error: &dyn std::fmt::Display) -> String {
    format!("parent={handle:#x} is not a window of this display ({error}); give the host's native handle, or \"auto\"")
}
