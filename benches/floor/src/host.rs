//! The host's part in each scenario.

use crate::Task;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tao::event_loop::EventLoopProxy;
use wry::WebView;

/// When each call came. The scheme writes it, too.
pub type Stamps = Arc<Mutex<Vec<Instant>>>;

/// Counts and times what comes, and does what the scenario asks of the host.
pub struct Host {
    scenario: String,
    options: Value,
    proxy: EventLoopProxy<Task>,
    stamps: Stamps,
    figures: Value,
    started: Instant,
    ticks: u64,
    inversions: u64,
    /// Events that the loop's own thread is to send.
    owed: std::ops::Range<u64>,
    answered: Sender<()>,
    answers: Option<Receiver<()>>,
    text: String,
}

fn say(line: &Value) {
    println!("{line}");
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// Nobody waits for its value.
pub fn run(webview: &WebView, script: &str) {
    if let Err(error) = webview.evaluate_script(script) {
        eprintln!("no script: {error}");
    }
}

/// Notes that a call came now.
pub fn stamp(stamps: &Stamps) {
    stamps.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
}

impl Host {
    pub fn new(scenario: &str, options: Value, proxy: EventLoopProxy<Task>) -> Self {
        let (answered, answers) = channel();
        Self {
            scenario: scenario.to_owned(),
            text: "x".repeat(usize::try_from(options["size"].as_u64().unwrap_or(0)).unwrap_or(0)),
            options,
            proxy,
            stamps: Stamps::default(),
            figures: json!({}),
            started: Instant::now(),
            ticks: 0,
            inversions: 0,
            owed: 0..0,
            answered,
            answers: Some(answers),
        }
    }

    pub fn answered(&self) -> Sender<()> {
        self.answered.clone()
    }

    pub fn stamps(&self) -> Stamps {
        self.stamps.clone()
    }

    /// Bytes of one transfer: of a frame, or of what the options say.
    pub fn transfer(&self) -> usize {
        let frame = self.option("width") * self.option("height") * 4;
        usize::try_from(frame.max(self.option("size"))).unwrap_or(0)
    }

    fn option(&self, name: &str) -> u64 {
        self.options[name].as_u64().unwrap_or(0)
    }

    /// What the page said; the script that answers it.
    pub fn said(&mut self, text: &str) -> Option<String> {
        let (name, value) = text.split_once(' ').unwrap_or((text, ""));
        match name {
            "first" => say(&json!({"first": now()})),
            "echo" => {
                stamp(&self.stamps);
                return Some(format!("answer({value})"));
            }
            "mark" => {
                self.started = Instant::now();
                return Some(format!("answer({value})"));
            }
            "length" => {
                stamp(&self.stamps);
                return Some(format!("answer({})", value.len()));
            }
            "text" => {
                stamp(&self.stamps);
                return Some(format!("answer(\"{}\")", self.text));
            }
            "tick" => self.tick(value),
            "begin" => self.begin(),
            "got" => self.got(value.parse().unwrap_or(0)),
            "checkpoint" => {
                say(&json!({"checkpoint": value}));
                let proxy = self.proxy.clone();
                std::thread::spawn(move || {
                    wait_for_line();
                    let _ = proxy.send_event(Task::Run("heard('go', 0)".into()));
                });
            }
            "failed" => say(&json!({"failed": value})),
            "finish" => self.finish(value),
            _ => eprintln!("not understood: {name}"),
        }
        None
    }

    fn tick(&mut self, value: &str) {
        if value.parse() != Ok(self.ticks) {
            self.inversions += 1;
        }
        self.ticks += 1;
        if self.ticks == self.option("count") {
            if self.scenario == "events_up" {
                #[allow(clippy::cast_precision_loss)] // counts are far below 2^52
                let rate = self.ticks as f64 / self.started.elapsed().as_secs_f64();
                self.figures = json!({"rate": [rate], "inversions": [self.inversions]});
            }
            self.ticks = 0;
            let _ = self.proxy.send_event(Task::Run("heard('all', 0)".into()));
        }
    }

    fn begin(&mut self) {
        self.started = Instant::now();
        let work = match self.scenario.as_str() {
            "ping" => ping,
            "evaluate" => evaluate,
            "views" | "views_kept" => views,
            _ if self.options["thread"] == json!(true) => ticks,
            _ => {
                self.owed = 0..self.option("batch");
                return;
            }
        };
        let (proxy, stamps, options) = (self.proxy.clone(), self.stamps(), self.options.clone());
        if let Some(answers) = self.answers.take() {
            std::thread::spawn(move || work(&proxy, &answers, &stamps, &options));
        }
    }

    /// Sends what `begin` and `got` owe the page, one script for each.
    pub fn emit_ticks(&mut self, webview: &WebView) {
        for n in std::mem::take(&mut self.owed) {
            run(webview, &format!("heard('tick', {n})"));
        }
    }

    fn got(&mut self, seen: u64) {
        if seen == self.option("count") {
            #[allow(clippy::cast_precision_loss)] // counts are far below 2^52
            let rate = seen as f64 / self.started.elapsed().as_secs_f64();
            self.figures = json!({"rate": [rate]});
        } else {
            self.owed = seen..seen + self.option("batch");
        }
    }

    fn finish(&mut self, figures: &str) {
        let mut result = self.figures.as_object().cloned().unwrap_or_default();
        if let Ok(Value::Object(of_page)) = serde_json::from_str(figures) {
            result.extend(of_page);
        }
        let stamps = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        let skip = usize::try_from(self.option("skip")).unwrap_or(0);
        let trips: Vec<f64> =
            stamps.windows(2).skip(skip).map(|pair| (pair[1] - pair[0]).as_secs_f64() * 1e6).collect();
        if !trips.is_empty() {
            result.insert("round_trip".into(), json!(trips));
        }
        say(&json!({"result": result, "closing": now()}));
        let _ = self.proxy.send_event(Task::Exit);
    }
}

fn wait_for_line() {
    let mut line = String::new();
    let _ = std::io::stdin().read_line(&mut line);
}

fn end(proxy: &EventLoopProxy<Task>, figures: &Value) {
    let _ = proxy.send_event(Task::Said(format!("finish {figures}")));
}

type Proxy = EventLoopProxy<Task>;

fn ticks(proxy: &Proxy, _: &Receiver<()>, _: &Stamps, options: &Value) {
    for n in 0..options["batch"].as_u64().unwrap_or(0) {
        let _ = proxy.send_event(Task::Run(format!("heard('tick', {n})")));
    }
}

fn ping(proxy: &Proxy, answers: &Receiver<()>, stamps: &Stamps, options: &Value) {
    for n in 0..options["count"].as_u64().unwrap_or(0) {
        stamp(stamps);
        let _ = proxy.send_event(Task::Run(format!("heard('ping', {n})")));
        let _ = answers.recv();
    }
    end(proxy, &json!({}));
}

fn evaluate(proxy: &Proxy, answers: &Receiver<()>, stamps: &Stamps, options: &Value) {
    for n in 0..options["count"].as_u64().unwrap_or(0) {
        stamp(stamps);
        let _ = proxy.send_event(Task::Evaluate(format!("{n} + 1")));
        let _ = answers.recv();
    }
    end(proxy, &json!({}));
}

fn views(proxy: &Proxy, answers: &Receiver<()>, _: &Stamps, options: &Value) {
    let at: Vec<u64> = options["at"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    let mut warm = Vec::new();
    for number in 1..=at.last().copied().unwrap_or(0) {
        if number > 1 {
            let started = Instant::now();
            let _ = proxy.send_event(Task::Open);
            let _ = answers.recv();
            warm.push(started.elapsed().as_secs_f64() * 1000.0);
        }
        if at.contains(&number) {
            let mut name = String::new();
            let _ = write!(name, "pss_{number}");
            say(&json!({"checkpoint": name}));
            wait_for_line();
        }
    }
    end(proxy, &json!({"warm": warm}));
}
