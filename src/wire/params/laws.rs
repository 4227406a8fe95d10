//! Properties of the decoders, on random trees and random bytes.

use crate::wire::params::{Params, Tree, Undecodable, body, query};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The first field of every object in a list, which tells where an element begins.
const FIRST: &str = "!";
const BOUNDARY: &str = "multipart/form-data; boundary=\"a boundary\"";

/// Trees that a form can express: only texts, nothing empty, no list directly in a list.
fn form_tree() -> impl Strategy<Value = Tree> {
    let value =
        text().prop_map(Value::String).prop_recursive(4, 40, 4, |value| {
            let element = prop_oneof![
                text().prop_map(Value::String),
                members(value.clone()).prop_map(|mut element| {
                    element.insert(FIRST.to_owned(), json!(""));
                    Value::Object(element)
                }),
            ];
            prop_oneof![
                members(value).prop_map(Value::Object),
                prop::collection::vec(element, 1..4).prop_map(Value::Array),
            ]
        });
    members(value)
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Tree> {
    prop::collection::btree_map(name(), value, 1..4).prop_map(Tree::from_iter)
}

/// No brackets, and no line breaks, which a header cannot contain.
fn name() -> impl Strategy<Value = String> {
    let character = any::<char>().prop_map(|char| if matches!(char, '[' | ']' | '\r' | '\n') { '_' } else { char });
    prop::collection::vec(character, 1..5).prop_map(String::from_iter)
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter)
}

/// The names and values of a tree, before any encoding.
fn pairs(name: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| self::pairs(&format!("{name}[]"), element, pairs)),
        Value::Object(members) => {
            let (first, others): (Vec<_>, Vec<_>) = members.iter().partition(|(key, _)| *key == FIRST);
            for (key, member) in first.into_iter().chain(others) {
                self::pairs(&if name.is_empty() { key.clone() } else { format!("{name}[{key}]") }, member, pairs);
            }
        }
        text => pairs.push((name.to_owned(), text.as_str().unwrap_or_default().to_owned())),
    }
}

fn all_pairs(tree: &Tree) -> Vec<(String, String)> {
    let mut all = Vec::new();
    pairs("", &Value::Object(tree.clone()), &mut all);
    all
}

fn escaped(text: &str) -> String {
    let escape = |byte| match byte {
        b' ' => "+".to_owned(),
        b'a'..=b'z' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// Random bytes, mostly significant ones.
fn bytes(meaningful: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        9 => prop::sample::select(meaningful).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn json_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 40, 4, |value| {
        prop_oneof![
            prop::collection::vec(value.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(text(), value, 0..4)
                .prop_map(|members| Value::Object(Tree::from_iter(members))),
        ]
    })
}

const JSON_PIECES: &[&str] = &[
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\"a\"", "\\u00e9", "\\ud83d", "\\ude00", "0", "-", "1", ".", "e", "E+",
    "null", "true", "tru", " ", "\n", "\u{1}", "\u{a0}", "\u{feff}", "é", "{\"a\":", "[1,", "\"b\":2}",
];

const FORM_PIECES: &[&str] =
    &["a", "b", "[", "]", "[]", "[b]", "=", "&", "+", " ", "%", "%5B", "%5d", "%C3%A9", "%ff", "a[][b]="];

const PART_PIECES: &[&str] = &[
    "--x",
    "--",
    "x",
    "\r\n",
    "\r\n\r\n",
    "\r",
    "\n",
    "Content-Disposition:",
    ";",
    "name=a",
    "name=\"",
    "filename",
    " ",
];

fn json(text: &[u8]) -> Option<Value> {
    super::json::params(text).ok().map(|params| Value::Object(params.tree))
}

fn tree(params: Result<Params, Undecodable>) -> Result<Tree, Undecodable> {
    params.map(|params| params.tree)
}

proptest! {
    #[test]
    fn every_encoding_says_the_same_tree(expected in form_tree()) {
        let pairs = all_pairs(&expected);
        let form = pairs.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
        let form = form.collect::<Vec<_>>().join("&");
        let mut parts = String::new();
        for (name, value) in &pairs {
            let name = name.replace('\\', "\\\\").replace('"', "\\\"");
            let head = format!("Content-Disposition: form-data; name=\"{name}\"");
            parts += &format!("--a boundary\r\n{head}\r\n\r\n{value}\r\n");
        }
        parts += "--a boundary--\r\n";

        prop_assert_eq!(tree(query(&form)), Ok(expected.clone()));
        prop_assert_eq!(tree(body(None, None, form.as_bytes())), Ok(expected.clone()));
        let json = Value::Object(expected.clone()).to_string();
        prop_assert_eq!(tree(body(Some(b"application/json"), None, json.as_bytes())), Ok(expected.clone()));
        prop_assert_eq!(tree(body(Some(BOUNDARY.as_bytes()), None, parts.as_bytes())), Ok(expected.clone()));
    }

    #[test]
    fn json_is_what_serde_json_says_it_is(
        value in json_value(),
        at in any::<prop::sample::Index>(),
        piece in prop::sample::select(JSON_PIECES),
    ) {
        // A random piece at a random place makes most texts invalid.
        let mut text = json!({"a": value}).to_string();
        prop_assert_eq!(json(text.as_bytes()), serde_json::from_str(&text).ok());
        let places: Vec<usize> = (0..=text.len()).filter(|place| text.is_char_boundary(*place)).collect();
        text.insert_str(*at.get(&places), piece);
        let unmarked = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let read = json(text.as_bytes());
        prop_assert_eq!(read, serde_json::from_str(unmarked).ok());
    }

    #[test]
    fn any_form_is_answered(form in bytes(FORM_PIECES)) {
        let tree = body(None, None, &form);
        if let Ok(text) = str::from_utf8(&form) {
            prop_assert_eq!(query(text).ok(), tree.ok());
        }
    }

    #[test]
    fn any_json_is_answered(text in bytes(JSON_PIECES)) {
        let tree = json(&text);
        let unmarked = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
        prop_assert_eq!(tree, serde_json::from_slice(unmarked).ok().filter(Value::is_object));
    }

    #[test]
    fn any_multipart_is_answered(
        content_type in bytes(&["multipart/form-data", ";", "boundary", "=", "\"", "\\", "x", " "]),
        parts in bytes(PART_PIECES),
    ) {
        for content_type in [&content_type, b"multipart/form-data; boundary=x".as_slice()] {
            if let Ok((_, Some(file))) = super::multipart::params(content_type, &parts, Some("a")) {
                prop_assert!(parts.get(file).is_some());
            }
        }
        let content_type = [b"multipart/form-data; ", content_type.as_slice()].concat();
        let _ = body(Some(&content_type), None, &parts);
    }
}
