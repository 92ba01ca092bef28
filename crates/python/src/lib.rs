//! `auroraview._core`: converts, calls and maps errors. Every wait happens without the GIL; policy lives in Python.

mod errors;
mod link;
mod port;

use auroraview_core::json;
use pyo3::prelude::*;

/// Version of the extension; the UI process must be of the same.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The extension module.
#[pymodule]
mod _core {
    #[pymodule_export]
    use super::link::Link;
    #[pymodule_export]
    use super::port::{Port, Question};
    #[pymodule_export]
    use super::{check_depth, check_json};
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = super::VERSION;
    #[pymodule_export]
    const MAX_BODY: usize = auroraview_core::limits::MAX_BODY;
}

/// Raises `InvalidDataError` if a JSON text is nested too deeply or holds an integer that JavaScript would round.
#[pyfunction]
fn check_json(text: &[u8]) -> PyResult<()> {
    json::check(text).map_err(|error| errors::raise("InvalidDataError", error.to_string()))
}

/// Raises `InvalidDataError` if a message of a page is nested too deeply.
#[pyfunction]
fn check_depth(text: &str) -> PyResult<()> {
    json::check_depth(text.as_bytes()).map_err(|error| errors::raise("InvalidDataError", error.to_string()))
}
