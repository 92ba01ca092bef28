//! A bare wry program: the floor that AuroraView is measured against. Nothing of AuroraView is in it.
//!
//! `auroraview-floor PAGE.html SCENARIO OPTIONS [first|mixed]` does the host's part of a scenario
//! (`benches/scenarios/page.js` is the page's) and prints JSON lines, as `benches/peers/host.py` does in Python.

mod host;
mod scheme;

use host::Host;
use std::error::Error;
use tao::event::{Event, WindowEvent};
use tao::event_loop::{ControlFlow, EventLoopBuilder, EventLoopProxy, EventLoopWindowTarget};
use tao::platform::unix::WindowExtUnix;
use tao::window::{Window, WindowBuilder};
use wry::{WebView, WebViewBuilder, WebViewBuilderExtUnix};

/// What the loop is asked for.
pub enum Task {
    /// The first page said something.
    Said(String),
    /// Run a script in the first page.
    Run(String),
    /// The value of a script in the first page, for the thread that waits.
    Evaluate(String),
    /// One more window.
    Open,
    /// The end.
    Exit,
}

/// A window, its page, and what to load into it.
struct Page {
    webview: WebView,
    _window: Window,
}

fn open(
    target: &EventLoopWindowTarget<Task>,
    proxy: EventLoopProxy<Task>,
    host: &Host,
    html: Option<String>,
) -> Result<Page, Box<dyn Error>> {
    let window = WindowBuilder::new().with_title("bench").build(target)?;
    let answered = host.answered();
    let mut builder = WebViewBuilder::new().with_incognito(true).with_ipc_handler(move |request| {
        let text = request.into_body();
        if text.starts_with("pong ") || text.starts_with("opened ") {
            let _ = answered.send(()); // straight to the thread that waits
        } else {
            let _ = proxy.send_event(Task::Said(text));
        }
    });
    if let Some(html) = html {
        builder = builder.with_html(html);
    }
    let webview = builder.build_gtk(window.default_vbox().ok_or("no container")?)?;
    Ok(Page { webview, _window: window })
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [file, scenario, options, ..] = words.as_slice() else { return Err("usage: PAGE SCENARIO OPTIONS".into()) };
    let html = std::fs::read_to_string(file)?;
    let further = std::path::Path::new(file).with_file_name("further.html");
    let event_loop = EventLoopBuilder::<Task>::with_user_event().build();
    let proxy = event_loop.create_proxy();
    let mut host = Host::new(scenario, serde_json::from_str(options)?, event_loop.create_proxy());
    let mut pages = Vec::new();
    if words.get(3).is_some_and(|word| word == "scheme") {
        let page = open(&event_loop, proxy.clone(), &host, None)?;
        scheme::serve(&page.webview, html, &host)?;
        pages.push(page);
    } else {
        pages.push(open(&event_loop, proxy.clone(), &host, Some(html))?);
    }
    event_loop.run(move |event, target, flow| {
        *flow = ControlFlow::Wait;
        let script = match event {
            Event::UserEvent(Task::Said(text)) => host.said(&text),
            Event::UserEvent(Task::Run(script)) => Some(script),
            Event::UserEvent(Task::Evaluate(script)) => {
                let answered = host.answered();
                let done = move |_: String| {
                    let _ = answered.send(());
                };
                let _ = pages[0].webview.evaluate_script_with_callback(&script, done);
                None
            }
            Event::UserEvent(Task::Open) => {
                let page = std::fs::read_to_string(&further).ok();
                match open(target, proxy.clone(), &host, page) {
                    Ok(page) => pages.push(page),
                    Err(error) => eprintln!("no further window: {error}"),
                }
                None
            }
            Event::UserEvent(Task::Exit) | Event::WindowEvent { event: WindowEvent::CloseRequested, .. } => {
                *flow = ControlFlow::Exit;
                None
            }
            _ => None,
        };
        if let Some(script) = script {
            host::run(&pages[0].webview, &script);
        }
        host.emit_ticks(&pages[0].webview);
    })
}
