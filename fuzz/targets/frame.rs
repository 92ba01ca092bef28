//! The frame decoder: any bytes, in any pieces, give what they give at once; what can be read is written the same.
#![no_main]

use auroraview_core::frame::{Decoder, Frame};
use libfuzzer_sys::fuzz_target;

/// The frames of `pieces`, and the complaint that ended them, if any.
fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Frame>, Option<String>) {
    let (mut decoder, mut frames) = (Decoder::new(), Vec::new());
    for mut piece in pieces {
        while decoder.fill(&mut piece).unwrap() > 0 {
            loop {
                match decoder.next_frame() {
                    Ok(Some(frame)) => frames.push(frame),
                    Ok(None) => break,
                    Err(error) => return (frames, Some(error.to_string())),
                }
            }
        }
    }
    (frames, None)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let whole = decode(std::iter::once(bytes));
    assert_eq!(decode(bytes.chunks(usize::from(size).max(1))), whole);
    for frame in whole.0 {
        let again = frame.encode().unwrap();
        assert_eq!(decode(std::iter::once(&again[..])), (vec![frame], None));
    }
});
