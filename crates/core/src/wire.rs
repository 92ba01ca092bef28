//! The wire: every message between the host and the UI process, as closed unions. `protocol/README.md` says it in words;
//! `protocol/golden` holds cases that the Rust, Python and TypeScript tests read.
//!
//! To add a message kind: add a variant to [`Command`] or [`Notice`], a line to the tables in `protocol/README.md` and a
//! golden case. The compiler then names every place that must handle it.

use serde::{Deserialize, Serialize};

/// Version of the messages; in the handshake and in every health message.
pub const SCHEMA_VERSION: u32 = 1;

/// What the UI process reads of a frame in order to route it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl Header {
    /// Of a notification between the host and the UI process about `view`; 0 is the UI process itself.
    pub fn notify(view: u32) -> Self {
        Self { view, doc: None, kind: Kind::Notify, id: None, coalesce: None }
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
    Load(Content),
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
    /// Shown as soon as it is there.
    pub visible: bool,
    /// The engine's context menu.
    pub context_menu: bool,
    /// Developer tools, and tracebacks in the page's errors.
    pub debug: bool,
    /// Folder whose files the page may load; absent: none.
    pub asset_root: Option<String>,
    /// Exact origins, besides the view's own, whose documents get the bridge.
    pub allowed_origins: Vec<String>,
    /// Host of the view's own origin, `av://<app_id>`.
    pub app_id: String,
    /// Folder for cookies and storage; absent: nothing is kept.
    pub data_directory: Option<String>,
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
            visible: true,
            context_menu: true,
            debug: false,
            asset_root: None,
            allowed_origins: Vec::new(),
            app_id: "app".into(),
            data_directory: None,
        }
    }
}

/// Why a request failed. The names are `data.code` in JSON and `error.code` in JavaScript; a test holds the lists of
/// Rust, Python and TypeScript equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// Not a message of the wire.
    InvalidRequest,
    /// No such method.
    MethodNotFound,
    /// A script raised.
    ExecutionError,
    /// Over a size limit.
    TooLarge,
    /// Too many calls pending.
    Busy,
    /// The view or its UI process is gone.
    Closed,
    /// The document that was asked is gone.
    Navigated,
}

impl ErrorCode {
    /// JSON-RPC's number.
    pub fn number(self) -> i32 {
        match self {
            Self::InvalidRequest => -32600,
            Self::MethodNotFound => -32601,
            Self::ExecutionError => -32000,
            Self::TooLarge => -32002,
            Self::Busy => -32003,
            Self::Closed => -32802,
            Self::Navigated => -32803,
        }
    }
}

/// The JSON-RPC error object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorObject {
    /// JSON-RPC's number.
    pub code: i32,
    /// For people.
    pub message: String,
    /// What programs read.
    pub data: ErrorData,
}

/// What programs read of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorData {
    /// Name of the exception, in the language that raised it.
    pub name: String,
    /// Our code.
    pub code: ErrorCode,
    /// Where a script raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
}

impl ErrorObject {
    /// An error of ours.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let data = ErrorData { name: "AuroraViewError".into(), code, stack: None };
        Self { code: code.number(), message: message.into(), data }
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
pub fn request_text(id: u64, method: &str, params: &str) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#).into_bytes()
}
