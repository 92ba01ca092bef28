//! Text that arrives in pieces of bytes, as Python sees it.

use auroraview_core::streaming::{Decoded, Utf8Stream as RustStream};
use pyo3::prelude::*;

/// Decodes UTF-8 in pieces of any size. One thread at a time.
#[pyclass]
pub struct Utf8Stream(RustStream);

#[pymethods]
impl Utf8Stream {
    #[new]
    fn new() -> Self {
        Self(RustStream::new())
    }

    /// Takes a piece: (the text that is complete now, how many U+FFFD in it stand for invalid bytes).
    fn push(&mut self, piece: &[u8]) -> (String, usize) {
        pair(self.0.push(piece))
    }

    /// The text ends here: what has only begun is invalid.
    fn flush(&mut self) -> (String, usize) {
        pair(self.0.flush())
    }
}

fn pair(decoded: Decoded) -> (String, usize) {
    (decoded.text, decoded.replaced)
}
