//! A page: which document it has, what of its script runs, and what its user does.

use super::bridge::{Boot, Bridge};
use super::document;
use super::play::{Done, Play, Task};
use super::requests::{Purpose, Requests, bytes_of};
use super::script::{self, fits};
use super::window::Window;
use super::{Event, Report};
use crate::origin::{SCHEME, origin_of};
use crate::request::Answer;
use auroraview_core::wire::{Dialog, ErrorCode, ErrorObject, LoadState, Loading, ViewOptions};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use url::Url;

/// Hosts that end so exist nowhere (RFC 6761): loading one fails.
const NOWHERE: &str = ".invalid";

/// One page. Nothing it does comes back to it before the call is over: it reports, and asks for files.
pub struct Page {
    pub(super) me: Weak<RefCell<Page>>,
    pub(super) report: Report,
    pub(super) boot: Boot,
    pub(super) requests: Requests,
    /// Of the document that is there, if it may have one.
    pub(super) bridge: Option<Bridge>,
    pub(super) play: Play,
    /// Its window.
    pub window: Window,
    pub(super) url: String,
    /// How many documents there were.
    documents: u64,
}

impl Page {
    /// An empty page whose window is there.
    pub fn new(
        options: &ViewOptions,
        boot: &str,
        requests: Requests,
        report: Report,
    ) -> Result<Rc<RefCell<Self>>, String> {
        let boot = Boot::read(boot)?;
        let window = Window::new(options, Rc::clone(&report));
        Ok(Rc::new_cyclic(|me| {
            RefCell::new(Self {
                me: Weak::clone(me),
                report,
                boot,
                requests,
                bridge: None,
                play: Play::default(),
                window,
                url: "about:blank".into(),
                documents: 0,
            })
        }))
    }

    // ---- loading ----

    /// Loads an address. Only the view's own addresses have content here; another one is empty.
    pub fn load(&mut self, url: &str) {
        self.requests.forget_documents();
        self.tell_loading(LoadState::Started, url, None);
        let parsed = Url::parse(url).ok();
        let host = parsed.as_ref().and_then(Url::host_str).unwrap_or_default();
        let is_own = parsed.as_ref().is_some_and(|url| url.scheme() == SCHEME);
        if parsed.is_none() || host.ends_with(NOWHERE) {
            return self.fail_load(url, "no such host");
        }
        if !is_own {
            return self.requests.elsewhere(url);
        }
        if let Err(error) = self.requests.document(url) {
            self.fail_load(url, &error.to_string());
        }
    }

    /// Loads the document that is there once more.
    pub fn reload(&mut self) {
        self.load(&self.url.clone());
    }

    /// What a request brought.
    pub fn answered(&mut self, ticket: u64, answer: Answer) {
        let status = answer.status();
        match self.requests.purpose(ticket) {
            None => {} // its document is gone
            Some(Purpose::Elsewhere(url)) => self.commit(url, ""),
            Some(Purpose::Upload) => self.uploaded(status),
            Some(Purpose::Document(url)) => {
                let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
                let is_html = kind.starts_with("text/html");
                match bytes_of(answer) {
                    Ok(bytes) if is_html => self.commit(url, &String::from_utf8_lossy(&bytes)),
                    Ok(_nothing_to_play) => self.commit(url, ""),
                    Err(error) => self.fail_load(&url, &error.to_string()),
                }
            }
            Some(Purpose::Download(number)) => match bytes_of(answer) {
                Ok(bytes) if status == StatusCode::OK => self.downloaded(number, bytes),
                _ => say!("attachment {number} did not come: {status}"),
            },
        }
    }

    fn commit(&mut self, url: String, html: &str) {
        self.requests.forget();
        self.tell_loading(LoadState::Committed, &url, None);
        self.play = Play::default();
        self.documents += 1;
        let documents = self.documents;
        self.bridge = self.boot.allows(&origin_of(&url)).then(|| Bridge::new(documents));
        self.url = url;
        self.say_hello();
        let document = document::read(html);
        for text in document.scripts {
            match serde_json::from_str(text).map_err(|error| error.to_string()).and_then(script::read) {
                Ok(steps) => self.run(Task::new(steps, Value::Null)),
                Err(why) => say!("a script of {} cannot be played: {why}", self.url),
            }
        }
        if self.documents == documents {
            self.tell_loading(LoadState::Finished, &self.url.clone(), None);
            if let Some(title) = document.title {
                (self.report)(Event::Title(title.into()));
            }
        }
    }

    fn fail_load(&self, url: &str, message: &str) {
        self.tell_loading(LoadState::Failed, url, Some(message.into()));
    }

    fn tell_loading(&self, state: LoadState, url: &str, message: Option<String>) {
        (self.report)(Event::Loading(Loading { state, url: url.into(), message }));
    }

    /// The document and everything that it began is gone.
    pub(super) fn crash(&mut self, why: String) {
        self.requests.forget();
        self.play = Play::default();
        self.bridge = None;
        self.documents += 1;
        (self.report)(Event::WebProcessGone(why));
    }

    // ---- scripts of the host ----

    /// Runs a script: one that the page has an answer for, steps, or a plain value.
    pub fn eval(&mut self, id: u64, text: &str) {
        if let Some(scripted) = self.play.scripted.iter().find(|scripted| scripted.eval.trim() == text.trim()) {
            let outcome = match &scripted.raises {
                Some(message) => Err(ErrorObject::new(ErrorCode::ExecutionError, message)),
                None => Ok(scripted.value.to_string()),
            };
            return (self.report)(Event::Evaluated { id, outcome });
        }
        let outcome = match serde_json::from_str(text) {
            Ok(Value::Array(steps)) => script::read(Value::Array(steps)),
            Ok(Value::Object(step)) => script::read(Value::Object(step)),
            Ok(plain) => return (self.report)(Event::Evaluated { id, outcome: Ok(plain.to_string()) }),
            Err(_) => {
                Err(format!("there is no JavaScript here, and no step of the page answers this script: {text:.300}"))
            }
        };
        match outcome {
            Ok(steps) => self.run(Task::of_script(steps, id)),
            Err(why) => {
                let outcome = Err(ErrorObject::new(ErrorCode::ExecutionError, &why));
                (self.report)(Event::Evaluated { id, outcome });
            }
        }
    }

    /// Steps came to their end.
    pub(super) fn finish(&self, task: Task, failure: Option<String>) {
        let Some(id) = task.script else {
            return if let Some(why) = failure {
                say!("the page's script stopped: {why}")
            };
        };
        let outcome = match failure {
            Some(why) => Err(ErrorObject::new(ErrorCode::ExecutionError, &why)),
            None => Ok(task.value.to_string()),
        };
        (self.report)(Event::Evaluated { id, outcome });
    }

    // ---- messages and dialogs ----

    /// A message of Python came, its bytes with it.
    pub(super) fn receive(&mut self, message: Value) {
        let own = self.play.keep_books(&message);
        for text in own.to_send {
            self.send_plain(text);
        }
        if let Some((mut task, value)) = own.answered {
            task.took(value);
            return self.run(task);
        }
        if own.taken {
            return;
        }
        let rules = self.play.rules_for(&message);
        if !rules.is_empty() {
            for steps in rules {
                self.run(Task::new(steps, message.clone()));
            }
            return;
        }
        if let Some(mut task) =
            self.play.take_waiting(|wait| matches!(wait, Done::WaitsFor(pattern) if fits(pattern, &message)))
        {
            task.took(message);
            return self.run(task);
        }
        match (message.get("id"), message.get("method").and_then(Value::as_str)) {
            (Some(id), Some(method)) => {
                let error = ErrorObject::new(ErrorCode::MethodNotFound, format!("the page has no function {method:?}"));
                self.send_plain(serde_json::json!({ "id": id, "error": error }));
            }
            _ if own.internal => {}
            _ => self.play.keep(message),
        }
    }

    /// The user is asked something.
    pub fn dialog_opened(&mut self, id: u64, dialog: &Dialog) {
        self.window.dialogs.push_back((id, dialog.clone()));
        if let Some(mut task) = self.play.take_waiting(|wait| matches!(wait, Done::WaitsForDialog(_)))
            && let Done::WaitsForDialog(answer) = std::mem::take(&mut task.wait)
        {
            let asked = self.answer_dialog(answer).unwrap_or_default();
            task.took(asked);
            self.run(task);
        }
    }

    /// The user answers the oldest dialog; what was asked.
    pub(super) fn answer_dialog(&mut self, answer: Value) -> Option<Value> {
        let (id, dialog) = self.window.dialogs.pop_front()?;
        (self.report)(Event::DialogEnded { id, answer });
        serde_json::to_value(dialog).ok()
    }
}
