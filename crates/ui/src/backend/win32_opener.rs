//! The user's own programs for addresses, by the shell.
#![allow(unsafe_code)] // one call of the shell; it has its SAFETY note

use windows::Win32::UI::Shell::ShellExecuteW;
use windows::Win32::UI::WindowsAndMessaging::SW_SHOWNORMAL;
use windows::core::{HSTRING, w};

/// Opens an address in the user's program for it.
pub fn open(address: String) {
    let text = HSTRING::from(&address);
    // SAFETY: all texts end with a NUL and live until after the call; this is the thread of the loop, which is an STA.
    let done = unsafe { ShellExecuteW(None, w!("open"), &text, None, None, SW_SHOWNORMAL) };
    if done.0 as usize <= 32 {
        say!("cannot open {address:.200} in the user's browser: the shell says {}", done.0 as usize);
    }
}
