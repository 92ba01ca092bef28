//! How a script becomes a function body that any engine can run, and what comes back of it.

use crate::limits::MAX_BODY;
use crate::wire::{ErrorCode, ErrorData, ErrorObject, error_text, result_text};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What a wrapped script returns in place of a value, for what it threw: `e`.
const THROWN: &str =
    r#"{error:{name:String(e&&e.name||"Error"),message:String(e&&e.message||e),stack:String(e&&e.stack||"")}}"#;

/// What ends every comment and template that a script left open, by an error; else it is a string, and does nothing.
const ENDS: &str = "\"`*/\"\n";

/// What a wrapped script returns.
#[derive(Deserialize)]
struct Outcome {
    value: Option<Box<RawValue>>,
    error: Option<Thrown>,
}

#[derive(Deserialize)]
struct Thrown {
    name: String,
    message: String,
    stack: String,
}

/// The body of an async function that returns what came of `script`, an expression.
///
/// Here and below the script stands there twice, and the second one never runs: it is in other brackets. A script that closes what
/// it did not open, `1)); f(); ((2`, can fit one of them but not both, so that it does not compile, and nothing of it runs.
pub fn as_expression(script: &str) -> String {
    format!("{}{ENDS};async()=>[\n{script}\n]", returning(&format!("await(\n{script}\n)")))
}

/// The same for statements.
pub fn as_statements(script: &str) -> String {
    format!("{}{ENDS}{}", returning(&format!("await(async()=>{{\n{script}\n}})()")), in_a_block(script))
}

fn returning(value: &str) -> String {
    let untold = outcome_of_untold();
    format!(
        "try{{return JSON.stringify({{value:{value}}})}}catch(e){{try{{return JSON.stringify({THROWN})}}catch{{return'{untold}'}}}}"
    )
}

/// Behind the brace of a function that is a value comes no statement, and behind this one nothing else.
fn in_a_block(script: &str) -> String {
    format!("{{async function f(){{\n{script}\n}}}}")
}

/// Makes the function that runs the scripts of one document: it takes a function and gives its outcome to another one. Made once
/// for a document, since the engine compiles anew whatever it did not see before.
pub fn runner() -> String {
    let untold = outcome_of_untold();
    format!(
        "(s=>async(run,tell)=>{{let r;try{{r=s({{value:await run()}})}}catch(e){{try{{r=s({THROWN})}}catch{{r='{untold}'}}}}tell(r)}})(JSON.stringify)"
    )
}

/// The outcome of a script that threw what throws in turn when it is asked for its name, message and stack.
fn outcome_of_untold() -> String {
    outcome_of_error("Error", "the script threw what cannot be described")
}

/// The outcome of a script that has none of its own.
pub fn outcome_of_error(name: &str, message: &str) -> String {
    serde_json::json!({ "error": { "name": name, "message": message, "stack": "" } }).to_string()
}

/// A function for [`runner`] that has the value of `script`, an expression.
pub fn expression_function(script: &str) -> String {
    let way = if script.contains("await") { "async" } else { "" };
    format!("({way}()=>(\n{script}\n))||[{ENDS},{way}()=>[\n{script}\n]]")
}

/// The same for statements.
pub fn statements_function(script: &str) -> String {
    format!("(async()=>{{\n{script}\n}})||{ENDS};{}", in_a_block(script))
}

/// Reads what such a function returned: the JSON text of the script's value, or its error.
pub fn read_outcome(text: &str) -> Result<String, ErrorObject> {
    match serde_json::from_str(text) {
        Ok(Outcome { error: Some(thrown), .. }) => Err(thrown_error(thrown.name, thrown.message, Some(thrown.stack))),
        Ok(Outcome { value, .. }) => Ok(value.map_or_else(|| "null".into(), |value| value.get().to_owned())),
        Err(error) => Err(thrown_error("Error".into(), format!("the script's value is unreadable: {error}"), None)),
    }
}

/// The error of a script that threw.
pub fn thrown_error(name: String, message: String, stack: Option<String>) -> ErrorObject {
    let code = ErrorCode::ExecutionError;
    ErrorObject { code: code.number(), message, data: ErrorData { name, code, stack } }
}

/// The text of the answer to the host's request `id`.
pub fn answer_text(id: u64, outcome: Result<String, ErrorObject>) -> Vec<u8> {
    let too_large = || ErrorObject::new(ErrorCode::TooLarge, "the value is over the limit of 16 MiB");
    let outcome = outcome.and_then(|value| if value.len() + 64 > MAX_BODY { Err(too_large()) } else { Ok(value) });
    match outcome {
        Ok(value) => result_text(id, &value),
        Err(error) => error_text(id, &error).unwrap_or_else(|_| b"{}".to_vec()),
    }
}
