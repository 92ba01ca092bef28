//! The look over a JSON text: no text harms it, and what it lets pass is within the limits.
#![no_main]

use auroraview_core::json;
use auroraview_core::limits::{MAX_DEPTH, MAX_SAFE_INTEGER};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Whether JavaScript holds every integer exactly.
fn exact(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(exact),
        Value::Object(fields) => fields.values().all(exact),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(positive), _) => positive <= MAX_SAFE_INTEGER,
            (None, Some(negative)) => negative.unsigned_abs() <= MAX_SAFE_INTEGER,
            (None, None) => true, // a float, or an integer that became one
        },
        _ => true,
    }
}

fuzz_target!(|text: &[u8]| {
    let (data, message) = (json::check(text), json::check_depth(text));
    if let Ok(value) = serde_json::from_slice::<Value>(text) {
        assert!(data.is_err() || depth(&value) <= MAX_DEPTH && exact(&value));
        assert!(message.is_err() || depth(&value) <= MAX_DEPTH + 1); // its object is around the data
    }
});
