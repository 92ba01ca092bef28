//! Reading what a page posts: any text at all comes from a page that may be hostile.
#![no_main]
#![allow(missing_docs)]

use auroraview_core::frame;
use auroraview_core::limits::MAX_BODY;
use auroraview_core::post::{Line, Post, is_secret, parse_direct};
use auroraview_core::wire::{Header, Kind};
use libfuzzer_sys::fuzz_target;

fn check(line: Line<'_>, text: &str) {
    assert!(!line.body.contains('\n') && text.contains(line.body), "{:?} {}", line.kind, line.id);
    // What the UI process names in a frame always fits: a page must not break the link.
    let header = Header { att: line.att, ..Header::new(u32::MAX, Some(u32::MAX), Kind::Response, Some(line.id)) };
    frame::head(&header, line.body.len().min(MAX_BODY)).unwrap();
}

fuzz_target!(|text: &str| {
    if let Some(post) = Post::parse(text) {
        assert!(is_secret(post.secret, post.secret) && post.nonce.len() == 32);
        assert!(!post.is_park() || post.lines().next().is_none());
        post.lines().flatten().for_each(|line| check(line, text));
    }
    if let Some((_, lines)) = parse_direct(text) {
        lines.flatten().for_each(|line| check(line, text));
    }
});
