//! What holds an attachment where Python has no stable way to read other buffers than `bytes`: before 3.11.

/// A `bytes` object. It is let go of when somebody attaches to Python next.
pub type Held = pyo3::pybacked::PyBackedBytes;
