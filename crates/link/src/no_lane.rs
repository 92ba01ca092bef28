//! Where there are no direct connections (`docs/decisions/0007-fast-lane.md`): Windows and macOS.

use crate::platform::Socket;
use std::io;

/// Nobody opens one.
pub(crate) type Listener = Socket;

/// Nobody can connect directly here.
pub(crate) fn listen(_name: &str) -> io::Result<Option<Listener>> {
    Ok(None)
}

/// Nobody can connect directly here.
pub(crate) fn accept(_listener: &Listener) -> io::Result<Option<Socket>> {
    Ok(None)
}
