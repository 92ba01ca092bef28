//! The built-in processors: who handles which message of the host. Every kind of message has its arm here and nowhere else.

use crate::context::{Context, HostMessage, Processor};
use auroraview_core::pipeline::MessageProcessor;
use auroraview_core::pipeline::Processed::{self, Handled, PassedOn};
use auroraview_core::wire::{CloseReason, Command, Kind};

/// The built-in processors, which handle every message that the wire has.
pub fn built_in() -> Vec<Processor> {
    vec![
        Box::new(CloseProcessor),
        Box::new(NavigationProcessor),
        Box::new(ScriptProcessor),
        Box::new(EventProcessor),
        Box::new(WindowProcessor),
    ]
}

/// Ends views, and the process.
struct CloseProcessor;

impl MessageProcessor<HostMessage, Context> for CloseProcessor {
    fn name(&self) -> &str {
        "close"
    }

    fn priority(&self) -> i32 {
        500
    }

    fn process(&mut self, message: &mut HostMessage, context: &mut Context) -> Processed {
        match &mut message.command {
            Some(Command::Close { finish }) => match context.view(&message.header) {
                Some(view) if *finish => view.finish(),
                Some(view) => view.close(CloseReason::Host),
                None => {}
            },
            Some(Command::Exit {}) => {
                context.views.clear();
                context.exiting = true;
            }
            _ => return PassedOn,
        }
        Handled
    }
}

/// Changes what a view shows.
struct NavigationProcessor;

impl MessageProcessor<HostMessage, Context> for NavigationProcessor {
    fn name(&self) -> &str {
        "navigation"
    }

    fn priority(&self) -> i32 {
        400
    }

    fn process(&mut self, message: &mut HostMessage, context: &mut Context) -> Processed {
        match &mut message.command {
            Some(Command::Load(load)) => {
                if let Some(view) = context.view(&message.header) {
                    view.load(std::mem::take(load));
                }
            }
            Some(Command::Resume { documents }) => {
                if let Some(view) = context.view(&message.header) {
                    view.resume(*documents);
                }
            }
            Some(Command::Reload {}) => {
                if let Some(view) = context.view(&message.header) {
                    view.backend().reload();
                }
            }
            _ => return PassedOn,
        }
        Handled
    }
}

/// Runs scripts.
struct ScriptProcessor;

impl MessageProcessor<HostMessage, Context> for ScriptProcessor {
    fn name(&self) -> &str {
        "script"
    }

    fn priority(&self) -> i32 {
        300
    }

    fn process(&mut self, message: &mut HostMessage, context: &mut Context) -> Processed {
        match (&mut message.command, message.header.id) {
            (Some(Command::Eval { script }), Some(request)) => {
                if let Some(view) = context.view(&message.header) {
                    view.eval(request, std::mem::take(script));
                }
            }
            (Some(Command::Forget { id }), _) => {
                if let Some(view) = context.view(&message.header) {
                    view.forget(*id);
                }
            }
            _ => return PassedOn,
        }
        Handled
    }
}

/// Hands messages to the page, and tells it what it must know of Python; takes the answers to our own requests.
struct EventProcessor;

impl MessageProcessor<HostMessage, Context> for EventProcessor {
    fn name(&self) -> &str {
        "event"
    }

    fn priority(&self) -> i32 {
        200
    }

    fn process(&mut self, message: &mut HostMessage, context: &mut Context) -> Processed {
        match &mut message.command {
            None if message.header.doc.is_some() => {
                if let Some(view) = context.view(&message.header) {
                    view.send_to_page(message.header.clone(), std::mem::take(&mut message.body));
                }
            }
            None if message.header.kind == Kind::Response => {
                if let Some(view) = context.view(&message.header) {
                    view.allow_close(answered_true(&message.body));
                }
            }
            Some(Command::Session(session)) => {
                if let Some(view) = context.view(&message.header) {
                    view.set_session(std::mem::take(session));
                }
            }
            _ => return PassedOn,
        }
        Handled
    }
}

/// Anything but a clear veto closes: a host whose handler failed must not keep its window for ever.
fn answered_true(body: &[u8]) -> bool {
    let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    answer.get("result") != Some(&serde_json::Value::Bool(false))
}

/// Makes and changes windows, and sees to it that the next one opens sooner.
struct WindowProcessor;

impl MessageProcessor<HostMessage, Context> for WindowProcessor {
    fn name(&self) -> &str {
        "window"
    }

    fn priority(&self) -> i32 {
        100
    }

    fn process(&mut self, message: &mut HostMessage, context: &mut Context) -> Processed {
        match &mut message.command {
            Some(Command::Create(options)) => {
                let id = message.header.view;
                if context.views.contains_key(&id) {
                    say!("view {id} exists already");
                } else {
                    context.creating = Some((id, std::mem::take(options)));
                }
            }
            Some(Command::Warmup {}) => context.stock.keep(),
            Some(Command::Dialog(dialog)) => {
                let Some(request) = message.header.id else { return PassedOn };
                if let Some(view) = context.view(&message.header) {
                    view.ask_user(request, dialog);
                }
            }
            Some(Command::Window(change)) => {
                if let Some(view) = context.view(&message.header) {
                    view.change_window(std::mem::take(change));
                }
            }
            _ => return PassedOn,
        }
        Handled
    }
}

#[cfg(test)]
mod tests;
