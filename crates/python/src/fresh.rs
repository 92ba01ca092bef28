//! What Python gets of large data: new objects, filled where they stay.
#![allow(unsafe_code)] // memory of a new `bytes` object; each use has its SAFETY note

use auroraview_link::Collected;
use auroraview_memory::prefer_large_pages;
use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use std::mem::MaybeUninit;
use std::slice;

/// Up to so many bytes are copied with the GIL held: to give it away can cost its whole switch interval (5 ms).
const SMALL: usize = 256 << 10;

/// What is known of an attachment from its message: its length in bytes, and whether it is a text.
pub type Named = (usize, bool);

/// What came from a page, each as its message names it: `bytes`, or `str`.
pub fn handed_over<'py>(
    py: Python<'py>,
    attachments: &[Collected],
    named: &[Named],
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if !attachments.iter().map(Collected::len).eq(named.iter().map(|(length, _)| *length)) {
        return Err(PyValueError::new_err("its attachments are not those that it names"));
    }
    let each = |(attachment, (_, is_text)): (&Collected, &Named)| {
        if *is_text { text(py, attachment).map(Bound::into_any) } else { joined(py, attachment).map(Bound::into_any) }
    };
    attachments.iter().zip(named).map(each).collect()
}

/// A text is made where it stays, unless it came in several pieces.
fn text<'py>(py: Python<'py>, attachment: &Collected) -> PyResult<Bound<'py, PyString>> {
    match &attachment.0[..] {
        [whole] => PyString::from_bytes(py, whole),
        _ => PyString::from_bytes(py, joined(py, attachment)?.as_bytes()),
    }
}

/// The pieces as one. They are copied once, and nobody waits for it who wants to use Python.
fn joined<'py>(py: Python<'py>, attachment: &Collected) -> PyResult<Bound<'py, PyBytes>> {
    fresh(py, attachment.len(), |room| {
        if room.len() <= SMALL {
            join(attachment, room);
        } else {
            py.detach(|| join(attachment, room));
        }
    })
}

fn join(attachment: &Collected, mut room: &mut [MaybeUninit<u8>]) {
    for piece in &attachment.0 {
        let (filled, rest) = room.split_at_mut(piece.len());
        filled.write_copy_of_slice(piece);
        room = rest;
    }
}

/// A `bytes` object of that length. `fill` fills all of it.
pub fn fresh<'py>(
    py: Python<'py>,
    length: usize,
    fill: impl FnOnce(&mut [MaybeUninit<u8>]),
) -> PyResult<Bound<'py, PyBytes>> {
    // SAFETY: without a source this makes a `bytes` object of that length whose content is still open, or raises.
    let object = unsafe {
        let object = ffi::PyBytes_FromStringAndSize(std::ptr::null(), ffi::Py_ssize_t::try_from(length)?);
        Bound::from_owned_ptr_or_err(py, object)?
    };
    // SAFETY: it is a `bytes` object with so much room, of which nobody else knows until this function returns.
    let room = unsafe { slice::from_raw_parts_mut(ffi::PyBytes_AsString(object.as_ptr()).cast(), length) };
    prefer_large_pages(room);
    fill(room);
    Ok(object.cast_into::<PyBytes>()?)
}
