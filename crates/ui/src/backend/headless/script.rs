//! The steps that a page is played from: JSON, one object a step (`docs/testing.md` has the table).

use auroraview_core::wire::WindowState;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// One step.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// What is done for each message of a kind.
    Rule(Rule),
    /// What a script of the host is answered.
    Scripted(Scripted),
    /// A call of Python, until its answer.
    Call(Call),
    /// An event for Python.
    Event(Event),
    /// Anything else.
    Plain(Plain),
}

/// For each message that fits `on`, `do`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A pattern.
    pub on: Value,
    /// The steps; `{"$from": "/path"}` in them is a part of the message.
    #[serde(rename = "do")]
    pub steps: Vec<Step>,
}

/// The script `eval` of the host has this value, or raises this.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// The text of the script, as it is.
    pub eval: String,
    /// Its value.
    #[serde(default)]
    pub value: Value,
    /// What it raises instead.
    #[serde(default)]
    pub raises: Option<String>,
}

/// Calls Python and waits for the answer, taking the items of a stream meanwhile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The name of the function.
    pub call: String,
    /// As they are sent; absent: none.
    #[serde(default, deserialize_with = "present")]
    pub params: Option<Value>,
    /// The number of the request; absent: one of ours.
    #[serde(default)]
    pub id: Option<u64>,
    /// Leaves the stream after so many items.
    #[serde(default)]
    pub most: Option<usize>,
}

/// Sends an event.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its name.
    pub event: String,
    /// Its data; absent: none.
    #[serde(default, deserialize_with = "present")]
    pub data: Option<Value>,
}

/// Steps of one word.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plain {
    /// Sends a JSON-RPC message.
    Send(Value),
    /// Waits for a message that fits, and takes it.
    Expect(Value),
    /// Takes all messages that fit and are there.
    Take(Value),
    /// Changes the shared state: `set`, `delete`; what it is then.
    State(StateChange),
    /// Gives the document a title.
    Title(String),
    /// Goes to an address, which may be relative.
    Go(String),
    /// Loads the document again.
    Reload {},
    /// Wants a window with an address.
    Open(String),
    /// The addresses that went to the user's own programs since the last time.
    Opened {},
    /// The web process ends.
    Crash(String),
    /// The user clicks the close button.
    Close {},
    /// The user or the desktop changes the window.
    Window(WindowState),
    /// The user answers the oldest dialog, once there is one; the step's value is what was asked.
    Answer(Value),
    /// The patterns that other steps wait for.
    Waiting {},
}

/// What a page wants to change of the shared state.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StateChange {
    /// New values.
    pub set: serde_json::Map<String, Value>,
    /// Names without a value from now on.
    pub delete: Vec<String>,
}

/// `null` is a value; only what is absent is none.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// Reads one step or a list of steps.
pub fn read(script: Value) -> Result<Vec<Step>, String> {
    let steps = match script {
        Value::Array(steps) => steps,
        step => vec![step],
    };
    let read = |step: Value| {
        let text = step.to_string();
        serde_json::from_value(step).map_err(|_unhelpful| format!("no step: {text:.300} (docs/testing.md lists them)"))
    };
    steps.into_iter().map(read).collect()
}

/// Whether a value has everything that a pattern has. Members that the pattern leaves out do not matter.
pub fn fits(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::Object(pattern), Value::Object(value)) => {
            pattern.iter().all(|(name, part)| value.get(name).is_some_and(|value| fits(part, value)))
        }
        (Value::Array(pattern), Value::Array(value)) => {
            pattern.len() == value.len() && pattern.iter().zip(value).all(|(part, value)| fits(part, value))
        }
        (Value::Number(pattern), Value::Number(value)) => pattern.as_f64() == value.as_f64(),
        _ => pattern == value,
    }
}

/// The same with each `{"$from": "/path"}` replaced by that part of `message` (null, if it has none).
pub fn filled(template: &Value, message: &Value) -> Value {
    match template {
        Value::Object(members) => match members.get("$from").and_then(Value::as_str).filter(|_| members.len() == 1) {
            Some(path) => message.pointer(path).cloned().unwrap_or_default(),
            None => members.iter().map(|(name, part)| (name.clone(), filled(part, message))).collect(),
        },
        Value::Array(parts) => parts.iter().map(|part| filled(part, message)).collect(),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pattern_fits_what_has_more() {
        let message = json!({ "method": "rows", "params": { "n": 1.0, "name": "x" }, "list": [1, { "a": 2, "b": 3 }] });
        for pattern in [json!({}), json!({ "params": { "n": 1 } }), json!({ "list": [1, { "a": 2 }] })] {
            assert!(fits(&pattern, &message), "{pattern}");
        }
        for pattern in [json!({ "params": { "n": 2 } }), json!({ "list": [1] }), json!({ "other": null }), json!([])] {
            assert!(!fits(&pattern, &message), "{pattern}");
        }
    }

    #[test]
    fn a_template_takes_parts_of_a_message() {
        let message = json!({ "id": 7, "params": ["a", { "b": null }] });
        let template =
            json!({ "id": { "$from": "/id" }, "result": [{ "$from": "/params/1" }, { "$from": "/none" }, 5] });
        assert_eq!(filled(&template, &message), json!({ "id": 7, "result": [{ "b": null }, null, 5] }));
    }

    #[test]
    fn a_step_that_is_none_is_named() {
        assert_eq!(read(json!([{ "event": "x", "data": null }, { "close": {} }])).unwrap().len(), 2);
        for wrong in [json!({ "sned": 1 }), json!(5), json!({ "call": "x", "parms": [] }), json!([{ "close": {} }, {}])]
        {
            let text = read(wrong).unwrap_err();
            assert!(text.starts_with("no step: ") && text.ends_with("(docs/testing.md lists them)"), "{text}");
        }
    }
}
