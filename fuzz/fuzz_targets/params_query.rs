//! Query strings and forms: nothing panics, and both decoders agree.
#![no_main]

use invited::testing::params;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let form = params::body(None, None, data);
    if let Ok(text) = str::from_utf8(data) {
        assert_eq!(params::query(text).ok(), form.ok());
    }
});
