//! A UI process of one's own: it writes what kind of message the host sends, for whom and how large, and changes nothing.
//!
//!     cargo build --package auroraview-ui --examples
//!     AURORAVIEW_UI=target/debug/examples/logging_ui python your_tool.py
//!
//! What it writes to its standard error comes out of Python's logger `auroraview.ui`.

use auroraview_ui::pipeline::{MessageProcessor, Processed};
use auroraview_ui::{Context, HostMessage, run};
use std::io::Write;
use std::process::ExitCode;

struct Logging;

impl MessageProcessor<HostMessage, Context> for Logging {
    fn name(&self) -> &str {
        "logging"
    }

    /// Before the built-in ones, or it would see only what they pass on.
    fn priority(&self) -> i32 {
        1000
    }

    fn process(&mut self, message: &mut HostMessage, _: &mut Context) -> Processed {
        let header = &message.header;
        let receiver = if header.doc.is_some() { "the page" } else { "its window" };
        // A host that does not read its log is no reason to stop.
        let _ = writeln!(
            std::io::stderr(),
            "{:?} for {receiver} of view {}: {} bytes",
            header.kind,
            header.view,
            message.body.len()
        );
        Processed::PassedOn
    }
}

fn main() -> ExitCode {
    run(vec![Box::new(Logging)])
}
