//! Multipart: nothing panics, and a file is a part of the body. The first line of the input is the content type, the rest is the body.
#![no_main]

use invited::testing::params;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let end = data
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(data.len());
    let (parameters, body) = data.split_at(end);
    let content_type = [b"multipart/form-data;", parameters].concat();
    let _ = params::body(Some(&content_type), None, body.get(1..).unwrap_or_default());
    let content_type = b"multipart/form-data; boundary=x";
    let _ = params::body(Some(content_type), None, data);
    if let Ok((_, Some(file))) = params::body_with_file(Some(content_type), None, data, Some("a")) {
        assert!(data.get(file).is_some());
    }
});
