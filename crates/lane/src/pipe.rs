//! What passes between the documents of this process and the host. One document at a time has a bridge: that of the main
//! frame. Nothing of the last one is kept.
//!
//! JavaScript may run inside every call into the engine, and call back into us. So nothing is borrowed during one.

use crate::channel::Channel;
use crate::extension::{call, give, make_runner, room, run_script};
use auroraview_core::direct::{Introduction, Packet, PacketKind};
use glib::source::unix_fd_add_local;
use glib::{ControlFlow, IOCondition};
use javascriptcore::{Context, Value};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

thread_local! {
    /// Of the main thread, the only one that comes here.
    static PIPE: RefCell<Option<Pipe>> = const { RefCell::new(None) };
}

struct Pipe {
    channel: Channel,
    origins: Vec<String>,
    last_document: u32,
    document: Option<Document>,
    /// The loop tells when the socket takes more.
    flushing: bool,
    /// Further up on the stack packets are being handed to the page: it will hand over what comes meanwhile.
    delivering: bool,
}

struct Document {
    number: u32,
    context: Context,
    /// It offered itself to the host.
    offered: bool,
    /// The bridge's function that takes batches; it waits for those from the moment it gave us that.
    deliver: Option<Value>,
    /// What runs its scripts, from the first one on.
    runner: Option<Value>,
    queue: VecDeque<Packet>,
    /// The host wants to know how far it is; it is asked when it has nothing else to do.
    asked: bool,
    /// It wants to know when the socket takes more, and when it does.
    wants_room: bool,
    has_room: bool,
    /// The host is gone.
    ended: bool,
}

/// What is next for the page.
enum Next {
    /// So many batches, as one.
    Batch(Value, Context, String, u32),
    /// An attachment of that number.
    Bytes(Value, Context, Vec<u8>, u64),
    /// Bytes of the page may go again.
    Room(Value, Context),
    Script {
        context: Context,
        runner: Option<Value>,
        number: u32,
        id: u64,
        script: String,
    },
    End(Value, Context),
}

/// Connects to the host, once. Without a host there is no fast lane.
pub fn start(introduction: &Introduction) {
    if PIPE.with_borrow(Option::is_some) {
        return;
    }
    let Ok(channel) = Channel::connect(introduction) else { return };
    let fd = channel.fd();
    let origins = introduction.origins.clone();
    let pipe = Pipe { channel, origins, last_document: 0, document: None, flushing: false, delivering: false };
    PIPE.set(Some(pipe));
    unix_fd_add_local(fd, IOCondition::IN | IOCondition::HUP, |_, _| {
        let alive = with(Pipe::read).unwrap_or(false);
        deliver();
        if alive { ControlFlow::Continue } else { ControlFlow::Break }
    });
}

/// A new document of the main frame is there. Its number, if it may have the fast lane.
pub fn document_begins(url: &str, context: Context) -> Option<u32> {
    with(|pipe| {
        pipe.leave_document();
        if !pipe.origins.iter().any(|allowed| allowed == origin_of(url)) {
            return None;
        }
        pipe.last_document += 1;
        let number = pipe.last_document;
        let (deliver, runner, queue) = (None, None, VecDeque::new());
        let (offered, asked, wants_room, has_room, ended) = (false, false, false, false, false);
        let document =
            Document { number, context, offered, deliver, runner, queue, asked, wants_room, has_room, ended };
        pipe.document = Some(document);
        Some(number)
    })
    .flatten()
}

/// The page is gone, and its document with it.
pub fn document_ends() {
    with(Pipe::leave_document);
}

/// The bridge of document `number` says something: its nonce, and then posts.
pub fn bridge_says(number: u32, text: String) {
    with(|pipe| pipe.bridge_says(number, text));
}

/// The bridge of document `number` sends a piece of attachment `id`. False: it should wait until it is told that there is room.
pub fn bridge_sends(number: u32, id: u64, bytes: &[u8]) -> bool {
    with(|pipe| pipe.send(PacketKind::Bytes, number, id, bytes) || !pipe.wants_room(number)).unwrap_or(true)
}

/// The bridge of document `number` takes batches from now on, with a function.
pub fn bridge_takes(number: u32, function: Value) {
    with(|pipe| {
        if let Some(document) = pipe.document_of(number) {
            document.deliver = Some(function);
        }
    });
    // Not from inside the bridge's own call.
    glib::idle_add_local_once(deliver);
}

/// What came of script `id`, once.
pub fn script_ended(number: u32, id: u64, outcome: String) {
    with(|pipe| pipe.send(PacketKind::Outcome, number, id, outcome.as_bytes()));
}

/// Hands everything that waits to the page, in order.
fn deliver() {
    if with(|pipe| std::mem::replace(&mut pipe.delivering, true)).unwrap_or(true) {
        return;
    }
    while let Some(next) = with(Pipe::next).flatten() {
        match next {
            Next::Batch(function, context, text, count) => call(&function, &context, Some(&text), count),
            Next::Bytes(function, context, bytes, id) => give(&function, &context, &bytes, id),
            Next::Room(function, context) => room(&function, &context),
            Next::End(function, context) => call(&function, &context, None, 0),
            Next::Script { context, runner, number, id, script } => {
                let made = || make_runner(&context).inspect(|runner| keep_runner(number, runner));
                match runner.map_or_else(made, Ok) {
                    Ok(runner) => run_script(&runner, &context, number, id, &script),
                    Err(refusal) => script_ended(number, id, refusal),
                }
            }
        }
    }
    with(|pipe| pipe.delivering = false);
}

/// Asks document `number` how far it is, after everything that the engine does of itself, or soon if that has no end.
fn ask_later(number: u32) {
    glib::idle_add_local_full(glib::Priority::LOW, move || {
        ask(number);
        ControlFlow::Break
    });
    glib::timeout_add_local_once(BUSY, move || ask(number));
}

fn ask(number: u32) {
    let asked = with(|pipe| {
        let document = pipe.document_of(number).filter(|document| document.asked)?;
        document.asked = false;
        Some((document.deliver.clone()?, document.context.clone()))
    });
    if let Some((function, context)) = asked.flatten() {
        call(&function, &context, Some(EMPTY), 0);
    }
}

fn keep_runner(number: u32, runner: &Value) {
    with(|pipe| {
        if let Some(document) = pipe.document_of(number) {
            document.runner = Some(runner.clone());
        }
    });
}

/// Calls `work` with the pipe, if there is one. `work` does not call into the engine.
fn with<R>(work: impl FnOnce(&mut Pipe) -> R) -> Option<R> {
    PIPE.with(|pipe| pipe.try_borrow_mut().ok()?.as_mut().map(work))
}

impl Pipe {
    fn leave_document(&mut self) {
        if let Some(document) = self.document.take()
            && document.offered
        {
            self.send(PacketKind::Close, document.number, 0, b"");
        }
    }

    fn document_of(&mut self, number: u32) -> Option<&mut Document> {
        self.document.as_mut().filter(|document| document.number == number)
    }

    fn bridge_says(&mut self, number: u32, text: String) {
        let Some(document) = self.document_of(number) else { return };
        let kind = if document.offered { PacketKind::Post } else { PacketKind::Open };
        document.offered = true;
        self.send(kind, number, 0, text.as_bytes());
    }

    /// False if the document is gone.
    fn wants_room(&mut self, number: u32) -> bool {
        self.document_of(number).is_some_and(|document| {
            document.wants_room = true;
            true
        })
    }

    /// False if the socket did not take all at once.
    fn send(&mut self, kind: PacketKind, doc: u32, id: u64, body: &[u8]) -> bool {
        let all = self.channel.send(kind, doc, id, body);
        if !all && !std::mem::replace(&mut self.flushing, true) {
            unix_fd_add_local(self.channel.fd(), IOCondition::OUT, |_, _| {
                if with(Pipe::flush) == Some(false) {
                    return ControlFlow::Continue;
                }
                deliver();
                ControlFlow::Break
            });
        }
        all
    }

    /// False if the socket is still full.
    fn flush(&mut self) -> bool {
        let done = self.channel.flush();
        self.flushing = !done;
        if let Some(document) = self.document.as_mut().filter(|_| done) {
            document.has_room = std::mem::take(&mut document.wants_room);
        }
        done
    }

    /// False when the host is gone.
    fn read(&mut self) -> bool {
        let (packets, alive) = self.channel.read();
        if let Some(document) = &mut self.document {
            let number = document.number;
            document.queue.extend(packets.into_iter().filter(|packet| packet.doc == number));
            document.ended = !alive;
        }
        alive
    }

    /// What the page gets next. Batches that wait together go together.
    fn next(&mut self) -> Option<Next> {
        let document = self.document.as_mut()?;
        let function = document.deliver.clone()?;
        let context = document.context.clone();
        if std::mem::take(&mut document.has_room) {
            return Some(Next::Room(function, context));
        }
        let Some(first) = document.next_packet() else {
            return std::mem::take(&mut document.ended).then_some(Next::End(function, context));
        };
        if first.kind == PacketKind::Bytes {
            return Some(Next::Bytes(function, context, first.body, first.id));
        }
        let mut text = String::from_utf8(first.body).ok()?;
        if first.kind == PacketKind::Eval {
            let (runner, number, id) = (document.runner.clone(), document.number, first.id);
            return Some(Next::Script { context, runner, number, id, script: text });
        }
        let mut count = 1;
        while text.len() < MAX_TOGETHER {
            let Some(more) = document.queue.pop_front_if(|next| next.kind == PacketKind::Batch && !asks(next)) else {
                break;
            };
            count += 1;
            text.pop();
            text.push(',');
            text.push_str(std::str::from_utf8(&more.body[1..]).ok()?);
        }
        Some(Next::Batch(function, context, text, count))
    }
}

impl Document {
    /// The next packet for the page. A question is answered later: what the reactions of promises do with a batch, they do
    /// after it, when the engine comes to that.
    fn next_packet(&mut self) -> Option<Packet> {
        while let Some(packet) = self.queue.pop_front() {
            if !asks(&packet) {
                return Some(packet);
            }
            if !std::mem::replace(&mut self.asked, true) {
                ask_later(self.number);
            }
        }
        None
    }
}

/// A batch without messages asks the bridge how far it is, and is not counted.
fn asks(packet: &Packet) -> bool {
    packet.kind == PacketKind::Batch && packet.body == EMPTY.as_bytes()
}

const EMPTY: &str = "[]";
/// A page that is never idle for so long has run the reactions of its promises all the same.
const BUSY: Duration = Duration::from_millis(50);
/// Batches are joined up to so many bytes.
const MAX_TOGETHER: usize = 1 << 20;

/// `scheme://host:port` of an address, as the engine writes addresses.
fn origin_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    &url[..end]
}
