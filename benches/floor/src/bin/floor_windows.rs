//! What windows leave behind in a bare wry program: opens and closes so many, one after the other, and prints the private
//! memory of the process after each fifty. Run it as `xvfb-run target/release/floor_windows 500`.

use std::error::Error;
use tao::event::{Event, StartCause};
use tao::event_loop::{ControlFlow, EventLoopBuilder};
use tao::platform::unix::WindowExtUnix;
use tao::window::WindowBuilder;
use wry::{PageLoadEvent, WebViewBuilder, WebViewBuilderExtUnix};

/// The page of the open window is there.
struct Loaded;

fn private_kib() -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup")?;
    let dirty = text.lines().filter(|line| line.starts_with("Private_Dirty"));
    Ok(dirty.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum())
}

fn main() -> Result<(), Box<dyn Error>> {
    let total: u32 = std::env::args().nth(1).unwrap_or_else(|| "1000".into()).parse()?;
    let event_loop = EventLoopBuilder::<Loaded>::with_user_event().build();
    let proxy = event_loop.create_proxy();
    let mut open = None;
    let mut opened = 0;
    event_loop.run(move |event, target, flow| {
        *flow = ControlFlow::Wait;
        if !matches!(event, Event::NewEvents(StartCause::Init) | Event::UserEvent(Loaded)) {
            return;
        }
        drop(open.take());
        if opened % 50 == 0 && opened > 0 {
            println!("{opened} windows: {} KiB", private_kib().unwrap_or(0));
        }
        opened += 1;
        let (proxy, loaded) = (proxy.clone(), |event| matches!(event, PageLoadEvent::Finished));
        let made = (opened <= total).then(|| WindowBuilder::new().build(target).ok()).flatten();
        let page = WebViewBuilder::new().with_incognito(true).with_html("<p>");
        let page = page.with_on_page_load_handler(move |event, _| {
            if loaded(event) {
                let _ = proxy.send_event(Loaded);
            }
        });
        open = made.and_then(|window| {
            let webview = page.build_gtk(window.default_vbox()?).ok()?;
            Some((webview, window))
        });
        if open.is_none() {
            *flow = ControlFlow::Exit;
        }
    });
}
