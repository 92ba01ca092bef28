//! The link for loops that can only be posted to (Windows, macOS): threads wait for it and post to the loop.
//!
//! Each thread waits once, posts once, and waits again only when it is asked to, after the loop has read (or written).
//! So a link that has something is looked at once for each read, and nobody spins while the loop is busy.

use super::wry::{LookAgain, Shared};
use auroraview_link::watch::LinkWatch;
use std::cell::{Cell, OnceCell};
use std::rc::Rc;

/// What is being waited for.
#[derive(Default)]
pub struct Watch {
    threads: OnceCell<LinkWatch>,
    flushing: Cell<bool>,
}

/// Reads the link whenever it has something, until it ends.
pub fn read_when_readable(shared: &Rc<Shared>) -> Result<(), String> {
    let post = |what: fn(&Rc<Shared>)| {
        let proxy = shared.proxy.clone();
        // The loop is gone only when the process is.
        move || drop(proxy.send_event(LookAgain(what)))
    };
    let threads = LinkWatch::start(shared.app.borrow_mut().peer(), post(read), post(flush))
        .map_err(|error| format!("no thread to watch the link: {error}"))?;
    threads.when_readable();
    let _ = shared.watch.threads.set(threads); // once for each process
    Ok(())
}

/// Writes what is left when the link takes it.
pub fn flush_when_writable(shared: &Rc<Shared>) {
    if shared.watch.flushing.replace(true) {
        return;
    }
    if let Some(threads) = shared.watch.threads.get() {
        threads.when_writable();
    }
}

fn read(shared: &Rc<Shared>) {
    // A dead link ends the process by the parent watch; nobody waits for it any more until then.
    if shared.read_link()
        && let Some(threads) = shared.watch.threads.get()
    {
        threads.when_readable();
    }
}

fn flush(shared: &Rc<Shared>) {
    shared.watch.flushing.set(false);
    let flushed = shared.app.borrow_mut().flush();
    if !flushed {
        flush_when_writable(shared);
    }
}
