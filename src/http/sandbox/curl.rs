//! A recorded request as a line of curl, to be pasted into a shell.
//!
//! Anyone may have sent the request, and the line runs on the developer's machine. So every word of it is quoted, and
//! curl is told to take addresses and bodies literally: `-g` because it would expand `[1-9]` and `{a,b}`, `--data-raw`
//! because it would send the file that a body such as `@/etc/passwd` names. What cannot be repeated is left out, and
//! the line says so by making curl say it, since not every shell knows comments on its command line.

use hyper::Method;
use hyper::header::{self, HeaderName};

use crate::http::shell::quoted;
use crate::sandbox::exchange::RecordedExchange;

/// Headers that curl sets itself, and those of the connection.
const NOT_REPEATED: [HeaderName; 11] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONNECTION,
    header::ACCEPT_ENCODING,
    header::TRANSFER_ENCODING,
    header::EXPECT,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("keep-alive"),
];

/// A command that repeats a request, as far as that is possible.
pub fn line(exchange: &RecordedExchange, base_url: &str) -> String {
    let target = exchange.target();
    let is_head = exchange.method == Method::HEAD;
    let mut line = "curl -g".to_owned();
    if ["/.", "/%2e"].iter().any(|segment| target.to_ascii_lowercase().contains(segment)) {
        // Otherwise curl takes `/./` and `/../` out of it, and newer ones their escaped forms, too.
        line.push_str(" --path-as-is");
    }
    // With `-X HEAD`, curl would wait for a body.
    line.push_str(&if is_head {
        " -I".to_owned()
    } else {
        format!(" -X {}", quoted(exchange.method.as_str().as_bytes()))
    });
    for (name, value) in &exchange.request_headers {
        if !NOT_REPEATED.contains(name) {
            // With a colon and no value, curl would leave the header out.
            let separator: &[u8] = if value.is_empty() { b";" } else { b": " };
            line.push_str(&format!(
                " -H {}",
                quoted(&[name.as_str().as_bytes(), separator, value.as_bytes()].concat())
            ));
        }
    }
    let body = &exchange.request_body.kept;
    let can_be_sent = !is_head && !body.contains(&0);
    if can_be_sent && !body.is_empty() {
        if !exchange.request_headers.contains_key(header::CONTENT_TYPE) {
            // Otherwise curl declares it a form.
            line.push_str(" -H 'Content-Type:'");
        }
        line.push_str(&format!(" --data-raw {}", quoted(body)));
    }
    let is_path = target.starts_with('/');
    let left_out = [
        (!is_path).then_some("the target, which is not a path"),
        (!can_be_sent && !body.is_empty()).then_some("the body, which curl cannot send this way"),
        ((can_be_sent || body.is_empty()) && !exchange.request_body.is_all_kept())
            .then_some("the rest of the body, which was not kept"),
    ];
    let left_out: Vec<&str> = left_out.into_iter().flatten().collect();
    if !left_out.is_empty() {
        line.push_str(&format!(" -w '%{{stderr}}Not repeated: {}.\\n'", left_out.join("; ")));
    }
    let path = if is_path { target } else { "/" };
    format!("{line} {}", quoted(format!("{base_url}{path}").as_bytes()))
}
