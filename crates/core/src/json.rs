//! One look over a JSON text for what its grammar allows and our wire does not.

use crate::limits::{MAX_DEPTH, MAX_SAFE_INTEGER};
use memchr::memchr2;

/// Why a JSON text may not travel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonLimit {
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("the data is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// An integer that JavaScript would round.
    #[error("the integer {0} is beyond ±(2^53 - 1), so JavaScript would round it; send it as a string")]
    BigInteger(String),
}

/// What surrounds the data of a message: its object.
const ENVELOPE_DEPTH: usize = 1;

/// Checks nesting and the size of integers of data that is to travel. `text` must be valid JSON (its encoder guarantees
/// that; for other texts the answer is meaningless but safe).
pub fn check(text: &[u8]) -> Result<(), JsonLimit> {
    scan(text, MAX_DEPTH, check_number)
}

/// Checks the nesting of a message that came from a page.
pub fn check_depth(text: &[u8]) -> Result<(), JsonLimit> {
    scan(text, MAX_DEPTH + ENVELOPE_DEPTH, |_| Ok(()))
}

fn scan(text: &[u8], max_depth: usize, check_number: impl Fn(&[u8]) -> Result<(), JsonLimit>) -> Result<(), JsonLimit> {
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => at = end_of_string(text, at + 1),
            b'{' | b'[' => {
                depth += 1;
                if depth > max_depth {
                    return Err(JsonLimit::TooDeep);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'-' | b'0'..=b'9' => {
                let end = end_of_number(text, at);
                check_number(&text[at..end])?;
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// Index of the closing quote of the string whose first character is at `at`.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if text[at] == b'"' {
            return at;
        }
        at += 2; // whatever is escaped ends no string
    }
    text.len()
}

fn end_of_number(text: &[u8], at: usize) -> usize {
    let more = |b: &&u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    at + text[at..].iter().take_while(more).count()
}

fn check_number(digits: &[u8]) -> Result<(), JsonLimit> {
    // 15 digits always fit; floats carry a point or an exponent.
    if digits.len() <= 15 || digits.iter().any(|b| matches!(b, b'.' | b'e' | b'E')) {
        return Ok(());
    }
    let text = String::from_utf8_lossy(digits);
    match text.trim_start_matches('-').parse::<u64>() {
        Ok(value) if value <= MAX_SAFE_INTEGER => Ok(()),
        _ => Err(JsonLimit::BigInteger(preview(&text))),
    }
}

fn preview(digits: &str) -> String {
    match digits.char_indices().nth(40) {
        Some((at, _)) => format!("{}… ({} digits)", &digits[..at], digits.len()),
        None => digits.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Any JSON value, with its depth and whether an integer in it is beyond JavaScript's.
    fn value() -> impl Strategy<Value = (String, usize, bool)> {
        let number = any::<i128>().prop_map(|n| (n.to_string(), 0, n.unsigned_abs() > u128::from(MAX_SAFE_INTEGER)));
        let small = any::<i64>().prop_map(|n| ((n >> 10).to_string(), 0, false));
        let float = any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(|f| (format!("{f:e}"), 0, false));
        let text = ".{0,12}".prop_map(|text| (serde_json::Value::from(text).to_string(), 0, false));
        let word = Just(("null".to_owned(), 0, false));
        let leaf = prop_oneof![number, small, float, text, word];
        leaf.prop_recursive(80, 200, 3, |inner| {
            let items = prop::collection::vec(inner, 0..3);
            (items, any::<bool>(), ".{0,6}").prop_map(|(items, is_array, key)| {
                let key = if is_array { String::new() } else { format!("{}:", serde_json::Value::from(key)) };
                let texts: Vec<_> = items.iter().map(|(text, _, _)| format!("{key}{text}")).collect();
                let depth = 1 + items.iter().map(|(_, depth, _)| *depth).max().unwrap_or(0);
                let big = items.iter().any(|(_, _, big)| *big);
                let (open, close) = if is_array { ('[', ']') } else { ('{', '}') };
                (format!("{open}{}{close}", texts.join(",")), depth, big)
            })
        })
    }

    proptest! {
        #[test]
        fn any_value_is_judged_by_its_depth_and_its_integers((text, depth, big) in value(), around in 0..80usize) {
            let (text, depth) = (format!("{}{text}{}", "[".repeat(around), "]".repeat(around)), depth + around);
            let ok = depth <= MAX_DEPTH && !big;
            prop_assert_eq!(check(text.as_bytes()).is_ok(), ok, "{}", text);
            prop_assert_eq!(check_depth(text.as_bytes()).is_ok(), depth <= MAX_DEPTH + ENVELOPE_DEPTH);
        }

        #[test]
        fn no_text_is_too_odd_to_look_at(text in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = check(&text);
            let _ = check_depth(&text);
        }
    }

    #[test]
    fn depth_is_counted_outside_strings() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert_eq!(check(nested(MAX_DEPTH).as_bytes()), Ok(()));
        assert_eq!(check(nested(MAX_DEPTH + 1).as_bytes()), Err(JsonLimit::TooDeep));
        let brackets_in_text = format!(r#"["{}\"[["]"#, "[".repeat(100));
        assert_eq!(check(brackets_in_text.as_bytes()), Ok(()));
        assert_eq!(check(r#"{"a":"\\","b":[[]]}"#.as_bytes()), Ok(()));
    }

    #[test]
    fn a_message_may_be_as_deep_as_its_data_and_hold_any_number() {
        let message = |n: usize| format!(r#"{{"params":{}1e400{}}}"#, "[".repeat(n), "]".repeat(n));
        assert_eq!(check_depth(message(MAX_DEPTH).as_bytes()), Ok(()));
        assert_eq!(check_depth(message(MAX_DEPTH + 1).as_bytes()), Err(JsonLimit::TooDeep));
        assert_eq!(check_depth(b"[99999999999999999999999]"), Ok(()));
    }

    #[test]
    fn integers_beyond_javascript_are_named() {
        assert_eq!(check(b"[9007199254740991,-9007199254740991,1.5e300,12345678901234567.5]"), Ok(()));
        assert_eq!(check(b"[1,9007199254740992]"), Err(JsonLimit::BigInteger("9007199254740992".into())));
        assert_eq!(check(b"{\"a\":-9007199254740992}"), Err(JsonLimit::BigInteger("-9007199254740992".into())));
        assert_eq!(check(b"\"9007199254740992\""), Ok(()));
        let long = "9".repeat(400);
        assert!(matches!(check(long.as_bytes()), Err(JsonLimit::BigInteger(shown)) if shown.contains("400 digits")));
    }
}
