//! JSON: nothing panics, and what was decoded means the same when it is written out and decoded again.
#![no_main]

use invited::testing::params;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let decode = |text: &[u8]| params::body(Some(b"application/json"), None, text).ok();
    // An empty body is decoded too, but is no JSON.
    if let Some(tree) = decode(data).filter(|_| !data.is_empty()) {
        let text = Value::Object(tree.clone()).to_string();
        assert_eq!(decode(text.as_bytes()), Some(tree));
    }
});
