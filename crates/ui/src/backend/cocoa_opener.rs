//! The user's own programs for addresses, by AppKit.

use objc2_app_kit::NSWorkspace;
use objc2_foundation::{NSString, NSURL};

/// Opens an address in the user's program for it.
pub fn open(address: String) {
    let url = NSURL::URLWithString(&NSString::from_str(&address));
    if !url.is_some_and(|url| NSWorkspace::sharedWorkspace().openURL(&url)) {
        say!("cannot open {address:.200} in the user's browser");
    }
}
