//! All views of one host, and the one place where messages of the host and reports of the engine are handled.

use crate::assets::Assets;
use crate::backend::{BRIDGE, Event, ViewFactory};
use crate::context::{Context, HostMessage, Processor};
use crate::processors::built_in;
use crate::view::{Outgoing, View};
use auroraview_core::frame::Frame;
use auroraview_core::pipeline::{MessagePipeline, Processed};
use auroraview_core::wire::{Command, ErrorCode, Header, Kind, Notice, ViewOptions, text_of};
use auroraview_link::Peer;
use tracing::debug;

/// Everything this process holds. Owned by the thread of the loop.
pub struct App {
    peer: Peer,
    pipeline: MessagePipeline<HostMessage, Context>,
    context: Context,
}

/// The loop that owns the windows and runs an [`App`] (seed 000 section 9.3).
pub trait EventLoopBackend {
    /// Runs until the host asks to exit.
    fn run(self, app: App) -> Result<(), String>;
}

/// The host is ready for more of a page's bytes when fewer frames of its view wait than this. A piece has 16: while one is
/// written, the next may come.
const READY: usize = 20;

impl App {
    /// No views yet. `extra` joins the built-in processors of messages.
    pub fn new(peer: Peer, extra: Vec<Processor>) -> Self {
        let processors = built_in().into_iter().chain(extra).collect();
        Self { peer, pipeline: MessagePipeline::new(processors), context: Context::default() }
    }

    /// The host's end of the link, for the loop to watch.
    pub fn peer(&mut self) -> &mut Peer {
        &mut self.peer
    }

    /// Writes what the link takes, and lets pages go on that wait for that. False if something is left: call again when the
    /// link is writable.
    pub fn flush(&mut self) -> bool {
        let flushed = self.peer.flush();
        for (id, view) in &mut self.context.views {
            if view.holds_uploads() && self.peer.waiting(*id) < READY {
                view.answer_uploads();
            }
        }
        flushed
    }

    /// Whether the host asked to end. Every view is gone then.
    pub fn exiting(&self) -> bool {
        self.context.exiting
    }

    /// Whether a view, or the spare page for a later one, waits for [`App::create_views`].
    pub fn wants_to_create(&self) -> bool {
        self.context.creating.is_some() || self.context.wants_spare()
    }

    /// Makes the views that wait, and handles what came after them. When none is starting any more, makes the spare page.
    pub fn create_views(&mut self, factory: &dyn ViewFactory) {
        while let Some((id, options)) = self.context.creating.take() {
            self.context.stock.view_comes();
            match make_view(factory, id, *options) {
                Ok(view) => drop(self.context.views.insert(id, view)),
                Err(message) => self.tell(id, &Notice::Failed { message }),
            }
            self.settle(id);
            self.take_frames();
        }
        if self.context.wants_spare() {
            self.context.stock.filled();
            factory.keep_spare();
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
        if let Some(view) = self.context.views.get_mut(&id) {
            view.handle(event);
            self.settle(id);
        }
    }

    fn take_frames(&mut self) {
        while self.context.creating.is_none() && !self.context.exiting {
            match self.peer.next_frame() {
                Ok(Some(frame)) => self.take_frame(frame),
                Ok(None) => return,
                Err(error) => {
                    say!("{error}");
                    self.context.exiting = true;
                }
            }
        }
    }

    fn take_frame(&mut self, frame: Frame) {
        let Header { view: id, doc, kind, id: call, .. } = frame.header;
        debug!(view = id, doc, ?kind, id = call, bytes = frame.body.len(), "receive");
        if kind == Kind::Chunk {
            if let Some(view) = self.context.views.get_mut(&id) {
                view.take_chunk(&frame.header, frame.body);
            }
            return;
        }
        let attachments = frame.header.att.clone();
        let mut message = HostMessage::new(frame);
        if self.pipeline.process(&mut message, &mut self.context) == Processed::PassedOn {
            self.answer_unknown(&message);
        }
        if let Some(view) = self.context.views.get_mut(&id) {
            view.drop_chunks(&attachments);
        }
        self.settle(id);
    }

    /// Nobody took the message: whoever asked is answered, the host's log has the rest.
    fn answer_unknown(&mut self, message: &HostMessage) {
        let why = match serde_json::from_slice::<Command>(&message.body) {
            Ok(_) => "its header does not fit its method".into(),
            Err(error) => error.to_string(),
        };
        let asked = self.pipeline.names().collect::<Vec<_>>().join(", ");
        let text = format!("no processor ({asked}) takes this message: {why}");
        if message.header.kind != Kind::Request {
            say!("a message of the host was dropped: {text}");
        }
        self.context.reject(&message.header, ErrorCode::MethodNotFound, &text);
    }

    /// Sends what a view has to say, and drops it if it closed.
    fn settle(&mut self, id: u32) {
        let answers = std::mem::take(&mut self.context.out);
        let mut said = Vec::new();
        if let Some(view) = self.context.views.get_mut(&id) {
            said = view.take_out();
            if view.closed().is_some() {
                self.context.views.remove(&id);
            }
        }
        answers.into_iter().for_each(|frame| self.send(frame));
        for outgoing in said {
            match outgoing {
                Outgoing::Message(frame) => self.send(frame),
                Outgoing::Chunks { doc, attachment } => {
                    debug!(view = id, doc, number = attachment.number, bytes = attachment.len(), "send a piece");
                    if let Err(error) = self.peer.send_chunks(id, doc, &attachment) {
                        say!("a piece for the host was dropped: {error}");
                    }
                }
            }
        }
    }

    fn tell(&mut self, view: u32, notice: &Notice) {
        if let Ok(body) = text_of(notice) {
            self.send(Frame { header: Header::notify(view), body });
        }
    }

    fn send(&mut self, frame: Frame) {
        let Header { view, doc, kind, id, .. } = frame.header;
        debug!(view, doc, ?kind, id, bytes = frame.body.len(), "send");
        if let Err(error) = self.peer.send(&frame) {
            say!("a message to the host was dropped: {error}");
        }
    }
}

fn make_view(factory: &dyn ViewFactory, id: u32, options: ViewOptions) -> Result<View, String> {
    let secret = random_hex().map_err(|error| format!("no random numbers: {error}"))?;
    let assets = Assets::start(&options).map_err(|error| format!("no thread for assets: {error}"))?;
    let boot = boot_script(&options, &secret);
    let backend = factory.create(id, &options, boot, &assets)?;
    Ok(View::new(id, options, secret, assets, backend))
}

/// The bridge with what it must know of this view. The secret sits in a closure that no function of the page can reach.
fn boot_script(options: &ViewOptions, secret: &str) -> String {
    let own = crate::origin::own_origin(&options.app_id);
    let spelled = |origin: &String| crate::backend::SPELLING.to_engine(origin);
    let origins: Vec<String> = std::iter::once(&own).chain(&options.allowed_origins).map(spelled).collect();
    let trace = tracing::enabled!(tracing::Level::DEBUG);
    let boot = serde_json::json!({ "secret": secret, "origins": origins, "debug": options.debug, "trace": trace });
    format!("(function(){{\"use strict\";const __AURORAVIEW_BOOT__={boot};\n{BRIDGE}\n}})()")
}

fn random_hex() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
