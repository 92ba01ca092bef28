//! Tracing: what both processes say about themselves, as lines that end in Python's `logging`.
//!
//! Lines say what happened to which message (view, document, id, bytes), never what is in it.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// The environment variable that turns it on, in both processes: `debug`, or `auroraview_link=trace,auroraview_ui=info`.
pub const LOG_VARIABLE: &str = "AURORAVIEW_LOG";
/// What such a line begins with; its level, time (µs since 1970), target and text follow, divided by spaces.
pub const MARK: char = '@';

/// Why tracing cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter makes no sense.
    #[error(
        "{LOG_VARIABLE}={filter:?} is no filter ({source}); write a level (error, warn, info, debug, trace), or target=level,..."
    )]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// It began before.
    #[error("tracing was started before")]
    Started,
}

/// Gives every event that `filter` lets through to `sink`, as one line. Without this call events cost one comparison each.
/// `sink` is called on the thread that says something, possibly under a lock: it must neither block nor call back.
pub fn start_log(filter: &str, sink: impl Fn(String) + Send + Sync + 'static) -> Result<(), LogError> {
    let targets: Targets = filter.parse().map_err(|source| LogError::Filter { filter: filter.to_owned(), source })?;
    let layer = Lines { sink };
    tracing_subscriber::registry().with(layer.with_filter(targets)).try_init().map_err(|_| LogError::Started)
}

struct Lines<F> {
    sink: F,
}

impl<S: Subscriber, F: Fn(String) + Send + Sync + 'static> Layer<S> for Lines<F> {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let meta = event.metadata();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let mut line = Line(format!("{MARK}{} {now} {}", meta.level(), meta.target()));
        event.record(&mut line);
        (self.sink)(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
