//! Dialogs of GTK. They answer by a signal, so nobody waits; a dialog is modal for its own view's window alone.

use super::wry::LookAgain;
use super::{Event, Report};
use auroraview_core::wire::{Dialog, DialogKind};
use gtk::prelude::*;
use gtk::{
    ButtonsType, DialogFlags, FileChooserAction, FileChooserNative, FileFilter, MessageDialog, MessageType,
    ResponseType,
};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use tao::event_loop::EventLoopProxy;
use tao::platform::unix::WindowExtUnix;
use tao::window::Window;

/// The dialogs of one view that the user sees.
pub struct Dialogs {
    open: Rc<RefCell<HashMap<u64, Open>>>,
    report: Report,
}

enum Open {
    Files(FileChooserNative),
    Message(MessageDialog),
}

impl Open {
    fn destroy(&self) {
        match self {
            Self::Files(dialog) => dialog.destroy(),
            Self::Message(dialog) => dialog.close(), // GTK destroys it then
        }
    }
}

impl Dialogs {
    /// For the dialogs of `window`.
    pub fn new(window: &Window, report: Report, _: &EventLoopProxy<LookAgain>) -> Self {
        // Else a modal dialog would hold the windows of all views.
        gtk::WindowGroup::new().add_window(window.gtk_window());
        Self { open: Rc::default(), report }
    }

    /// Shows a dialog.
    pub fn open(&mut self, id: u64, dialog: &Dialog, window: &Window) {
        let shown = match dialog.kind {
            DialogKind::Message | DialogKind::Confirm => self.open_message(id, dialog, window),
            DialogKind::OpenFile | DialogKind::SaveFile | DialogKind::OpenFolder => self.open_files(id, dialog, window),
        };
        self.open.borrow_mut().insert(id, shown);
    }

    /// Takes a dialog away.
    pub fn close(&mut self, id: u64) {
        let gone = self.open.borrow_mut().remove(&id);
        if let Some(dialog) = gone {
            dialog.destroy();
        }
    }

    fn open_message(&self, id: u64, asked: &Dialog, window: &Window) -> Open {
        let confirm = asked.kind == DialogKind::Confirm;
        let (kind, buttons) = match confirm {
            true => (MessageType::Question, ButtonsType::OkCancel),
            false => (MessageType::Info, ButtonsType::Ok),
        };
        let flags = DialogFlags::MODAL | DialogFlags::DESTROY_WITH_PARENT;
        let dialog = MessageDialog::new(Some(window.gtk_window()), flags, kind, buttons, &asked.message);
        dialog.set_title(&asked.title);
        dialog.set_default_response(ResponseType::Ok);
        let ended = self.ended(id);
        dialog.connect_response(move |_, response| {
            ended(if confirm { (response == ResponseType::Ok).into() } else { Value::Null });
        });
        dialog.show_all();
        Open::Message(dialog)
    }

    fn open_files(&self, id: u64, asked: &Dialog, window: &Window) -> Open {
        let action = match asked.kind {
            DialogKind::SaveFile => FileChooserAction::Save,
            DialogKind::OpenFolder => FileChooserAction::SelectFolder,
            _ => FileChooserAction::Open,
        };
        let dialog = FileChooserNative::new(Some(&asked.title), Some(window.gtk_window()), action, None, None);
        dialog.set_modal(true);
        dialog.set_select_multiple(asked.multiple);
        dialog.set_do_overwrite_confirmation(true);
        if let Some(folder) = &asked.folder {
            dialog.set_current_folder(folder);
        }
        if let Some(name) = &asked.name {
            dialog.set_current_name(name);
        }
        for (name, extensions) in &asked.filters {
            let filter = FileFilter::new();
            filter.set_name(Some(name));
            extensions.iter().for_each(|extension| filter.add_pattern(&format!("*.{extension}")));
            dialog.add_filter(filter);
        }
        let ended = self.ended(id);
        dialog.connect_response(move |dialog, response| {
            ended(if response == ResponseType::Accept { paths(dialog) } else { Value::Null });
        });
        dialog.show();
        Open::Files(dialog)
    }

    /// Tells what the user chose, once.
    fn ended(&self, id: u64) -> impl Fn(Value) + 'static {
        let (open, report) = (Rc::clone(&self.open), Rc::clone(&self.report));
        move |answer| {
            let gone = open.borrow_mut().remove(&id);
            if let Some(dialog) = gone {
                dialog.destroy();
                report(Event::DialogEnded { id, answer });
            }
        }
    }
}

impl Drop for Dialogs {
    fn drop(&mut self) {
        let left: Vec<_> = self.open.borrow_mut().drain().collect();
        left.iter().for_each(|(_, dialog)| dialog.destroy());
    }
}

/// Null if one of the names is no text, which no page could name.
fn paths(dialog: &FileChooserNative) -> Value {
    let names: Option<Vec<_>> = dialog.filenames().iter().map(|path| path.to_str().map(Value::from)).collect();
    names.map_or(Value::Null, Value::from)
}
