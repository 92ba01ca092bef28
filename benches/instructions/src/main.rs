//! The hot paths of `crates/core` and `crates/link`, so many times each: `auroraview-instructions PATH TIMES`.
//! `tools/callgrind.py` counts the instructions that one more time takes. Without arguments: the names of the paths.

use auroraview_core::direct::{Packet, PacketDecoder, PacketKind};
use auroraview_core::frame::{Decoder, Frame};
use auroraview_core::inbox::{Inbox, Urgency, Wake};
use auroraview_core::json;
use auroraview_core::lane::{Lane, Message, Page, Step};
use auroraview_core::listeners::EventListeners;
use auroraview_core::post::Post;
use auroraview_core::route::{Event, Route};
use auroraview_core::wire::{Header, Kind};
use auroraview_link::Chunks;
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;

type Outcome = Result<(), Box<dyn Error>>;

/// Does it so many times.
type Path = fn(u32) -> Outcome;

/// What they are called, and what does them.
const PATHS: &[(&str, Path)] = &[
    ("frame_encode", frame_encode),
    ("frame_decode", frame_decode),
    ("packet_encode", packet_encode),
    ("packet_decode", packet_decode),
    ("post_parse", post_parse),
    ("json_check", json_check),
    ("json_check_depth", json_check_depth),
    ("inbox_push_drain", inbox_push_drain),
    ("lane_step", lane_step),
    ("route_call", route_call),
    ("listeners_take", listeners_take),
    ("chunks_collect", chunks_collect),
];

const CALL: &str =
    r#"{"jsonrpc":"2.0","id":7,"method":"api.create_node","params":["cube",{"size":[1.5,2,3],"name":"pCube1"}]}"#;
/// Messages that come at once.
const BURST: u32 = 16;

fn call() -> Frame {
    Frame { header: Header::new(1, Some(3), Kind::Request, Some(7)), body: CALL.into() }
}

fn frame_encode(times: u32) -> Outcome {
    let frame = call();
    for _ in 0..times {
        black_box(black_box(&frame).encode()?);
    }
    Ok(())
}

fn frame_decode(times: u32) -> Outcome {
    let bytes = call().encode()?.repeat(BURST as usize);
    let mut decoder = Decoder::new();
    for _ in 0..times {
        decoder.fill(&mut black_box(bytes.as_slice()))?;
        while let Some(frame) = decoder.next_frame()? {
            black_box(frame);
        }
    }
    Ok(())
}

fn packet() -> Packet {
    Packet { kind: PacketKind::Post, doc: 1, id: 0, body: CALL.into() }
}

fn packet_encode(times: u32) -> Outcome {
    let packet = packet();
    for _ in 0..times {
        black_box(black_box(&packet).encode());
    }
    Ok(())
}

fn packet_decode(times: u32) -> Outcome {
    let bytes = packet().encode().repeat(BURST as usize);
    let mut decoder = PacketDecoder::default();
    for _ in 0..times {
        decoder.fill(&mut black_box(bytes.as_slice()))?;
        while let Some(packet) = decoder.next_of_friend()? {
            black_box(packet);
        }
    }
    Ok(())
}

fn post_parse(times: u32) -> Outcome {
    let text =
        format!("s3cret 0123456789abcdef0123456789abcdef 12\n{}", format!("q 7 {CALL}\n").repeat(BURST as usize));
    for _ in 0..times {
        let post = Post::parse(black_box(&text)).ok_or("no post")?;
        black_box(post.lines().count());
    }
    Ok(())
}

/// About 4 KiB of the kind of data that tools send.
fn data() -> String {
    let row = r#"{"id":12345,"name":"pCube1 \"left\"","at":[0.25,-13,4.5e3],"on":true,"tags":["a","b"]}"#;
    format!("[{}]", vec![row; 48].join(","))
}

fn json_check(times: u32) -> Outcome {
    let text = data();
    for _ in 0..times {
        json::check(black_box(text.as_bytes()))?;
    }
    Ok(())
}

fn json_check_depth(times: u32) -> Outcome {
    let text = data();
    for _ in 0..times {
        json::check_depth(black_box(text.as_bytes()))?;
    }
    Ok(())
}

/// Wakes nobody: what is counted is the inbox.
struct Nobody;

impl Wake for Nobody {
    fn wake(&self) {}
    fn clear(&self) {}
}

fn inbox_push_drain(times: u32) -> Outcome {
    let inbox = Inbox::new(Nobody);
    for _ in 0..times {
        for n in 0..BURST {
            inbox.push(Urgency::Ordinary, black_box(n));
        }
        black_box(inbox.drain(usize::MAX));
    }
    Ok(())
}

fn lane_step(times: u32) -> Outcome {
    let mut lane = Lane::<u64>::default();
    for _ in 0..times {
        for _ in 0..BURST {
            let (text, attachments) = (CALL.to_owned(), Vec::new());
            let message =
                Message { doc: 0, coalesce: None, request: None, of_host: true, text, attachments, attached: 0 };
            lane.push(message);
        }
        if let Step::Idle = black_box(lane.next(Page::Ready { parked: 1 })) {
            return Err("nothing to send".into());
        }
        black_box(lane.take_left());
    }
    Ok(())
}

/// A document speaks by the fast lane: its call comes, and the answer goes.
fn route_call(times: u32) -> Outcome {
    let nonce = "0123456789abcdef0123456789abcdef";
    let mut route = Route::<u32, ()>::new(1);
    route.take(Event::Came(1, Packet { kind: PacketKind::Open, doc: 1, id: 0, body: nonce.into() }));
    route.take(Event::Document { doc: 3, nonce: nonce.to_owned() });
    route.take(Event::Switched(3, Vec::new()));
    if route.take_actions(true).is_empty() && route.connection().is_none() {
        return Err("no direct document".into());
    }
    let answer = Frame {
        header: Header::new(1, Some(3), Kind::Response, Some(7)),
        body: br#"{"jsonrpc":"2.0","id":7,"result":42}"#.to_vec(),
    };
    for handled in 0..times {
        let body = format!("{handled}\nq 7 {CALL}\n").into_bytes();
        route.take(Event::Came(1, Packet { kind: PacketKind::Post, doc: 1, id: 0, body }));
        black_box(route.take_actions(true));
        route.take(Event::Sent(answer.clone(), Vec::new(), 0));
        black_box(route.take_actions(true));
    }
    Ok(())
}

fn listeners_take(times: u32) -> Outcome {
    let listeners = EventListeners::<u32>::default();
    for name in ["opened", "closed", "frame_changed", "selected", "progress", "saved", "loaded", "renamed"] {
        listeners.subscribe(name, 1, false);
    }
    for _ in 0..times {
        black_box(listeners.take(black_box("frame_changed")));
    }
    Ok(())
}

fn chunks_collect(times: u32) -> Outcome {
    let mut chunks = Chunks::default();
    for _ in 0..times {
        for number in 0..u64::from(BURST) {
            chunks.add(black_box(number), vec![7; 64]);
        }
        black_box(chunks.take(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]));
    }
    Ok(())
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let (Some(wanted), Some(times)) = (words.next(), words.next().and_then(|times| times.parse().ok())) else {
        PATHS.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    };
    let Some((_, path)) = PATHS.iter().find(|(name, _)| *name == wanted) else {
        eprintln!("no such path: {wanted}");
        return ExitCode::FAILURE;
    };
    match path(times) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{wanted}: {error}");
            ExitCode::FAILURE
        }
    }
}
