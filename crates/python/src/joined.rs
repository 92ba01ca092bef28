//! Bytes of a page on their way to Python: copied once, to where they stay, and nobody waits for it who wants to use Python.
#![allow(unsafe_code)] // memory of a new `bytes` object; each use has its SAFETY note

use auroraview_link::Collected;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Up to so many bytes are copied with the GIL held: to give it away can cost its whole switch interval (5 ms).
const SMALL: usize = 256 << 10;

/// The pieces as one `bytes`.
pub fn joined<'py>(py: Python<'py>, attachment: &Collected) -> PyResult<Bound<'py, PyBytes>> {
    let length = attachment.len();
    // SAFETY: without a source this makes a `bytes` object of that length whose content is still open, or raises.
    let object = unsafe {
        let object = ffi::PyBytes_FromStringAndSize(std::ptr::null(), ffi::Py_ssize_t::try_from(length)?);
        Bound::from_owned_ptr_or_err(py, object)?
    };
    // SAFETY: it is a `bytes` object.
    let start = Start(unsafe { ffi::PyBytes_AsString(object.as_ptr()) }.cast::<u8>());
    if length <= SMALL {
        start.fill(attachment);
    } else {
        py.detach(move || start.fill(attachment));
    }
    Ok(object.cast_into::<PyBytes>()?)
}

/// Where the content of a new `bytes` object begins, which has room for what will be filled in.
struct Start(*mut u8);

// SAFETY: nobody else knows of the object until it is full, and it lives as long as its owner waits for that.
unsafe impl Send for Start {}

impl Start {
    fn fill(self, attachment: &Collected) {
        let mut at = self.0;
        for piece in &attachment.0 {
            // SAFETY: the pieces together are as long as the object, which overlaps none of them.
            unsafe {
                at.copy_from_nonoverlapping(piece.as_ptr(), piece.len());
                at = at.add(piece.len());
            }
        }
    }
}
