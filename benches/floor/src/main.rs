//! A bare wry program: one window, one page, an echo. It prints `first` at the page's first message, and the page's
//! own figures when it is done. Nothing of AuroraView is in it.

use std::io::Write;
use tao::event::{Event, StartCause, WindowEvent};
use tao::event_loop::{ControlFlow, EventLoopBuilder};
use tao::platform::unix::WindowExtUnix;
use tao::window::WindowBuilder;
use wry::{WebViewBuilder, WebViewBuilderExtUnix};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let event_loop = EventLoopBuilder::<String>::with_user_event().build();
    let window = WindowBuilder::new().with_title("floor").build(&event_loop)?;
    let proxy = event_loop.create_proxy();
    let page = std::fs::read_to_string(std::env::args().nth(1).ok_or("usage: auroraview-floor PAGE.html")?)?;
    let vbox = window.default_vbox().ok_or("no container")?;
    let webview = WebViewBuilder::new()
        .with_incognito(true)
        .with_ipc_handler(move |request| {
            let _ = proxy.send_event(request.into_body());
        })
        .with_html(page)
        .build_gtk(vbox)?;
    event_loop.run(move |event, _, flow| {
        *flow = ControlFlow::Wait;
        match event {
            Event::NewEvents(StartCause::Init) => {}
            Event::UserEvent(text) => match text.split_once(' ') {
                Some(("call", argument)) => {
                    let _ = webview.evaluate_script(&format!("answer({argument})"));
                }
                Some(("done", figures)) => {
                    println!("{figures}");
                    *flow = ControlFlow::Exit;
                }
                _ => {
                    println!("{text}");
                    let _ = std::io::stdout().flush();
                }
            },
            Event::WindowEvent { event: WindowEvent::CloseRequested, .. } => *flow = ControlFlow::Exit,
            _ => {}
        }
    })
}
