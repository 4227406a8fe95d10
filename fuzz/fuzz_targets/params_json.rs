//! JSON: nothing panics, and a decoded tree that is encoded and decoded again is the same.
#![no_main]

use invited::testing::params;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let decode = |text: &[u8]| params::body(Some(b"application/json"), None, text).ok();
    // An empty body is decoded too, but is not JSON.
    if let Some(tree) = decode(data).filter(|_| !data.is_empty()) {
        let text = Value::Object(tree.clone()).to_string();
        assert_eq!(decode(text.as_bytes()), Some(tree));
    }
});
