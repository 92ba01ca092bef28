//! Commands and notices from any bytes: what can be read is written so that it reads the same.
#![no_main]

use auroraview_core::wire::{Command, Notice, text_of};
use libfuzzer_sys::fuzz_target;

macro_rules! read_twice {
    ($message:ty, $bytes:expr) => {
        if let Ok(message) = serde_json::from_slice::<$message>($bytes) {
            let again = text_of(&message).unwrap();
            assert_eq!(serde_json::from_slice::<$message>(&again).unwrap(), message);
        }
    };
}

fuzz_target!(|bytes: &[u8]| {
    read_twice!(Command, bytes);
    read_twice!(Notice, bytes);
});
