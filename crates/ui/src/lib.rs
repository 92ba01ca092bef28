//! The UI process: it owns every window and page of one host process and talks to it over the link on its standard input
//! (`protocol/README.md`).
//!
//! `auroraview-ui` is [`run`] and nothing else. An application that wants to see, change or answer messages of the host on
//! this side writes a [`MessageProcessor`](pipeline::MessageProcessor), builds an executable of its own with it, and lets
//! Python start that one: the variable `AURORAVIEW_UI` names it. `examples/logging_ui.rs` is one.

/// Says something to the host's log: our standard error is a pipe to it.
///
/// Unlike `eprintln!` it does not panic when nobody reads the pipe and it is full: the line is lost then.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

mod app;
mod assets;
mod backend;
mod context;
mod document;
mod origin;
mod processors;
mod refusals;
mod request;
mod stock;
mod view;

pub use auroraview_core::{pipeline, wire};
pub use context::{Context, HostMessage, Processor};

use app::{App, EventLoopBackend};
use auroraview_core::frame::Frame;
use auroraview_core::wire::{Header, Notice, SCHEMA_VERSION, text_of};
use auroraview_link::{LOG_VARIABLE, Peer, exit_with_parent, start_log};
use clap::Parser;
use std::process::ExitCode;

/// The UI process of AuroraView. The auroraview Python package starts it; it is not a program of its own.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Speak the link protocol on standard input.
    #[arg(long)]
    link: bool,
}

/// Runs the UI process to its end, on the main thread: reads the command line, and owns standard input and the windows.
///
/// `extra` handles messages of the host together with the built-in processors, whose priorities are 500 (close, exit), 400
/// (what a view shows), 300 (scripts), 200 (messages for the page) and 100 (windows). One with a higher number sees a
/// message before them and can take it; one with a lower number gets what they do not know.
#[cfg(feature = "engine")]
pub fn run(extra: Vec<Processor>) -> ExitCode {
    run_on(backend::engine_name, backend::prepare, extra)
}

/// The same without a display and without a web engine: pages are played from scripts (`docs/testing.md`).
#[cfg(any(test, feature = "headless"))]
pub fn run_headless() -> ExitCode {
    run_on(|| "headless".into(), backend::headless::prepare, Vec::new())
}

fn run_on<L: EventLoopBackend>(
    name: fn() -> String,
    prepare: fn() -> Result<L, String>,
    extra: Vec<Processor>,
) -> ExitCode {
    if !Args::parse().link {
        eprintln!("this program is started by the auroraview Python package; try: python -m pip show auroraview");
        return ExitCode::from(2);
    }
    match start(name, prepare, extra) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn start<L: EventLoopBackend>(
    name: fn() -> String,
    prepare: fn() -> Result<L, String>,
    extra: Vec<Processor>,
) -> Result<(), String> {
    if let Ok(filter) = std::env::var(LOG_VARIABLE) {
        // The host has said already what is wrong with the filter.
        let _ = start_log(&filter, |line| say!("{line}"));
    }
    let mut peer = Peer::from_stdin().map_err(|error| format!("standard input is not a link: {error}"))?;
    exit_with_parent(&peer).map_err(|error| format!("cannot watch the host process: {error}"))?;
    tell(
        &mut peer,
        &Notice::Hello {
            version: env!("CARGO_PKG_VERSION").into(),
            schema_version: SCHEMA_VERSION,
            pid: std::process::id(),
            engine: name(),
        },
    );
    match prepare() {
        Ok(event_loop) => event_loop.run(App::new(peer, extra)),
        Err(message) => {
            tell(&mut peer, &Notice::Unusable { message });
            Ok(()) // the host was told; the same words in its log would be twice
        }
    }
}

/// Says something about the process itself. The link is fresh: what it does not take now, nobody will read.
fn tell(peer: &mut Peer, notice: &Notice) {
    let header = Header::notify(0);
    if let Ok(body) = text_of(notice) {
        let _ = peer.send(&Frame { header, body });
    }
}
