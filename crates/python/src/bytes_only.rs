//! What holds an attachment where Python has no stable way to read other buffers than `bytes`: before 3.11.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView};

/// A `bytes` object. It is let go of when somebody attaches to Python next.
pub type Held = pyo3::pybacked::PyBackedBytes;

/// The bytes of a view as they are now, in the order of the language C.
#[pyfunction]
pub fn copied<'py>(view: &Bound<'py, PyMemoryView>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(view.call_method0("tobytes")?.cast_into()?)
}
