//! The routing header: what can be read is written the same.
#![no_main]

use auroraview_core::wire::Header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = serde_json::from_slice::<Header>(bytes) {
        let again = serde_json::to_vec(&header).unwrap();
        assert_eq!(serde_json::from_slice::<Header>(&again).unwrap(), header);
    }
});
