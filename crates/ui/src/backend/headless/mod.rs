//! Windows that are only remembered, and pages that are played from a script of messages: no display, no web engine, no
//! JavaScript. For tests of the Python side (`docs/testing.md`), and wherever no window can be.
//!
//! All of the view above this seam is the real one: documents, origins, the lane, attachments, files. What is played is the
//! bridge's end of `protocol/README.md` sections 2 and 3, and what the page says.

mod bridge;
mod document;
mod page;
mod play;
mod requests;
mod script;
mod window;

use super::{Event, Report, ViewFactory, WebViewBackend};
use crate::app::{App, EventLoopBackend};
use crate::assets::Assets;
use crate::request::{Answer, Desk};
use auroraview_core::wire::{Dialog, ViewOptions, WindowChange};
use auroraview_link::watch::LinkWatch;
use page::Page;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};
use std::sync::mpsc::{Receiver, Sender, channel};

/// What the loop is told, from any thread.
enum Work {
    /// The link has something.
    Read,
    /// The link takes bytes again.
    Flush,
    /// A request of a page was answered.
    Answered {
        /// Whose page.
        view: u32,
        /// As the page numbers its requests.
        ticket: u64,
        /// What came.
        answer: Answer,
    },
}

/// The loop: it waits for the link and for files, and for nothing else.
pub struct Loop {
    work: Receiver<Work>,
    sender: Sender<Work>,
}

/// Makes the loop. Never fails: nothing of the machine is needed.
pub fn prepare() -> Result<Loop, String> {
    let (sender, work) = channel();
    Ok(Loop { work, sender })
}

/// What pages report, in order. Handled between two calls into a page, never inside of one.
type Reports = Rc<RefCell<VecDeque<(u32, Event)>>>;
/// The pages that are there, for answers of requests.
type Pages = RefCell<HashMap<u32, Weak<RefCell<Page>>>>;

impl EventLoopBackend for Loop {
    fn run(self, mut app: App) -> Result<(), String> {
        let post = |what: fn() -> Work| {
            let sender = self.sender.clone();
            move || drop(sender.send(what())) // the loop is gone only when the process is
        };
        let watch = LinkWatch::start(app.peer(), post(|| Work::Read), post(|| Work::Flush))
            .map_err(|error| format!("no thread to watch the link: {error}"))?;
        watch.when_readable();
        let factory = Factory { work: self.sender.clone(), reports: Reports::default(), pages: Pages::default() };
        let mut flushing = false;
        while let Ok(work) = self.work.recv() {
            match work {
                Work::Read if app.read_link() => watch.when_readable(),
                Work::Read => break, // the host is gone
                Work::Flush => flushing = false,
                Work::Answered { view, ticket, answer } => factory.answered(view, ticket, answer),
            }
            factory.settle(&mut app);
            if app.exiting() {
                break;
            }
            if !flushing && !app.flush() {
                flushing = true;
                watch.when_writable();
            }
        }
        Ok(())
    }
}

/// Makes views, and knows their pages.
struct Factory {
    work: Sender<Work>,
    reports: Reports,
    pages: Pages,
}

impl Factory {
    /// Makes the views that wait, and handles everything that pages reported.
    fn settle(&self, app: &mut App) {
        loop {
            if app.wants_to_create() {
                app.create_views(self);
            }
            let next = self.reports.borrow_mut().pop_front();
            let Some((view, event)) = next else { return };
            app.handle(view, event);
        }
    }

    fn answered(&self, view: u32, ticket: u64, answer: Answer) {
        let page = self.pages.borrow().get(&view).and_then(Weak::upgrade);
        match page {
            Some(page) => page.borrow_mut().answered(ticket, answer),
            None => drop(self.pages.borrow_mut().remove(&view)), // it is closed
        }
    }
}

impl ViewFactory for Factory {
    fn create(
        &self,
        view: u32,
        options: &ViewOptions,
        boot: String,
        assets: &Assets,
    ) -> Result<Box<dyn WebViewBackend>, String> {
        let reports = Rc::clone(&self.reports);
        let report: Report = Rc::new(move |event| reports.borrow_mut().push_back((view, event)));
        let desk = Desk::new(options, assets.asker(), Rc::clone(&report));
        let requests = requests::Requests::new(view, desk, self.work.clone());
        let page = Page::new(options, &boot, requests, report)?;
        self.pages.borrow_mut().insert(view, Rc::downgrade(&page));
        Ok(Box::new(HeadlessView(page)))
    }

    fn keep_spare(&self) {} // a page costs nothing here
}

/// A page and its window.
struct HeadlessView(Rc<RefCell<Page>>);

impl WebViewBackend for HeadlessView {
    fn window_handle(&self) -> Option<u64> {
        None
    }

    fn separate(&self) -> Option<String> {
        None // as little as a window
    }

    fn navigate(&mut self, url: &str) {
        self.0.borrow_mut().load(url);
    }

    fn reload(&mut self) {
        self.0.borrow_mut().reload();
    }

    fn eval(&mut self, id: u64, script: &str) {
        self.0.borrow_mut().eval(id, script);
    }

    fn open_outside(&mut self, address: String) {
        self.0.borrow_mut().window.opened.push(address);
    }

    fn change_window(&mut self, change: &WindowChange) {
        self.0.borrow_mut().window.change(change);
    }

    fn open_dialog(&mut self, id: u64, dialog: &Dialog) {
        self.0.borrow_mut().dialog_opened(id, dialog);
    }

    fn close_dialog(&mut self, id: u64) {
        self.0.borrow_mut().window.dialogs.retain(|(open, _)| *open != id);
    }
}

#[cfg(test)]
mod tests;
