//! The wire: every message between the host and the UI process, as closed unions. `protocol/README.md` says it in words;
//! `protocol/golden` holds cases that the Rust, Python and TypeScript tests read.
//!
//! To add a message kind: add a variant to [`Command`] or [`Notice`], a line to the tables in `protocol/README.md` and a
//! golden case. The compiler then names every place that must handle it.

mod error;

pub use error::{ErrorCode, ErrorData, ErrorObject};
use serde::{Deserialize, Serialize};

/// Version of the messages; in the handshake and in every health message.
pub const SCHEMA_VERSION: u32 = 1;

/// The reason of `view/refused` when a document floods: everything of it is refused from then on.
pub const CUT: &str = "CUT: too much was refused; the bridge is off until the next document";

/// What the UI process reads of a frame in order to route it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The view; 0 is the UI process itself.
    pub view: u32,
    /// The document: absent = the UI process, 0 = the current or next document, n = that generation only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doc: Option<u32>,
    /// What the message is.
    pub kind: Kind,
    /// Of a request or its response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Of an event to the page; absent: it never coalesces. A newer event of the view with the same number replaces an
    /// older one that still waits. Chosen by the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coalesce: Option<u64>,
    /// The attachments of the message, by the numbers of their chunks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub att: Vec<u64>,
}

impl Header {
    /// Of a notification between the host and the UI process about `view`; 0 is the UI process itself.
    pub fn notify(view: u32) -> Self {
        Self::new(view, None, Kind::Notify, None)
    }

    /// Of a message that replaces none and has no attachments.
    pub fn new(view: u32, doc: Option<u32>, kind: Kind, id: Option<u64>) -> Self {
        Self { view, doc, kind, id, coalesce: None, att: Vec::new() }
    }

    /// The call of a function of the page that this is.
    pub fn page_request(&self) -> Option<u64> {
        self.id.filter(|_| self.kind == Kind::Request)
    }

    /// The document that a message for the page is for, or (0) any: a call is for whichever document can take it.
    pub fn page_document(&self) -> u32 {
        self.doc.filter(|_| self.page_request().is_none()).unwrap_or(0)
    }
}

/// What a message is: JSON-RPC's three, and whether a notification is urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Wants exactly one response.
    Request,
    /// Result or error of a request.
    Response,
    /// Wants no answer.
    Notify,
    /// A notification that passes the ordinary messages of its document.
    Control,
    /// No message, but a piece of the attachment `id` of one that follows.
    Chunk,
}

/// Host → UI process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", content = "params")]
pub enum Command {
    /// Make the view's window and page.
    #[serde(rename = "view/create")]
    Create(Box<ViewOptions>),
    /// Load something into it.
    #[serde(rename = "view/load")]
    Load(Load),
    /// The view was in another UI process before: its documents are numbered from the next number on.
    #[serde(rename = "view/resume")]
    Resume {
        /// How many documents it has had.
        documents: u32,
    },
    /// Load the current document again.
    #[serde(rename = "view/reload")]
    Reload {},
    /// What the page must know of Python.
    #[serde(rename = "view/session")]
    Session(Session),
    /// Run a script and answer with its value (a request).
    #[serde(rename = "view/eval")]
    Eval {
        /// An expression, or statements with `return`.
        script: String,
    },
    /// Nobody waits for a script any more: one that has not started never starts.
    #[serde(rename = "view/forget")]
    Forget {
        /// Of its request.
        id: u64,
    },
    /// Destroy the view.
    #[serde(rename = "view/close")]
    Close {
        /// Only when the page has taken what waits for it and its calls are answered; else at once. The host has the
        /// deadline, and may close at once later.
        #[serde(default)]
        finish: bool,
    },
    /// Change the window.
    #[serde(rename = "window/set")]
    Window(WindowChange),
    /// Ask the user something beside the view's window and answer with what they chose (a request).
    #[serde(rename = "window/dialog")]
    Dialog(Dialog),
    /// Keep an empty page ready for the next view, from now on.
    #[serde(rename = "warmup")]
    Warmup {},
    /// Close every view and end.
    #[serde(rename = "exit")]
    Exit {},
}

/// UI process → host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", content = "params")]
pub enum Notice {
    /// First frame of a link.
    #[serde(rename = "hello")]
    Hello {
        /// Version of the UI process.
        version: String,
        /// [`SCHEMA_VERSION`].
        schema_version: u32,
        /// Its process id.
        pid: u32,
        /// The engine and its version, for people.
        engine: String,
    },
    /// The process cannot show windows here and ends.
    #[serde(rename = "unusable")]
    Unusable {
        /// What is missing and what to do.
        message: String,
    },
    /// The window is there.
    #[serde(rename = "view/created")]
    Created {
        /// X11 window id, or absent where windows have none (Wayland).
        window_handle: Option<u64>,
        /// Why the window does not belong to the parent that was asked for, for people; absent: it does, or none was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        separate: Option<String>,
    },
    /// The view could not be made; it is gone.
    #[serde(rename = "view/failed")]
    Failed {
        /// What happened and what to do.
        message: String,
    },
    /// A document said hello and has a bridge.
    #[serde(rename = "view/document")]
    Document {
        /// Its generation.
        doc: u32,
        /// Its address.
        url: String,
        /// What it named itself: who knows it by the fast lane is that document.
        nonce: String,
    },
    /// The document's bridge said its last by the UI process; it goes on by the fast lane.
    #[serde(rename = "view/lane")]
    Lane {
        /// Its generation.
        doc: u32,
        /// Calls of its functions that it has got and not answered: those answers go to the host directly.
        asked: Vec<u64>,
    },
    /// Progress of a load.
    #[serde(rename = "view/loading")]
    Loading(Loading),
    /// The document's title.
    #[serde(rename = "view/title")]
    Title {
        /// The text.
        title: String,
    },
    /// Posts of a page were refused.
    #[serde(rename = "view/refused")]
    Refused {
        /// Origin of the main frame.
        origin: String,
        /// Why.
        reason: String,
        /// How many for this reason so far; told at powers of two.
        count: u32,
    },
    /// The web process is gone.
    #[serde(rename = "view/crashed")]
    Crashed {
        /// What the engine says.
        reason: String,
    },
    /// Taken by the page, dropped with it or replaced by a newer one: the host may send as much again.
    #[serde(rename = "view/delivered")]
    Delivered {
        /// Bytes of bodies.
        bytes: usize,
        /// Messages.
        messages: usize,
        /// How many of them no page took, since a newer one replaced them.
        coalesced: usize,
    },
    /// Last message of a view.
    #[serde(rename = "view/closed")]
    Closed {
        /// Who closed it.
        reason: CloseReason,
        /// Messages for the page that were accepted and never handed to it.
        undelivered: usize,
    },
    /// The window changed, by the user or by us.
    #[serde(rename = "window/changed")]
    Changed(WindowState),
    /// The user wants to close the window; may it? (a request, answered with true or false)
    #[serde(rename = "window/closing")]
    Closing {},
}

/// Who closed a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CloseReason {
    /// The window's close button.
    User,
    /// `close()` of the host.
    Host,
}

/// What to load.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// What there is.
    #[serde(flatten)]
    pub content: Content,
    /// Where in it, or elsewhere, to begin; absent: where it begins itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// What a view shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// An address.
    Url(String),
    /// A document, served under the view's own origin.
    Html(String),
    /// An absolute path; its folder (or the asset root that holds it) becomes the root of the view's origin.
    File(String),
}

impl Default for Content {
    fn default() -> Self {
        Self::Html(String::new())
    }
}

/// State of a load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loading {
    /// How far.
    pub state: LoadState,
    /// The address.
    pub url: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How far a load is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoadState {
    /// Asked for.
    Started,
    /// The old document is gone.
    Committed,
    /// Everything is there.
    Finished,
    /// It will not come.
    Failed,
}

/// What the page must know of Python.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Event names that Python listens to.
    #[serde(default)]
    pub events: Vec<String>,
    /// First parts of bound method names.
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// Whether the host wants to be asked before the window closes.
    #[serde(default)]
    pub veto: bool,
}

/// A request to change the window; absent fields stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowChange {
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Width and height of the page, in logical pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<(f64, f64)>,
    /// Left and top of the window, in logical pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<(f64, f64)>,
    /// Shown or hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visible: Option<bool>,
    /// Minimised or restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimized: Option<bool>,
    /// Maximised or restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximized: Option<bool>,
    /// Full screen or restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fullscreen: Option<bool>,
    /// Above other windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub always_on_top: Option<bool>,
    /// Brings the window to the front and gives it the keyboard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focus: Option<bool>,
    /// Of a view in a window of the host: the keyboard comes into the page as by the Tab key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enter: Option<Edge>,
}

/// Where the Tab key comes into a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edge {
    /// At its first element: forwards.
    First,
    /// At its last element: backwards.
    Last,
}

/// A question to the user. The answer of the three kinds for files is an array of absolute paths, or null if the user
/// gave up; that of `message` is null, that of `confirm` true or false.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dialog {
    /// What is asked.
    pub kind: DialogKind,
    /// Of its window.
    pub title: String,
    /// Of `message` and `confirm`: what is said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Of the kinds for files: where it begins; absent: where the desktop likes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Of `save_file`: the name that is proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Of `open_file`: whether the user may choose more than one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub multiple: bool,
    /// Of `open_file` and `save_file`: names of kinds of files, each with its extensions (without a dot).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<(String, Vec<String>)>,
}

/// What a [`Dialog`] asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialogKind {
    /// Files that are there.
    OpenFile,
    /// A file to write.
    SaveFile,
    /// A folder.
    OpenFolder,
    /// Nothing: the user reads it.
    #[default]
    Message,
    /// Yes or no.
    Confirm,
}

/// What changed about a window; absent fields did not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowState {
    /// Width and height of the page, in logical pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<(f64, f64)>,
    /// Left and top of the window, in logical pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<(f64, f64)>,
    /// Shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visible: Option<bool>,
    /// Has the keyboard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focused: Option<bool>,
    /// Minimised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimized: Option<bool>,
    /// Maximised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximized: Option<bool>,
    /// Full screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fullscreen: Option<bool>,
}

/// What becomes of a window that a page wants to open (`window.open`, `target=_blank`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NewWindowMode {
    /// There is none.
    Deny,
    /// The user's browser or mail program shows it, if it is at https, http or mailto.
    Browser,
    /// The view itself goes there, if it is at https, http or the view's own origin.
    Navigate,
}

/// How the host names a window of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Parent {
    /// An X11 window, a `HWND`, or a window number (macOS).
    Handle(u64),
    /// The main window of the process with this number.
    Process(u32),
}

/// How a view is made. Python's `ViewOptions` has the same fields and defaults, by test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ViewOptions {
    /// Fixed title of the window; absent: it follows the document's.
    pub title: Option<String>,
    /// Width of the page, in logical pixels.
    pub width: f64,
    /// Height of the page, in logical pixels.
    pub height: f64,
    /// Left edge; absent: the window manager decides.
    pub x: Option<f64>,
    /// Top edge; absent: the window manager decides.
    pub y: Option<f64>,
    /// Whether the user may resize the window.
    pub resizable: bool,
    /// Whether the window has a title bar and borders.
    pub frame: bool,
    /// Whether the page may let the desktop shine through.
    pub transparent: bool,
    /// `#rrggbb` behind the page until it paints; absent: white.
    pub background_color: Option<String>,
    /// Above other windows.
    pub always_on_top: bool,
    /// The window of the host that this one floats above, minimises and closes with; absent: it stands alone.
    pub parent: Option<Parent>,
    /// Shown as soon as it is there.
    pub visible: bool,
    /// The engine's context menu.
    pub context_menu: bool,
    /// Developer tools, and tracebacks in the page's errors.
    pub debug: bool,
    /// Folder whose files the page may load; absent: none.
    pub asset_root: Option<String>,
    /// Whether a navigation to a path without a file gives the start page.
    pub spa_fallback: bool,
    /// Content-Security-Policy of the view's own documents; absent: the default one, empty: none.
    pub csp: Option<String>,
    /// What becomes of a window that a page wants to open.
    pub new_window_mode: NewWindowMode,
    /// Exact origins, besides the view's own, whose documents get the bridge.
    pub allowed_origins: Vec<String>,
    /// Host of the view's own origin, `av://<app_id>`.
    pub app_id: String,
    /// Folder for cookies and storage; absent: nothing is kept.
    pub data_directory: Option<String>,
    /// Native window of the host (X11, Windows) that the view fills; absent: a window of its own.
    pub container: Option<u64>,
    /// In a container: whether keys that the page does not use go to the host.
    pub forward_keys: bool,
    /// In a container: keys that go to the host and never to the page, such as `Ctrl+Shift+S`.
    pub host_keys: Vec<String>,
}

impl Default for ViewOptions {
    fn default() -> Self {
        Self {
            title: None,
            width: 800.0,
            height: 600.0,
            x: None,
            y: None,
            resizable: true,
            frame: true,
            transparent: false,
            background_color: None,
            always_on_top: false,
            parent: None,
            visible: true,
            context_menu: true,
            debug: false,
            asset_root: None,
            spa_fallback: false,
            csp: None,
            new_window_mode: NewWindowMode::Deny,
            allowed_origins: Vec::new(),
            app_id: "app".into(),
            data_directory: None,
            container: None,
            forward_keys: true,
            host_keys: Vec::new(),
        }
    }
}

#[derive(Serialize)]
struct Notification<'a, T> {
    jsonrpc: &'static str,
    #[serde(flatten)]
    message: &'a T,
}

#[derive(Serialize)]
struct ErrorResponse<'a> {
    jsonrpc: &'static str,
    id: u64,
    error: &'a ErrorObject,
}

/// The JSON-RPC text of a [`Command`] or [`Notice`].
pub fn text_of<T: Serialize>(message: &T) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Notification { jsonrpc: "2.0", message })
}

/// The JSON-RPC text of a failed request.
pub fn error_text(id: u64, error: &ErrorObject) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&ErrorResponse { jsonrpc: "2.0", id, error })
}

/// The JSON-RPC text of a request that succeeded with the JSON text `result`.
pub fn result_text(id: u64, result: &str) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#).into_bytes()
}

/// The JSON-RPC text of a request whose parameters are the JSON text `params`.
pub fn request_text(id: u64, method: &str, params: Option<&str>) -> Vec<u8> {
    let method = serde_json::Value::from(method);
    let params = params.map(|params| format!(r#","params":{params}"#)).unwrap_or_default();
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":{method}{params}}}"#).into_bytes()
}
