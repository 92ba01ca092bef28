//! The UTF-8 stream: any bytes in any pieces are what they are at once.
#![no_main]

use auroraview_core::streaming::Utf8Stream;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: ([u8; 8], &[u8])| {
    let (sizes, bytes) = input;
    let (mut stream, mut rest, mut decoded) = (Utf8Stream::new(), bytes, Vec::new());
    // Pieces of these sizes in turn, and at last what is left.
    for size in sizes.iter().cycle().take(bytes.len()) {
        let (piece, tail) = rest.split_at(usize::from(size % 8).min(rest.len()));
        decoded.push(stream.push(piece));
        rest = tail;
    }
    decoded.push(stream.push(rest));
    decoded.push(stream.flush());
    let text: String = decoded.iter().map(|each| each.text.as_str()).collect();
    assert_eq!(text, String::from_utf8_lossy(bytes));
    let replaced: usize = decoded.iter().map(|each| each.replaced).sum();
    assert_eq!(replaced == 0, std::str::from_utf8(bytes).is_ok());
});
