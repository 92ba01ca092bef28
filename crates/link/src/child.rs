//! The UI process as a child of the host: start, log, kill ladder.

use crate::platform::{self, Family, Log, Socket};
use auroraview_core::lock::{OrderedMutex, STATE};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Lines of the child's log that are kept for error messages.
const TAIL_LINES: usize = 200;
/// Longest line that is kept whole; a longer one is cut there.
const MAX_LINE: usize = 4096;
/// How much of the log is read in one go, in chunks of 4 KiB: what a pipe holds. Who writes without end must not keep the
/// reader from looking at the link and at its deadlines.
const CHUNKS_A_READ: usize = 16;
/// How many lines may wait for the drain. Further ones are left out, and their number is told.
const MAX_WAITING_LINES: usize = 1000;

/// How to start the UI process.
#[derive(Debug, Clone)]
pub struct ChildSpec {
    /// The executable.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its whole environment; nothing is inherited.
    pub env: Vec<(OsString, OsString)>,
}

/// A started UI process, its end of the link still held by us.
pub(crate) struct Started {
    pub family: Family,
    pub socket: Arc<Socket>,
    pub log: StderrTail,
}

/// Starts the child with the link as its standard input and a pipe of ours as its standard output and error.
pub(crate) fn start(spec: &ChildSpec) -> io::Result<Started> {
    let (ours, theirs) = platform::socket_pair()?;
    let (log, child_log) = platform::log_pipe()?;
    let mut command = Command::new(&spec.program);
    command
        .args(&spec.args)
        .env_clear()
        .envs(spec.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::from(child_log.try_clone()?))
        .stderr(Stdio::from(child_log));
    let family = Family::start(&mut command)?;
    Ok(Started { family, socket: Arc::new(ours), log: StderrTail::new(log) })
}

/// How a child ended.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// For people.
    pub words: String,
    /// What it exited with, if it did.
    pub code: Option<i32>,
    /// What ended it, if that was a signal.
    pub signal: Option<i32>,
}

impl Ending {
    fn in_words(words: &str) -> Self {
        Self { words: words.into(), ..Self::default() }
    }
}

/// How the child ended. Whatever is left of its family is killed; a child that had not ended is killed, too.
pub(crate) fn reap(family: &mut Family) -> Ending {
    // Before waiting: until then its number cannot become somebody else's.
    let ended = family.has_ended();
    family.kill();
    match family.wait() {
        Ok(status) if ended => platform::describe(status),
        Ok(_) => Ending::in_words("it closed the link without ending"),
        // Somebody else in the host waited for all children.
        Err(_) => Ending::in_words("how it ended is not known, because something else in this process waited for it"),
    }
}

/// The last lines that the UI process wrote to its standard error.
#[derive(Debug)]
pub(crate) struct StderrTail {
    pipe: Log,
    /// Nothing is called while it is held.
    state: OrderedMutex<Tail, STATE>,
}

#[derive(Debug, Default)]
struct Tail {
    lines: VecDeque<String>,
    partial: Vec<u8>,
    ended: bool,
    /// How many lines nobody has taken yet.
    waiting: Arc<AtomicUsize>,
    left_out: usize,
}

/// A line of the UI process's log.
#[derive(Debug)]
pub struct LogLine {
    text: String,
    waiting: Arc<AtomicUsize>,
}

impl LogLine {
    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Drop for LogLine {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl StderrTail {
    fn new(pipe: Log) -> Self {
        Self { pipe, state: OrderedMutex::default() }
    }

    pub(crate) fn pipe(&self) -> &Log {
        &self.pipe
    }

    /// Reads what is there and returns the lines that became complete.
    pub(crate) fn read(&self) -> Vec<LogLine> {
        let mut chunk = [0; 4096];
        let mut fresh = Vec::new();
        let mut state = self.state.lock();
        for _ in 0..CHUNKS_A_READ {
            match (&self.pipe).read(&mut chunk) {
                Ok(0) => {
                    state.ended = true;
                    break;
                }
                Ok(count) => state.take(&chunk[..count], &mut fresh),
                Err(_) => break,
            }
        }
        fresh
    }

    pub(crate) fn ended(&self) -> bool {
        self.state.lock().ended
    }

    /// The last `count` lines.
    pub(crate) fn last(&self, count: usize) -> Vec<String> {
        let state = self.state.lock();
        state.lines.iter().skip(state.lines.len().saturating_sub(count)).cloned().collect()
    }
}

impl Tail {
    fn take(&mut self, bytes: &[u8], fresh: &mut Vec<LogLine>) {
        for byte in bytes {
            if *byte != b'\n' {
                if self.partial.len() < MAX_LINE {
                    self.partial.push(*byte);
                }
                continue;
            }
            let line = String::from_utf8_lossy(&self.partial).trim_end().to_owned();
            self.partial.clear();
            if self.lines.len() == TAIL_LINES {
                self.lines.pop_front();
            }
            self.lines.push_back(line.clone());
            self.hand_out(line, fresh);
        }
    }

    fn hand_out(&mut self, text: String, fresh: &mut Vec<LogLine>) {
        if self.waiting.load(Ordering::Relaxed) >= MAX_WAITING_LINES {
            self.left_out += 1;
            return;
        }
        let mut line = |text| {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            fresh.push(LogLine { text, waiting: Arc::clone(&self.waiting) });
        };
        if self.left_out > 0 {
            line(format!("({} lines were left out: they came faster than they were read)", self.left_out));
            self.left_out = 0;
        }
        line(text);
    }
}
