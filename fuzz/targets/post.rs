//! What a page posts. The file is the UI process's own, taken without the crate, which links a GUI library.
#![no_main]
#![allow(missing_docs)]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/ui/src/post.rs"]
mod post;

fuzz_target!(|text: &str| {
    let Some(post) = post::Post::parse(text) else { return };
    assert!(post.has_secret(post.secret) && post.nonce.len() == 32);
    for line in post.lines().flatten() {
        assert!(!line.body.contains('\n') && text.contains(line.body), "{:?} {}", line.kind, line.id);
    }
});
