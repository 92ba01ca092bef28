//! Why a request failed.

use serde::{Deserialize, Serialize};

/// Why a request failed. The names are `data.code` in JSON and `error.code` in JavaScript; a test holds the lists of
/// Rust, Python and TypeScript equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// Not a message of the wire.
    InvalidRequest,
    /// No such method.
    MethodNotFound,
    /// A script raised.
    ExecutionError,
    /// Over a size limit.
    TooLarge,
    /// Too many calls pending.
    Busy,
    /// The view or its UI process is gone.
    Closed,
    /// The document that was asked is gone.
    Navigated,
}

impl ErrorCode {
    /// JSON-RPC's number.
    pub fn number(self) -> i32 {
        match self {
            Self::InvalidRequest => -32600,
            Self::MethodNotFound => -32601,
            Self::ExecutionError => -32000,
            Self::TooLarge => -32002,
            Self::Busy => -32003,
            Self::Closed => -32802,
            Self::Navigated => -32803,
        }
    }
}

/// The JSON-RPC error object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorObject {
    /// JSON-RPC's number.
    pub code: i32,
    /// For people.
    pub message: String,
    /// What programs read.
    pub data: ErrorData,
}

/// What programs read of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorData {
    /// Name of the exception, in the language that raised it.
    pub name: String,
    /// Our code.
    pub code: ErrorCode,
    /// Where a script raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
}

impl ErrorObject {
    /// An error of ours.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let data = ErrorData { name: "AuroraViewError".into(), code, stack: None };
        Self { code: code.number(), message: message.into(), data }
    }
}
