//! What of a page's script goes on: steps that run or wait, rules, calls, and what the page keeps.

use super::Event;
use super::page::Page;
use super::script::{Call, Plain, Rule, Scripted, StateChange, Step, filled, fits};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, VecDeque};
use url::Url;

/// Ids of calls that name none begin here, so that a script may count from 1.
const FIRST_ID: u64 = 1_000_000;
/// Messages that nobody waits for are kept up to this many; then the oldest go.
const MAX_KEPT: usize = 100_000;
/// After so many items of a stream the page acknowledges them: half of what may be under way.
const ITEMS: usize = 128;

/// Steps that run one after the other.
#[derive(Default)]
pub struct Task {
    steps: VecDeque<Step>,
    /// What `$from` takes parts of: the message that it was begun for or has taken last.
    of: Value,
    /// Of its last step.
    pub value: Value,
    /// The script of the host that it is.
    pub script: Option<u64>,
    /// What it waits for.
    pub wait: Done,
}

impl Task {
    /// Steps of the page, for a message of Python or none.
    pub fn new(steps: Vec<Step>, of: Value) -> Self {
        Self { steps: steps.into(), of, ..Self::default() }
    }

    /// Steps that are a script of the host.
    pub fn of_script(steps: Vec<Step>, id: u64) -> Self {
        Self { script: Some(id), ..Self::new(steps, Value::Null) }
    }

    /// What it waited for.
    pub fn took(&mut self, value: Value) {
        self.value = value.clone();
        self.of = value;
    }
}

/// What came of a step.
#[derive(Default)]
pub enum Done {
    /// Nothing in particular.
    #[default]
    Nothing,
    /// A value.
    Value(Value),
    /// A message, or an answer, that the steps behind it refer to.
    Took(Value),
    /// It waits for a message that fits.
    WaitsFor(Value),
    /// It waits for the answer of its call.
    WaitsForCall(u64),
    /// It waits for a dialog, to answer it so.
    WaitsForDialog(Value),
    /// The user closes the window; no step follows.
    Closes,
    /// The web process ends, and the document with it.
    Crashes(String),
    /// It cannot be done.
    Failed(String),
}

/// A call of Python that is under way.
#[derive(Default)]
struct Ongoing {
    items: Vec<Value>,
    unacknowledged: usize,
    reports: Vec<Value>,
    most: Option<usize>,
}

/// What a message meant to the page's own books.
#[derive(Default)]
pub struct Own {
    /// Steps that it lets go on, with what they get.
    pub answered: Option<(Task, Value)>,
    /// What the page has to say to it.
    pub to_send: Vec<Value>,
    /// It is done with.
    pub taken: bool,
    /// Nobody wants it kept.
    pub internal: bool,
}

/// What belongs to one document.
#[derive(Default)]
pub struct Play {
    rules: Vec<Rule>,
    /// Answers for scripts of the host.
    pub scripted: Vec<Scripted>,
    waiting: Vec<Task>,
    kept: VecDeque<Value>,
    calls: HashMap<u64, Ongoing>,
    started: u64,
    state: Map<String, Value>,
    /// Changes of ours, and by name those that Python has not acknowledged.
    changes: u64,
    unacknowledged: HashMap<String, u64>,
}

impl Play {
    /// The steps of every rule that a message fits.
    pub fn rules_for(&self, message: &Value) -> Vec<Vec<Step>> {
        self.rules.iter().filter(|rule| fits(&rule.on, message)).map(|rule| rule.steps.clone()).collect()
    }

    /// The first steps that wait for something of a kind.
    pub fn take_waiting(&mut self, kind: impl Fn(&Done) -> bool) -> Option<Task> {
        let at = self.waiting.iter().position(|task| kind(&task.wait))?;
        Some(self.waiting.remove(at))
    }

    /// Keeps a message for a step that may want it.
    pub fn keep(&mut self, message: Value) {
        if self.kept.len() == MAX_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(message);
    }

    fn take_kept(&mut self, pattern: &Value) -> Option<Value> {
        let at = self.kept.iter().position(|message| fits(pattern, message))?;
        self.kept.remove(at)
    }

    /// What a message means to calls, streams and the shared state.
    pub fn keep_books(&mut self, message: &Value) -> Own {
        let method = message.get("method").and_then(Value::as_str).unwrap_or_default();
        let params = message.get("params").unwrap_or(&Value::Null);
        match (method, message.get("id").and_then(Value::as_u64)) {
            ("", Some(id)) => self.answer(id, message),
            ("$/progress", None) => self.progress(params),
            ("$/state", None) => {
                self.apply(params);
                Own { internal: true, ..Own::default() }
            }
            ("$/hello" | "$/session" | "$/health", None) => Own { internal: true, ..Own::default() },
            ("$/credit", None) => Own { internal: params.get("events").is_some(), ..Own::default() },
            _ => Own::default(),
        }
    }

    fn answer(&mut self, id: u64, message: &Value) -> Own {
        let Some(ongoing) = self.calls.remove(&id) else { return Own::default() };
        let task = self.take_waiting(|wait| matches!(wait, Done::WaitsForCall(call) if *call == id));
        Own { answered: task.map(|task| (task, ongoing.told(message))), taken: true, ..Own::default() }
    }

    fn progress(&mut self, params: &Value) -> Own {
        let Some(id) = params.get("call").and_then(Value::as_u64) else { return Own::default() };
        let Some(ongoing) = self.calls.get_mut(&id) else { return Own::default() };
        let mut own = Own { taken: true, ..Own::default() };
        ongoing.reports.extend(params.get("report").cloned());
        if let Some(item) = params.get("item") {
            ongoing.items.push(item.clone());
            ongoing.unacknowledged += 1;
        }
        if ongoing.most.is_some_and(|most| ongoing.items.len() == most) {
            own.to_send.push(json!({ "method": "$/cancelRequest", "params": { "id": id } }));
            let value = ongoing.told(&json!({ "result": null }));
            let task = self.waiting.iter().position(|task| matches!(task.wait, Done::WaitsForCall(call) if call == id));
            own.answered = task.map(|at| (self.waiting.remove(at), value));
        } else if ongoing.unacknowledged == ITEMS {
            ongoing.unacknowledged = 0;
            own.to_send.push(json!({ "method": "$/credit", "params": { "call": id, "items": ITEMS } }));
        }
        own
    }

    /// What Python says of the shared state. While a change of ours is under way, its name is ours.
    fn apply(&mut self, params: &Value) {
        let acknowledged = params.get("ack").and_then(Value::as_u64).unwrap_or_default();
        self.unacknowledged.retain(|_, change| *change > acknowledged);
        let ours = |name: &String| self.unacknowledged.contains_key(name);
        if let Some(all) = params.get("all").and_then(Value::as_object) {
            self.state.retain(|name, _| ours(name));
            self.state.extend(all.clone().into_iter().filter(|(name, _)| !ours(name)));
        }
        let set = params.get("set").and_then(Value::as_object).cloned().unwrap_or_default();
        self.state.extend(set.into_iter().filter(|(name, _)| !ours(name)));
        for name in params.get("delete").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !ours(&name.to_owned()) {
                self.state.remove(name);
            }
        }
    }

    /// A change of ours, and the message that tells it.
    fn change_state(&mut self, change: StateChange) -> Value {
        self.changes += 1;
        let names = change.set.keys().chain(&change.delete).cloned();
        self.unacknowledged.extend(names.map(|name| (name, self.changes)));
        self.state.extend(change.set.clone());
        change.delete.iter().for_each(|name| drop(self.state.remove(name)));
        let params = json!({ "change": self.changes, "set": change.set, "delete": change.delete });
        json!({ "method": "$/state", "params": params })
    }

    fn waiting_for(&self) -> Value {
        let told = |task: &Task| match &task.wait {
            Done::WaitsFor(pattern) => json!({ "expect": pattern }),
            Done::WaitsForCall(id) => json!({ "call": id }),
            _ => json!({ "answer": null }),
        };
        self.waiting.iter().map(told).collect()
    }
}

impl Ongoing {
    /// The answer with what came before it.
    fn told(&self, message: &Value) -> Value {
        let mut told = json!({ "items": self.items, "reports": self.reports });
        for name in ["result", "error"] {
            if let Some(value) = message.get(name) {
                told[name] = value.clone();
            }
        }
        told
    }
}

impl Page {
    /// Runs steps until one waits, or to their end.
    pub(super) fn run(&mut self, mut task: Task) {
        while let Some(step) = task.steps.pop_front() {
            match self.step(step, &task.of) {
                Done::Nothing => task.value = Value::Null,
                Done::Value(value) => task.value = value,
                Done::Took(value) => task.took(value),
                Done::Failed(why) => return self.finish(task, Some(why)),
                Done::Closes => {
                    self.finish(task, None);
                    return (self.report)(Event::CloseClicked);
                }
                Done::Crashes(why) => {
                    self.finish(task, None);
                    return self.crash(why);
                }
                wait => {
                    task.wait = wait;
                    return self.play.waiting.push(task);
                }
            }
        }
        self.finish(task, None);
    }

    fn step(&mut self, step: Step, of: &Value) -> Done {
        match step {
            Step::Rule(rule) => self.play.rules.push(rule),
            Step::Scripted(scripted) => self.play.scripted.insert(0, scripted), // the newest counts
            Step::Call(call) => return self.call(call, of),
            Step::Event(event) => {
                let mut message = json!({ "method": event.event });
                if let Some(data) = event.data {
                    message["params"] = filled(&data, of);
                }
                return self.send(message);
            }
            Step::Plain(plain) => return self.plain(plain, of),
        }
        Done::Nothing
    }

    fn call(&mut self, call: Call, of: &Value) -> Done {
        let id = call.id.unwrap_or(FIRST_ID + self.play.started);
        self.play.started += 1;
        let mut message = json!({ "id": id, "method": call.call });
        if let Some(params) = call.params {
            message["params"] = filled(&params, of);
        }
        self.play.calls.insert(id, Ongoing { most: call.most, ..Ongoing::default() });
        match self.send(message) {
            Done::Nothing => Done::WaitsForCall(id),
            failed => failed,
        }
    }

    fn plain(&mut self, step: Plain, of: &Value) -> Done {
        match step {
            Plain::Send(message) => return self.send(filled(&message, of)),
            Plain::Expect(pattern) => {
                let pattern = filled(&pattern, of);
                return self.play.take_kept(&pattern).map_or(Done::WaitsFor(pattern), Done::Took);
            }
            Plain::Take(pattern) => {
                let (taken, kept) = self.play.kept.drain(..).partition::<Vec<_>, _>(|message| fits(&pattern, message));
                self.play.kept = kept.into();
                return Done::Value(taken.into());
            }
            Plain::State(change) => {
                if !change.set.is_empty() || !change.delete.is_empty() {
                    let message = self.play.change_state(change);
                    if let Done::Failed(why) = self.send(message) {
                        return Done::Failed(why);
                    }
                }
                return Done::Value(self.play.state.clone().into());
            }
            Plain::Answer(answer) => {
                return self.answer_dialog(answer.clone()).map_or(Done::WaitsForDialog(answer), Done::Value);
            }
            Plain::Waiting {} => return Done::Value(self.play.waiting_for()),
            Plain::Opened {} => return Done::Value(std::mem::take(&mut self.window.opened).into()),
            Plain::Window(state) => self.window.user_changed(&state),
            Plain::Title(title) => (self.report)(Event::Title(title)),
            Plain::Open(url) => (self.report)(Event::NewWindow { url: self.absolute(&url), asked: true }),
            Plain::Go(url) => self.load(&self.absolute(&url)),
            Plain::Reload {} => self.reload(),
            Plain::Crash(why) => return Done::Crashes(why),
            Plain::Close {} => return Done::Closes,
        }
        Done::Nothing
    }

    fn absolute(&self, url: &str) -> String {
        let joined = Url::parse(&self.url).and_then(|base| base.join(url));
        joined.map_or_else(|_| url.to_owned(), String::from)
    }
}
