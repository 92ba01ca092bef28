//! The link as a source of GLib's loop: no thread.

use super::wry::Shared;
use gtk::glib::{ControlFlow, IOCondition, source::unix_fd_add_local};
use std::cell::Cell;
use std::rc::Rc;

/// What is being waited for.
#[derive(Default)]
pub struct Watch {
    flushing: Cell<bool>,
}

/// Reads the link whenever it has something, until it ends.
pub fn read_when_readable(shared: &Rc<Shared>) -> Result<(), String> {
    let this = Rc::clone(shared);
    let fd = shared.app.borrow_mut().peer().as_raw_fd();
    unix_fd_add_local(fd, IOCondition::IN | IOCondition::HUP, move |_, _| {
        // A dead link ends the process by the parent watch; this source only must not spin until then.
        if this.read_link() { ControlFlow::Continue } else { ControlFlow::Break }
    });
    Ok(())
}

/// Writes what is left when the link takes it.
pub fn flush_when_writable(shared: &Rc<Shared>) {
    if shared.watch.flushing.replace(true) {
        return;
    }
    let this = Rc::clone(shared);
    let fd = shared.app.borrow_mut().peer().as_raw_fd();
    unix_fd_add_local(fd, IOCondition::OUT, move |_, _| {
        if !this.app.borrow_mut().flush() {
            return ControlFlow::Continue;
        }
        this.watch.flushing.set(false);
        ControlFlow::Break
    });
}
