//! Multipart bodies: the fields of a form, each in a part of its own.
//!
//! A file is refused, except in the one part that an operation may name: no other parameter takes one, and silently
//! dropping it would lose what the client meant to send. The names of parts nest like those of forms. A file is not
//! copied: it is a range of the body, and its parameter is null. As in Rack, the name of the file being empty means
//! that none was chosen.
//!
//! A delimiter is two hyphens and the boundary at the beginning of a line; blanks may follow. As the standard demands,
//! text before the first and after the closing delimiter is ignored. As in Rack, types, charsets and transfer encodings
//! of parts are ignored: a value is the bytes between its delimiters, and they must be UTF-8.

use std::ops::Range;

use crate::wire::params::{Detail, NOT_UTF8, Params, rack};
use serde_json::Value;

/// The longest boundary that the standard allows; it also bounds the cost of searching for delimiters.
const LONGEST_BOUNDARY: usize = 70;

/// The parameters, and where the file is, if `file_part` may be one.
pub(super) fn params(
    content_type: &[u8],
    body: &[u8],
    file_part: Option<&str>,
) -> Result<(Params, Option<Range<usize>>), Detail> {
    let boundary = parameter(content_type, "boundary").filter(|boundary| !boundary.is_empty());
    let boundary = boundary.ok_or(Detail::Borrowed("the content type names no boundary"))?;
    if boundary.len() > LONGEST_BOUNDARY {
        return Err(Detail::Borrowed("the boundary is longer than 70 characters"));
    }
    let delimiter = [b"--", boundary.as_slice()].concat();
    let (mut nest, mut file) = (rack::Nest::default(), None);
    let Some((_, mut after)) = cut(body, &delimiter) else {
        return Err(Detail::Borrowed("the boundary of the content type does not occur"));
    };
    while let After::Part(rest) = after {
        let Some((part, next)) = cut(rest, &delimiter) else {
            return Err(Detail::Borrowed("the closing boundary is missing"));
        };
        let start = body.len() - rest.len();
        let field = Field::of(part)?;
        match (field.file_name, file_part) {
            (None, _) => nest.insert(&text(field.name)?, Value::String(text(field.value)?))?,
            (Some(file_name), Some(wanted)) if field.name == wanted.as_bytes() => {
                if !file_name.is_empty() {
                    let end = start + part.len();
                    if file.replace(end - field.value.len()..end).is_some() {
                        nest.params.repeated.get_or_insert_with(|| wanted.to_owned());
                    }
                    nest.insert(wanted, Value::Null)?;
                }
            }
            (Some(_), _) => return Err(Detail::Borrowed("a part is a file")),
        }
        after = next;
    }
    Ok((nest.params, file))
}

fn text(bytes: impl Into<Vec<u8>>) -> Result<String, Detail> {
    String::from_utf8(bytes.into()).map_err(|_| NOT_UTF8)
}

/// What follows a delimiter.
enum After<'a> {
    /// A part, and the rest of the body.
    Part(&'a [u8]),
    Nothing,
}

/// Splits a body at its next delimiter, which includes the line breaks around it.
fn cut<'a>(body: &'a [u8], delimiter: &[u8]) -> Option<(&'a [u8], After<'a>)> {
    let mut end = 0;
    let mut line = body;
    loop {
        if let Some(after) = line.strip_prefix(delimiter).and_then(after_delimiter) {
            return Some((&body[..end], after));
        }
        let start = body.len() - line.len();
        end = start + position(line, b"\r\n")?;
        line = &body[end + 2..];
    }
}

/// The rest of a line that begins like a delimiter; `None` if the boundary goes on.
fn after_delimiter(rest: &[u8]) -> Option<After<'_>> {
    if rest.starts_with(b"--") {
        return Some(After::Nothing);
    }
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    rest[blanks..].strip_prefix(b"\r\n").map(After::Part)
}

/// A part, taken apart.
struct Field<'a> {
    name: Vec<u8>,
    /// Parts with one are files.
    file_name: Option<Vec<u8>>,
    value: &'a [u8],
}

impl<'a> Field<'a> {
    fn of(part: &'a [u8]) -> Result<Self, Detail> {
        let (head, value) = if let Some(value) = part.strip_prefix(b"\r\n") {
            (&part[..0], value)
        } else if let Some(end) = position(part, b"\r\n\r\n") {
            (&part[..end], &part[end + 4..])
        } else {
            return Err(Detail::Borrowed("a part has no empty line after its headers"));
        };
        let disposition = header(head, "content-disposition").unwrap_or_default();
        let file_name = ["filename*", "filename"].iter().find_map(|name| parameter(disposition, name));
        let name = parameter(disposition, "name").unwrap_or_default();
        if name.is_empty() && file_name.is_none() {
            return Err(Detail::Borrowed("a part has no name"));
        }
        Ok(Self { name, file_name, value })
    }
}

/// The value of a header. A line that begins with a blank continues the previous one.
fn header<'a>(head: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let mut left = head;
    while !left.is_empty() {
        let is_end = |bytes: &[u8]| matches!(bytes, [b'\r', b'\n', next] if !matches!(next, b' ' | b'\t'));
        let (line, rest) = left.split_at(left.windows(3).position(is_end).unwrap_or(left.len()));
        let (name, value) = split(line, b':');
        if name.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()) {
            return Some(value);
        }
        left = rest.trim_ascii_start();
    }
    None
}

/// The value of a parameter of a header, the last one if it is repeated.
fn parameter(header: &[u8], wanted: &str) -> Option<Vec<u8>> {
    let mut found = None;
    let (_, mut left) = split(header, b';');
    while !left.is_empty() {
        let (name, rest) = split(left, b'=');
        // A parameter without a value may precede the name.
        let name = name.rsplit(|byte| *byte == b';').next().unwrap_or_default();
        let (value, rest) = match rest.trim_ascii_start().strip_prefix(b"\"") {
            Some(quoted) => unquote(quoted),
            None => (split(rest, b';').0.trim_ascii().to_vec(), rest),
        };
        if name.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()) {
            found = Some(value);
        }
        (_, left) = split(rest, b';');
    }
    found
}

/// The value up to its closing quote, and what follows.
fn unquote(quoted: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut value = Vec::new();
    let mut bytes = quoted.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => value.extend(bytes.next()),
            _ => value.push(*byte),
        }
    }
    (value, bytes.as_slice())
}

/// What is before and after the first occurrence of a byte, or everything and nothing.
fn split(bytes: &[u8], separator: u8) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == separator).unwrap_or(bytes.len());
    (&bytes[..end], bytes.get(end + 1..).unwrap_or_default())
}

fn position(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::params::Tree;
    use serde_json::json;

    const TYPE: &str = "multipart/form-data; boundary=x";

    /// A body with these parts; names are written into the header as they are.
    fn parts(fields: &[(&str, &str)]) -> String {
        let part = |(name, value): &(&str, &str)| {
            format!("--x\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n")
        };
        fields.iter().map(part).chain(["--x--\r\n".to_owned()]).collect()
    }

    fn tree(content_type: &[u8], body: &[u8]) -> Result<Tree, Detail> {
        params(content_type, body, None).map(|(params, _)| params.tree)
    }

    #[test]
    fn parts_are_fields_of_a_form() {
        for (fields, expected) in [
            (&[][..], json!({})),
            (&[("a", "1"), ("\"b\"", "")], json!({"a": "1", "b": ""})),
            (&[("\"a[b]\"", "1"), ("a[c]", "2")], json!({"a": {"b": "1", "c": "2"}})),
            (&[("a[][b]", "1"), ("a[][b]", "2")], json!({"a": [{"b": "1"}, {"b": "2"}]})),
            (&[("a", "1"), ("a", "2")], json!({"a": "2"})),
            (&[("a%5Bb%5D", "1+%20")], json!({"a%5Bb%5D": "1+%20"})),
            (&[(r#""a\"\\b;c=d ""#, "1")], json!({"a\"\\b;c=d ": "1"})),
            (&[("é", "日本\0")], json!({"é": "日本\0"})),
            (&[("a", "\r\n 1\r\n\r\n2\r\n")], json!({"a": "\r\n 1\r\n\r\n2\r\n"})),
            (&[("a", "\r\n--xy\r\n--\r\n --x--")], json!({"a": "\r\n--xy\r\n--\r\n --x--"})),
        ] {
            assert_eq!(tree(TYPE.as_bytes(), parts(fields).as_bytes()).map(Value::Object), Ok(expected), "{fields:?}");
        }
    }

    #[test]
    fn boundaries_are_read_as_they_are_written() {
        for content_type in [
            "multipart/form-data; boundary=x",
            "multipart/form-data;boundary=x;charset=utf-8",
            "multipart/form-data; charset=\"; boundary=y\"; Boundary = \"x\" ",
            "Multipart/Form-Data; flag; boundary=\"\\x\"",
        ] {
            let tree = tree(content_type.as_bytes(), parts(&[("a", "1")]).as_bytes());
            assert_eq!(tree.map(Value::Object), Ok(json!({"a": "1"})), "{content_type}");
        }
        let odd = "-'()+_,./:=? z";
        let content_type = format!("multipart/form-data; boundary=\"{odd}\"");
        let body = format!("--{odd}\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--{odd}--");
        assert_eq!(tree(content_type.as_bytes(), body.as_bytes()).map(Value::Object), Ok(json!({"a": "1"})));
    }

    #[test]
    fn what_is_around_fields_is_ignored() {
        for body in
            ["--x--", "--x--\r\n", "\r\n--x--\r\n", "preamble\r\n--x-- \r\nepilogue\r\n--x\r\n", "--xy\r\n--x--"]
        {
            assert_eq!(tree(TYPE.as_bytes(), body.as_bytes()), Ok(Tree::new()), "{body:?}");
        }
        for body in [
            "preamble --x\r\n--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--epilogue",
            "--x \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--",
            "--x\r\nContent-Type: text/plain; name=b\r\ncontent-disposition:form-data;name=a\r\n\r\n1\r\n--x--",
            "--x\r\nContent-Disposition: form-data;\r\n\tname=\"a\"\r\nContent-Length: 1\r\n\r\n1\r\n--x--",
            "--x\r\nContent-Disposition: form-data; name=b; name=a\r\nnonsense\r\n\r\n1\r\n--x--",
        ] {
            assert_eq!(tree(TYPE.as_bytes(), body.as_bytes()).map(Value::Object), Ok(json!({"a": "1"})), "{body:?}");
        }
    }

    #[test]
    fn faults_are_named() {
        let refused = |content_type: &str, body: &str, detail: &'static str| {
            let tree = tree(content_type.as_bytes(), body.as_bytes());
            assert_eq!(tree, Err(Detail::Borrowed(detail)), "{content_type} {body:?}");
        };
        let whole = parts(&[("a", "1")]);
        for parameters in ["", "; boundary=", "; boundary=\"\"; x", "; boundary", "; bound=x"] {
            let content_type = format!("multipart/form-data{parameters}");
            refused(&content_type, &whole, "the content type names no boundary");
        }
        let wrong = "the boundary of the content type does not occur";
        refused("multipart/form-data; boundary=y", &whole, wrong);
        for body in ["a=1", "--x", "x\r\n", " --x--", &whole.replace("\r\n", "\n")] {
            refused(TYPE, body, wrong);
        }
        for body in ["--x\r\n", &whole.replace("--x--", "--x-"), &whole.replace("--x--", "--y--")] {
            refused(TYPE, body, "the closing boundary is missing");
        }
        for (head, detail) in [
            ("", "a part has no name"),
            ("Content-Type: text/plain; name=a\r\n", "a part has no name"),
            ("Content-Disposition: form-data\r\n", "a part has no name"),
            ("Content-Disposition: form-data; name=\"\"\r\n", "a part has no name"),
            ("Content-Disposition: form-data; name=a; filename=b\r\n", "a part is a file"),
            ("Content-Disposition: form-data; name=a; FileName=\"\"\r\n", "a part is a file"),
            ("Content-Disposition: form-data; name=a; filename*=UTF-8''b\r\n", "a part is a file"),
        ] {
            refused(TYPE, &format!("--x\r\n{head}\r\n1\r\n--x--"), detail);
        }
        for body in ["--x\r\n--x--", "--x\r\n\r\n--x--", "--x\r\nContent-Disposition: form-data; name=a\r\n--x--"] {
            refused(TYPE, body, "a part has no empty line after its headers");
        }
        let conflict = "the parameter \"a\" is text and cannot also be an object";
        refused(TYPE, &parts(&[("a", "1"), ("a[b]", "2")]), conflict);
        let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
        assert_eq!(tree(long.as_bytes(), b"--x"), Err(Detail::Borrowed("the boundary is longer than 70 characters")));
        for (name, value) in [(&b"\xff"[..], &b"1"[..]), (b"a", b"\xff")] {
            let body =
                [b"--x\r\nContent-Disposition: form-data; name=", name, b"\r\n\r\n", value, b"\r\n--x--"].concat();
            assert_eq!(tree(TYPE.as_bytes(), &body), Err(NOT_UTF8), "{name:?} {value:?}");
        }
    }

    /// The tree and the file of a body in which `a[b]` may be a file.
    fn with_file(body: &[u8]) -> Result<(Value, Option<Vec<u8>>), Detail> {
        let (params, file) = params(TYPE.as_bytes(), body, Some("a[b]"))?;
        Ok((Value::Object(params.tree), file.map(|range| body[range].to_vec())))
    }

    fn part(disposition: &str, value: &[u8]) -> Vec<u8> {
        let head = format!("--x\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: image/png\r\n\r\n");
        [head.as_bytes(), value, b"\r\n"].concat()
    }

    #[test]
    fn one_part_may_be_a_file_of_any_bytes() {
        let ends = b"--x--\r\n";
        let picture = b"\x89PNG\r\n\x1a\n\0\r\n--y\r\n\xff\r\n";
        let file = part("name=\"a[b]\"; filename=\"p.png\"", picture);
        let text = part("name=\"a[c]\"", b"1");
        let due = json!({"a": {"b": null, "c": "1"}});
        for body in [[&file, &text, &ends[..]].concat(), [&text, &file, &ends[..]].concat()] {
            assert_eq!(with_file(&body), Ok((due.clone(), Some(picture.to_vec()))));
        }
        // The last one wins, as with equal names of texts.
        let other = part("name=\"a[b]\"; filename*=UTF-8''q.png", b"2");
        let body = [&file[..], &other, ends].concat();
        assert_eq!(with_file(&body), Ok((json!({"a": {"b": null}}), Some(b"2".to_vec()))));
        let twice = params(TYPE.as_bytes(), &body, Some("a[b]")).map(|(params, _)| params.repeated);
        assert_eq!(twice, Ok(Some("a[b]".to_owned())));
        // A form in which no file was chosen.
        let none = part("name=\"a[b]\"; filename=\"\"", b"");
        assert_eq!(with_file(&[&none[..], ends].concat()), Ok((json!({}), None)));
        // A text in its place is a text.
        let words = part("name=\"a[b]\"", b"words");
        assert_eq!(with_file(&[&words[..], ends].concat()), Ok((json!({"a": {"b": "words"}}), None)));
    }

    #[test]
    fn every_other_file_is_refused() {
        let file = |name: &str| [&part(&format!("{name}filename=f"), b"1")[..], b"--x--"].concat();
        for name in ["name=\"a[c]\"; ", "name=a; ", "name=\"a[b][]\"; ", "name=\"A[b]\"; ", "name=\"a%5Bb%5D\"; ", ""] {
            assert_eq!(with_file(&file(name)), Err(Detail::Borrowed("a part is a file")), "{name}");
        }
        assert_eq!(tree(TYPE.as_bytes(), &file("name=\"a[b]\"; ")), Err(Detail::Borrowed("a part is a file")));
    }

    #[test]
    fn a_body_that_is_cut_anywhere_is_refused() {
        let whole = parts(&[("a", "1"), ("\"b\"", "2")]);
        let closing = whole.len() - "\r\n".len();
        for length in 1..closing {
            assert!(tree(TYPE.as_bytes(), &whole.as_bytes()[..length]).is_err(), "{length}");
        }
        assert!(tree(TYPE.as_bytes(), &whole.as_bytes()[..closing]).is_ok());
    }
}
