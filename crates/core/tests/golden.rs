//! The cases of `protocol/golden`, read by the Rust types. Python and TypeScript read the same files.
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

use auroraview_core::frame::{Decoder, Frame};
use auroraview_core::wire::{Command, Header, Notice, text_of};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;

fn golden(name: &str) -> Vec<Value> {
    let path = format!("{}/../../protocol/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn frames_are_these_bytes() {
    for case in golden("frames") {
        let header: Header = serde_json::from_value(case["header"].clone()).unwrap();
        let body = match case["body_hex"].as_str() {
            Some(hex) => bytes_of(hex),
            None => case["body"].as_str().unwrap().as_bytes().to_vec(),
        };
        let frame = Frame { header, body };
        let bytes = bytes_of(case["hex"].as_str().unwrap());
        assert_eq!(frame.encode().unwrap(), bytes, "{}", case["name"]);
        let mut decoder = Decoder::new();
        decoder.fill(&mut bytes.as_slice()).unwrap();
        assert_eq!(decoder.next_frame().unwrap(), Some(frame), "{}", case["name"]);
    }
}

/// Reads each case, writes it again, and wants the same JSON.
fn round_trip<T: DeserializeOwned + Serialize>(file: &str) -> BTreeSet<String> {
    let cases = golden(file);
    for case in &cases {
        let message: T = serde_json::from_value(case.clone()).unwrap_or_else(|error| panic!("{case}: {error}"));
        let again: Value = serde_json::from_slice(&text_of(&message).unwrap()).unwrap();
        assert_eq!(&again, case);
    }
    cases.iter().map(|case| case["method"].as_str().unwrap().to_owned()).collect()
}

/// The methods that the tables of `protocol/README.md` section 5 name, without the page's own.
fn documented() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../protocol/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let section = text.split("## 5.").nth(1).unwrap().split("## 6.").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    rows.map(str::to_owned).collect()
}

#[test]
fn commands_and_notices_are_these_texts_and_all_documented() {
    let mut methods = round_trip::<Command>("commands");
    methods.extend(round_trip::<Notice>("notices"));
    assert_eq!(methods, documented());
}
