//! Bytes of Python on their way out. They stay where they are until they are written.

use crate::held::Held;
use auroraview_link::Attachment;
use pyo3::prelude::*;
use std::sync::Arc;

/// A JSON-RPC text, alone or with its attachments by number.
pub struct Body {
    /// The text, UTF-8.
    pub text: Vec<u8>,
    /// What it names.
    pub attachments: Vec<Attachment>,
}

impl<'py> FromPyObject<'_, 'py> for Body {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(text) = object.extract::<Vec<u8>>() {
            return Ok(Self { text, attachments: Vec::new() });
        }
        let (text, numbered) = object.extract::<(Vec<u8>, Vec<(u64, Held)>)>()?;
        let attachments = numbered.into_iter().map(|(number, held)| Attachment { number, bytes: Arc::new(held) });
        Ok(Self { text, attachments: attachments.collect() })
    }
}
