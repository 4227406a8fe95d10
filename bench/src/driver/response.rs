//! Reads just enough of an answer: its status and where it ends.
//!
//! The servers under test always send a `Content-Length` or a status without a body, so chunked bodies are
//! refused instead of decoded.

use anyhow::{Context, Result, bail};

/// The head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Bytes of the head and of the body together.
    pub(crate) length: usize,
    /// Bytes of the body alone.
    pub(crate) body: usize,
}

/// Reads the head if `bytes` holds all of it.
pub(crate) fn head(bytes: &[u8]) -> Result<Option<Head>> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
        if bytes.len() > 64 * 1024 {
            bail!("the head of an answer is longer than 64 KiB");
        }
        return Ok(None);
    };
    let head = &bytes[..end];
    let status = head
        .strip_prefix(b"HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(number)
        .and_then(|status| u16::try_from(status).ok())
        .with_context(|| format!("not an HTTP/1.1 answer: {}", String::from_utf8_lossy(&head[..head.len().min(80)])))?;
    let mut body = None;
    let mut position = 0;
    while let Some(feed) = memchr::memchr(b'\n', &head[position..]) {
        position += feed + 1;
        if let Some(value) = value_of(&head[position..], b"content-length:") {
            body = Some(number(value).context("the Content-Length is not a number")?);
            break;
        }
    }
    let body = match body {
        Some(length) => length,
        None if status == 204 || status == 304 => 0,
        None => bail!("an answer with status {status} has no Content-Length"),
    };
    Ok(Some(Head { status, length: end + 4 + body, body }))
}

/// The value of the header line at the start of `bytes`, if it has this name.
fn value_of<'a>(bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let candidate = bytes.get(..name.len())?;
    if !candidate.eq_ignore_ascii_case(name) {
        return None;
    }
    let rest = &bytes[name.len()..];
    let line = memchr::memchr(b'\r', rest).map_or(rest, |end| &rest[..end]);
    Some(line.trim_ascii())
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_covers_head_and_body() {
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nContent-Length:  5\r\n\r\nhello";
        assert_eq!(head(bytes).unwrap(), Some(Head { status: 200, length: bytes.len(), body: 5 }));
    }

    #[test]
    fn a_part_of_a_head_is_not_a_head() {
        assert_eq!(head(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n").unwrap(), None);
    }

    #[test]
    fn an_empty_answer_needs_no_length() {
        let bytes = b"HTTP/1.1 204 No Content\r\nx-runtime: 0.1\r\n\r\n";
        assert_eq!(head(bytes).unwrap().unwrap().length, bytes.len());
    }

    #[test]
    fn chunks_and_other_protocols_are_refused() {
        assert!(head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(head(b"SMTP ready\r\n\r\n").is_err());
    }
}
