//! All views of one host, and the one place where messages of the host and reports of the engine are handled.

use crate::assets::Assets;
use crate::backend::{Event, ViewFactory};
use crate::view::View;
use auroraview_core::frame::Frame;
use auroraview_core::wire::{
    CloseReason, Command, ErrorCode, ErrorObject, Header, Kind, Notice, ViewOptions, error_text, text_of,
};
use auroraview_link::Peer;
use std::collections::HashMap;

/// Everything this process holds. Owned by the thread of the loop.
pub struct App {
    peer: Peer,
    views: HashMap<u32, View>,
    creating: Option<(u32, Box<ViewOptions>)>,
    exiting: bool,
}

/// The loop that owns the windows and runs an [`App`] (seed 000 section 9.3).
pub trait EventLoopBackend {
    /// Runs until the host asks to exit.
    fn run(self, app: App) -> Result<(), String>;
}

/// The bridge, as `npm run build` in `sdk/` makes it.
const BRIDGE: &str = include_str!("../../../sdk/dist/bridge.js");

impl App {
    /// No views yet.
    pub fn new(peer: Peer) -> Self {
        Self { peer, views: HashMap::new(), creating: None, exiting: false }
    }

    /// The host's end of the link, for the loop to watch.
    pub fn peer(&mut self) -> &mut Peer {
        &mut self.peer
    }

    /// Whether the host asked to end. Every view is gone then.
    pub fn exiting(&self) -> bool {
        self.exiting
    }

    /// Whether a view waits for [`App::create_views`]; the link is not read further before it is there.
    pub fn wants_to_create(&self) -> bool {
        self.creating.is_some()
    }

    /// Makes the views that wait, and handles what came after them.
    pub fn create_views(&mut self, factory: &dyn ViewFactory) {
        while let Some((id, options)) = self.creating.take() {
            match make_view(factory, id, *options) {
                Ok(view) => drop(self.views.insert(id, view)),
                Err(message) => self.tell(id, &Notice::Failed { message }),
            }
            self.settle(id);
            self.take_frames();
        }
    }

    /// Reads the link once and handles what is complete. False when the host is gone.
    pub fn read_link(&mut self) -> bool {
        if !matches!(self.peer.read(), Ok(true)) {
            return false;
        }
        self.take_frames();
        true
    }

    /// Handles one report of the engine. Reports for a view that is gone are dropped.
    pub fn handle(&mut self, id: u32, event: Event) {
        if let Some(view) = self.views.get_mut(&id) {
            view.handle(event);
            self.settle(id);
        }
    }

    fn take_frames(&mut self) {
        while self.creating.is_none() && !self.exiting {
            match self.peer.next_frame() {
                Ok(Some(frame)) => self.take_frame(frame),
                Ok(None) => return,
                Err(error) => {
                    say!("{error}");
                    self.exiting = true;
                }
            }
        }
    }

    fn take_frame(&mut self, frame: Frame) {
        let id = frame.header.view;
        match (frame.header.doc, frame.header.kind) {
            (Some(_), _) => {
                if let Some(view) = self.views.get_mut(&id) {
                    view.send_to_page(frame.header, frame.body);
                }
            }
            (None, Kind::Response) => {
                if let Some(view) = self.views.get_mut(&id) {
                    view.allow_close(answered_true(&frame.body));
                }
            }
            (None, Kind::Request | Kind::Notify) => self.take_command(frame),
        }
        self.settle(id);
    }

    fn take_command(&mut self, frame: Frame) {
        let Header { view: id, id: request, .. } = frame.header;
        let command = match serde_json::from_slice(&frame.body) {
            Ok(command) => command,
            Err(error) => return self.reject(id, request, ErrorCode::MethodNotFound, &error.to_string()),
        };
        match (command, self.views.get_mut(&id)) {
            (Command::Exit {}, _) => self.exit(),
            (Command::Create(options), None) => self.creating = Some((id, options)),
            (_, None) => self.reject(id, request, ErrorCode::Closed, "the view is closed"),
            (Command::Create(_), Some(_)) => say!("view {id} exists already"),
            (Command::Load(content), Some(view)) => view.load(content),
            (Command::Reload {}, Some(view)) => view.backend().reload(),
            (Command::Session(session), Some(view)) => view.set_session(session),
            (Command::Eval { script }, Some(view)) => match request {
                Some(request) => view.eval(request, script),
                None => say!("view/eval must be a request"),
            },
            (Command::Window(change), Some(view)) => view.change_window(change),
            (Command::Close {}, Some(view)) => view.close(CloseReason::Host),
        }
    }

    /// Answers a request that nobody else can answer. A notification to a view that is gone is nobody's business.
    fn reject(&mut self, view: u32, request: Option<u64>, code: ErrorCode, message: &str) {
        let Some(id) = request else {
            if code != ErrorCode::Closed {
                say!("a message of the host was not understood: {message}");
            }
            return;
        };
        if let Ok(body) = error_text(id, &ErrorObject::new(code, message)) {
            self.send(Frame { header: Header { view, doc: None, kind: Kind::Response, id: Some(id) }, body });
        }
    }

    fn exit(&mut self) {
        self.views.clear();
        self.exiting = true;
    }

    /// Sends what a view has to say, and drops it if it closed.
    fn settle(&mut self, id: u32) {
        let Some(view) = self.views.get_mut(&id) else { return };
        let out = view.take_out();
        if view.closed().is_some() {
            self.views.remove(&id);
        }
        out.into_iter().for_each(|frame| self.send(frame));
    }

    fn tell(&mut self, view: u32, notice: &Notice) {
        if let Ok(body) = text_of(notice) {
            self.send(Frame { header: Header { view, doc: None, kind: Kind::Notify, id: None }, body });
        }
    }

    fn send(&mut self, frame: Frame) {
        if let Err(error) = self.peer.send(&frame) {
            say!("a message to the host was dropped: {error}");
        }
    }
}

fn make_view(factory: &dyn ViewFactory, id: u32, options: ViewOptions) -> Result<View, String> {
    let secret = random_hex().map_err(|error| format!("no random numbers: {error}"))?;
    let assets =
        Assets::start(options.asset_root.as_deref()).map_err(|error| format!("no thread for assets: {error}"))?;
    let boot = boot_script(&options, &secret);
    let backend = factory.create(id, &options, boot, &assets)?;
    Ok(View::new(id, options, secret, assets, backend))
}

/// The bridge with what it must know of this view. The secret sits in a closure that no function of the page can reach.
fn boot_script(options: &ViewOptions, secret: &str) -> String {
    let own = crate::origin::own_origin(&options.app_id);
    let spelled = |origin: &String| crate::backend::SPELLING.to_engine(origin);
    let origins: Vec<String> = std::iter::once(&own).chain(&options.allowed_origins).map(spelled).collect();
    let boot = serde_json::json!({ "secret": secret, "origins": origins, "debug": options.debug });
    format!("(function(){{\"use strict\";const __AURORAVIEW_BOOT__={boot};\n{BRIDGE}\n}})()")
}

fn random_hex() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn answered_true(body: &[u8]) -> bool {
    // Anything but a clear veto closes: a host whose handler failed must not keep its window for ever.
    let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    answer.get("result") != Some(&serde_json::Value::Bool(false))
}
