//! Dialogs of Windows and macOS, by `rfd`: each is a future that the loop looks at when it is told to. Checked by the
//! compiler only; see `docs/platforms.md`.

use super::wry::{LookAgain, Shared};
use super::{Event, Report};
use auroraview_core::wire::{Dialog, DialogKind};
use rfd::{AsyncFileDialog, AsyncMessageDialog, FileHandle, MessageButtons, MessageDialogResult, MessageLevel};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use tao::event_loop::EventLoopProxy;
use tao::window::Window;

type Answer = Pin<Box<dyn Future<Output = Value>>>;

/// The dialogs of one view that the user sees.
pub struct Dialogs {
    /// A dialog of the system cannot be taken away; its answer is dropped.
    open: Rc<RefCell<BTreeSet<u64>>>,
    report: Report,
    waker: Waker,
}

/// A dialog, until the user answered.
struct Task {
    id: u64,
    answer: Answer,
    open: Weak<RefCell<BTreeSet<u64>>>,
    report: Report,
    waker: Waker,
}

thread_local! {
    /// Of all views; the loop's thread alone looks at them.
    static TASKS: RefCell<Vec<Task>> = const { RefCell::new(Vec::new()) };
}

/// Makes the loop look at the dialogs, from any thread.
struct Proxy(Mutex<EventLoopProxy<LookAgain>>);

impl Wake for Proxy {
    fn wake(self: Arc<Self>) {
        let proxy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = proxy.send_event(LookAgain(look)); // the loop is gone only when the process is
    }
}

impl Dialogs {
    /// For the dialogs of a window.
    pub fn new(_: &Window, report: Report, proxy: &EventLoopProxy<LookAgain>) -> Self {
        let waker = Waker::from(Arc::new(Proxy(Mutex::new(proxy.clone()))));
        Self { open: Rc::default(), report, waker }
    }

    /// Shows a dialog.
    pub fn open(&mut self, id: u64, dialog: &Dialog, window: &Window) {
        let answer: Answer = match dialog.kind {
            DialogKind::Message | DialogKind::Confirm => message(dialog, window),
            DialogKind::OpenFile if dialog.multiple => {
                let chosen = files(dialog, window).pick_files();
                Box::pin(async { paths(chosen.await) })
            }
            DialogKind::OpenFile => one(files(dialog, window).pick_file()),
            DialogKind::SaveFile => one(files(dialog, window).save_file()),
            DialogKind::OpenFolder => one(files(dialog, window).pick_folder()),
        };
        self.open.borrow_mut().insert(id);
        let (open, report, waker) = (Rc::downgrade(&self.open), Rc::clone(&self.report), self.waker.clone());
        TASKS.with_borrow_mut(|tasks| tasks.push(Task { id, answer, open, report, waker }));
        self.waker.wake_by_ref();
    }

    /// Nobody waits for a dialog any more.
    pub fn close(&mut self, id: u64) {
        self.open.borrow_mut().remove(&id);
    }
}

fn look(_: &Rc<Shared>) {
    let mut ended = Vec::new();
    TASKS.with_borrow_mut(|tasks| {
        tasks.retain_mut(|task| {
            let waker = task.waker.clone();
            let Poll::Ready(answer) = task.answer.as_mut().poll(&mut Context::from_waker(&waker)) else { return true };
            ended.push((task.id, answer, task.open.upgrade(), Rc::clone(&task.report)));
            false
        });
    });
    for (id, answer, open, report) in ended {
        if open.is_some_and(|open| open.borrow_mut().remove(&id)) {
            report(Event::DialogEnded { id, answer });
        }
    }
}

fn message(asked: &Dialog, window: &Window) -> Answer {
    let confirm = asked.kind == DialogKind::Confirm;
    let buttons = if confirm { MessageButtons::OkCancel } else { MessageButtons::Ok };
    let chosen = AsyncMessageDialog::new()
        .set_level(MessageLevel::Info)
        .set_title(&asked.title)
        .set_description(&asked.message)
        .set_buttons(buttons)
        .set_parent(window)
        .show();
    Box::pin(async move {
        let chosen = chosen.await;
        if confirm { (chosen == MessageDialogResult::Ok).into() } else { Value::Null }
    })
}

fn files(asked: &Dialog, window: &Window) -> AsyncFileDialog {
    let mut dialog = AsyncFileDialog::new().set_title(&asked.title).set_parent(window);
    for (name, extensions) in &asked.filters {
        dialog = dialog.add_filter(name, extensions);
    }
    if let Some(folder) = &asked.folder {
        dialog = dialog.set_directory(folder);
    }
    if let Some(name) = &asked.name {
        dialog = dialog.set_file_name(name);
    }
    dialog
}

fn one(chosen: impl Future<Output = Option<FileHandle>> + 'static) -> Answer {
    Box::pin(async { paths(chosen.await.map(|file| vec![file])) })
}

/// Null if the user gave up, or one of the names is no text, which no page could name.
fn paths(chosen: Option<Vec<FileHandle>>) -> Value {
    let texts = |files: Vec<FileHandle>| -> Option<Vec<Value>> {
        files.iter().map(|file| file.path().to_str().map(Value::from)).collect()
    };
    chosen.and_then(texts).map_or(Value::Null, Value::from)
}
