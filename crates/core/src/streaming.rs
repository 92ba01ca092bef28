//! Text that arrives in pieces of bytes (seed 002 phase 5): a piece may end in the middle of a character.

/// What a piece of bytes made readable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Whole characters. Each run of bytes that can belong to no character is one U+FFFD, as `String::from_utf8_lossy` has it.
    pub text: String,
    /// How many U+FFFD stand for invalid bytes.
    pub replaced: usize,
}

/// Decodes UTF-8 in pieces of any size. The texts, put together, are what decoding all bytes at once gives: nothing is split,
/// lost or replaced twice.
#[derive(Debug, Clone, Default)]
pub struct Utf8Stream {
    /// The beginning of a character whose end has not come: at most 3 bytes.
    begun: Vec<u8>,
}

impl Utf8Stream {
    /// Nothing begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a piece; returns what is complete now.
    pub fn push(&mut self, piece: &[u8]) -> Decoded {
        let mut decoded = Decoded::default();
        // A character that began earlier is completed byte by byte: at most 3 of them are copied.
        let mut rest = piece;
        while let ([first, tail @ ..], false) = (rest, self.begun.is_empty()) {
            let mut candidate = std::mem::take(&mut self.begun);
            candidate.push(*first);
            rest = tail;
            self.begun = decoded.take(&candidate).to_vec();
        }
        if self.begun.is_empty() {
            self.begun = decoded.take(rest).to_vec();
        }
        decoded
    }

    /// The text ends here: what has only begun is invalid.
    pub fn flush(&mut self) -> Decoded {
        let begun = !std::mem::take(&mut self.begun).is_empty();
        Decoded { text: if begun { "\u{fffd}".into() } else { String::new() }, replaced: usize::from(begun) }
    }
}

impl Decoded {
    /// Appends the characters of `bytes`; returns the beginning of one that is cut off.
    fn take<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        loop {
            let error = match std::str::from_utf8(bytes) {
                Ok(text) => {
                    self.text.push_str(text);
                    return &[];
                }
                Err(error) => error,
            };
            let (valid, rest) = bytes.split_at(error.valid_up_to());
            self.text.push_str(&String::from_utf8_lossy(valid));
            let Some(invalid) = error.error_len() else { return rest };
            self.text.push('\u{fffd}');
            self.replaced += 1;
            bytes = &rest[invalid..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(bytes: &[u8], cuts: &[usize]) -> Decoded {
        let mut stream = Utf8Stream::new();
        let mut whole = Decoded::default();
        let mut add = |piece: Decoded| {
            whole.text.push_str(&piece.text);
            whole.replaced += piece.replaced;
        };
        let mut from = 0;
        for cut in cuts {
            let to = (from + cut).min(bytes.len());
            add(stream.push(&bytes[from..to]));
            from = to;
        }
        add(stream.push(&bytes[from..]));
        add(stream.flush());
        whole
    }

    #[test]
    fn every_cut_of_real_text_gives_the_text() {
        for text in ["你好，世界", "👩\u{200d}👩\u{200d}👧\u{200d}👦 🇩🇪", "naïve café", "", "\u{fffd}", "e\u{301}"]
        {
            for cut in 0..=text.len() {
                assert_eq!(decode(text.as_bytes(), &[cut]), Decoded { text: text.into(), replaced: 0 });
            }
            assert_eq!(decode(text.as_bytes(), &vec![1; text.len()]).text, text);
        }
    }

    #[test]
    fn a_piece_holds_back_only_what_has_begun() {
        let mut stream = Utf8Stream::new();
        assert_eq!(stream.push("a你".as_bytes().split_at(2).0).text, "a");
        assert_eq!(stream.push(&"你".as_bytes()[1..]).text, "你");
        assert_eq!(stream.flush(), Decoded::default());
    }

    #[test]
    fn invalid_bytes_are_replaced_once_however_they_arrive() {
        // A beginning that is not continued, a lone continuation, an overlong form, a surrogate, the end.
        for bytes in [&b"\xe4\xbd!"[..], b"\x80x", b"\xc0\xaf", b"\xed\xa0\x80", b"ok\xf0\x9f"] {
            let expected = String::from_utf8_lossy(bytes);
            for cut in 0..=bytes.len() {
                let decoded = decode(bytes, &[cut]);
                assert_eq!(
                    (decoded.text.as_str(), decoded.replaced),
                    (&*expected, expected.matches('\u{fffd}').count())
                );
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_are_what_they_are_at_once(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0x80..=0xbfu8, 0xe0..=0xf4u8], 0..60),
            cuts in prop::collection::vec(0..6usize, 0..40),
        ) {
            prop_assert_eq!(decode(&bytes, &cuts).text, String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn any_text_in_any_pieces_is_that_text(text in ".{0,40}", cuts in prop::collection::vec(0..5usize, 0..60)) {
            prop_assert_eq!(decode(text.as_bytes(), &cuts), Decoded { text, replaced: 0 });
        }
    }
}
