//! The one table from our errors to Python's exceptions (`auroraview/_errors.py`).

use auroraview_core::frame::FrameError;
use auroraview_link::{LinkError, SendError};
use pyo3::prelude::*;

/// An exception of the class `name` of `auroraview._errors`.
pub fn raise(name: &str, message: String) -> PyErr {
    Python::attach(|py| {
        let class = py.import("auroraview._errors").and_then(|module| module.getattr(name));
        match class.and_then(|class| class.call1((message,))) {
            Ok(exception) => PyErr::from_value(exception),
            Err(error) => error,
        }
    })
}

/// The exception with an attribute of its class filled in.
fn with(exception: PyErr, name: &str, value: usize) -> PyErr {
    match Python::attach(|py| exception.value(py).setattr(name, value)) {
        Ok(()) => exception,
        Err(error) => error,
    }
}

pub fn send(error: SendError) -> PyErr {
    let message = error.to_string();
    match error {
        SendError::Closed => raise("ShutdownInProgressError", message),
        SendError::Full { messages } => with(raise("QueueFull", message), "queue_len", messages),
        SendError::NotShown => raise("NotShownError", message),
        SendError::Frame(FrameError::TooLarge { .. }) => raise("PayloadTooLargeError", message),
        SendError::Frame(_) => raise("AuroraViewError", message),
        SendError::System(error) => error.into(),
    }
}

pub fn link(error: LinkError) -> PyErr {
    raise("UiProcessError", error.to_string())
}
