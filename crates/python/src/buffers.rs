//! What holds an attachment where any buffer can be read: from Python 3.11.
#![allow(unsafe_code)] // memory that belongs to Python; each use has its SAFETY note

use crate::fresh::fresh;
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyMemoryView};
use std::slice;

/// A `bytes` object, or a view that nobody writes through. It is let go of when somebody attaches to Python next.
pub enum Held {
    Bytes(PyBackedBytes),
    View(View),
}

/// A memoryview, which keeps its buffer where it is as long as it lives and nobody releases it.
pub struct View {
    _view: Py<PyMemoryView>,
    start: *const u8,
    length: usize,
}

// SAFETY: the memory is only read, and stays where it is until `_view` goes, which any thread may do.
unsafe impl Send for View {}
// SAFETY: as above; nothing here changes.
unsafe impl Sync for View {}

impl<'py> FromPyObject<'_, 'py> for Held {
    type Error = PyErr;

    /// Of a `memoryview` of its own: who gives it keeps no reference to it, and so cannot release it.
    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = object.extract::<PyBackedBytes>() {
            return Ok(Self::Bytes(bytes));
        }
        let view = object.cast::<PyMemoryView>()?.to_owned();
        let buffer = PyUntypedBuffer::get(&view)?;
        if !buffer.readonly() || !buffer.is_c_contiguous() {
            return Err(PyValueError::new_err("an attachment must be read-only and C-contiguous"));
        }
        let (start, length) = (buffer.buf_ptr().cast::<u8>().cast_const(), buffer.len_bytes());
        Ok(Self::View(View { _view: view.unbind(), start, length }))
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::View(view) if view.length == 0 => &[],
            // SAFETY: the view keeps `length` bytes from `start` where they are. They are read-only to Python; whoever changes
            // what is under such a view, in spite of its docs, changes what is sent, and nothing else.
            Self::View(view) => unsafe { slice::from_raw_parts(view.start, view.length) },
        }
    }
}

/// The bytes of a view as they are now, in the order of the language C.
#[pyfunction]
pub fn copied<'py>(view: &Bound<'py, PyMemoryView>) -> PyResult<Bound<'py, PyBytes>> {
    let buffer = PyUntypedBuffer::get(view)?;
    if !buffer.is_c_contiguous() || buffer.len_bytes() == 0 {
        return Ok(view.call_method0("tobytes")?.cast_into()?);
    }
    // SAFETY: the buffer keeps so many bytes from there, and the GIL keeps Python from writing to them meanwhile.
    let bytes = unsafe { slice::from_raw_parts(buffer.buf_ptr().cast::<u8>().cast_const(), buffer.len_bytes()) };
    fresh(view.py(), bytes.len(), |room| {
        room.write_copy_of_slice(bytes);
    })
}
