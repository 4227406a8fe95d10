//! JSON bodies.
//!
//! The structure is parsed here, each string and number by `serde_json`. Its parser of whole values does not fit for
//! two reasons: it keeps the text of numbers by passing them around as an object with a secret key, so a client that
//! sends this key turns an object into a number; and its fixed limit on nesting is not Ruby's.
//!
//! The last of equal keys wins. A number keeps its text (except that `1E2` becomes `1e+2`), so `100.0` differs from
//! `100`, and `1e400` is valid syntax.

use crate::wire::params::{Params, Tree, VALUES};
use serde_json::map::Entry;
use serde_json::{Number, Value};

/// The nesting limit of Ruby's parser.
const LEVELS: usize = 100;

/// The errors, as sentences for the client.
const SYNTAX: &str = "The request body is not valid JSON.";
const NOT_AN_OBJECT: &str = "The request body must be a JSON object.";

/// A byte order mark, which some clients on Windows put before everything. A reader may skip it (RFC 8259, section
/// 8.1).
const MARK: &str = "\u{feff}";

/// Decodes a JSON object.
pub(super) fn params(body: &[u8]) -> Result<Params, &'static str> {
    let text = str::from_utf8(body).map_err(|_| SYNTAX)?;
    let text = text.strip_prefix(MARK).unwrap_or(text);
    let mut reader = JsonReader { text, at: 0, repeated: None };
    match reader.document() {
        Some(Value::Object(tree)) => Ok(Params { tree, repeated: reader.repeated }),
        Some(_) => Err(NOT_AN_OBJECT),
        None => Err(SYNTAX),
    }
}

/// A position in the text. Every method returns `None` on a syntax error.
struct JsonReader<'a> {
    text: &'a str,
    /// Always on a character boundary.
    at: usize,
    /// The first key that an object has twice.
    repeated: Option<String>,
}

/// An array or object that is not complete.
enum Open {
    Array(Vec<Value>),
    /// With the key of the current member.
    Object(Tree, String),
}

impl<'a> JsonReader<'a> {
    /// Parses the whole text as one value, with an explicit stack instead of recursion.
    fn document(&mut self) -> Option<Value> {
        let mut open: Vec<Open> = Vec::new();
        let mut values = 0;
        loop {
            let next = self.peek()?;
            values += 1;
            if values > VALUES {
                return None;
            }
            let mut value = match next {
                b'{' | b'[' if open.len() == LEVELS => return None,
                b'{' => {
                    self.at += 1;
                    if !self.accept(b'}') {
                        open.push(Open::Object(Tree::new(), self.key()?));
                        continue;
                    }
                    Value::Object(Tree::new())
                }
                b'[' => {
                    self.at += 1;
                    if !self.accept(b']') {
                        open.push(Open::Array(Vec::new()));
                        continue;
                    }
                    Value::Array(Vec::new())
                }
                _ => self.scalar()?,
            };
            // A complete value may complete the array or object around it, and so on.
            loop {
                value = match open.pop() {
                    None => return self.peek().is_none().then_some(value),
                    Some(Open::Array(mut elements)) => {
                        elements.push(value);
                        if self.accept(b',') {
                            open.push(Open::Array(elements));
                            break;
                        }
                        self.accept(b']').then_some(Value::Array(elements))?
                    }
                    Some(Open::Object(mut members, key)) => {
                        match members.entry(key) {
                            Entry::Vacant(member) => drop(member.insert(value)),
                            Entry::Occupied(mut member) => {
                                self.repeated.get_or_insert_with(|| member.key().clone());
                                member.insert(value);
                            }
                        }
                        if self.accept(b',') {
                            open.push(Open::Object(members, self.key()?));
                            break;
                        }
                        self.accept(b'}').then_some(Value::Object(members))?
                    }
                };
            }
        }
    }

    /// Skips white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.rest().as_bytes();
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.rest().bytes().next()
    }

    /// Skips white space, then this byte if it is next.
    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// A key and its colon.
    fn key(&mut self) -> Option<String> {
        if self.peek()? != b'"' {
            return None;
        }
        let key = self.string()?;
        self.accept(b':').then_some(key)
    }

    fn scalar(&mut self) -> Option<Value> {
        for (word, value) in [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))] {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Some(value);
            }
        }
        if self.rest().starts_with('"') {
            return self.string().map(Value::String);
        }
        let is_numeric = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.rest().as_bytes().iter().take_while(|byte| is_numeric(byte)).count();
        self.take(length)?.parse::<Number>().ok().map(Value::Number)
    }

    /// A string, from its opening quote.
    fn string(&mut self) -> Option<String> {
        let mut is_plain = true;
        let mut bytes = self.rest().bytes().enumerate().skip(1);
        let end = loop {
            match bytes.next()? {
                (end, b'"') => break end,
                (_, b'\\') => {
                    is_plain = false;
                    bytes.next();
                }
                (_, byte) => is_plain &= byte >= b' ',
            }
        };
        let quoted = self.take(end + 1)?;
        if is_plain { quoted.get(1..end).map(str::to_owned) } else { serde_json::from_str(quoted).ok() }
    }

    fn take(&mut self, length: usize) -> Option<&'a str> {
        let taken = self.rest().get(..length)?;
        self.at += length;
        Some(taken)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tree(body: &[u8]) -> Result<Tree, &'static str> {
        params(body).map(|params| params.tree)
    }

    #[test]
    fn objects_are_read() {
        for (text, expected) in [
            ("{}", json!({})),
            (" \t\r\n{ } \n", json!({})),
            (r#"{"a":1}"#, json!({"a": 1})),
            (r#"{ "a" : [ ] , "b" : { } }"#, json!({"a": [], "b": {}})),
            (r#"{"a":[1,[2,{"b":[3]}],"4"],"c":null}"#, json!({"a": [1, [2, {"b": [3]}], "4"], "c": null})),
            (r#"{"a":true,"b":false}"#, json!({"a": true, "b": false})),
            (r#"{"a":1,"b":2,"a":[3]}"#, json!({"a": [3], "b": 2})),
            (r#"{"":"","é":"日本"}"#, json!({"": "", "é": "日本"})),
            (r#"{"a\"}":"\\\"\/\b\f\n\r\t"}"#, json!({"a\"}": "\\\"/\u{8}\u{c}\n\r\t"})),
            (r#"{"a":"\u00e9\ud83d\ude00\u0000"}"#, json!({"a": "é😀\0"})),
            ("{\"a\":\"\u{7f}\u{feff}\"}", json!({"a": "\u{7f}\u{feff}"})),
        ] {
            assert_eq!(tree(text.as_bytes()).map(Value::Object), Ok(expected), "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_text() {
        for (written, kept) in [
            ("0", "0"),
            ("-0", "-0"),
            ("100.0", "100.0"),
            ("1e2", "1e+2"),
            ("1E400", "1e+400"),
            ("-1.50E-07", "-1.50e-07"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
        ] {
            let tree = tree(format!("{{\"a\":{written}}}").as_bytes()).unwrap_or_default();
            let number = tree.get("a").and_then(Value::as_number);
            assert_eq!(number.map(Number::to_string).as_deref(), Some(kept), "{written}");
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for texts in [
            // Structure.
            r#" | {|}|[|[}|{]|[1,]|[,1]|{,}|{:}|{"a"|{"a":|{"a":}|{"a":1|{"a":1,}|{"a" 1}|{"a":1 "b":2}"#,
            r#"{a:1}|{'a':1}|{1:1}|{null:1}|{[]:1}|{"a":1}}|{} {}|{}x|{},|{}//|{/**/}|a=1"#,
            "\u{feff}|\u{feff}\u{feff}{}|{}\u{feff}|\u{a0}{}|\u{b}{}|{}\0",
            // Words and numbers.
            r#"{"a":NaN}|{"a":Infinity}|{"a":-Infinity}|{"a":nul}|{"a":nulll}|{"a":True}|{"a":01}|{"a":-}"#,
            r#"{"a":+1}|{"a":1.}|{"a":.5}|{"a":1e}|{"a":1e+}|{"a":0x10}|{"a":1-2}|{"a":--1}|{"a":1_0}"#,
            // Strings.
            r#"{"a":"}|{"a":"\"}|{"a":"\x"}|{"a":"\u12"}|{"a":"\ud800"}|{"a":"\udc00"}|{"\ud800":1}"#,
            "{\"a\":\"\\ud800\\u0041\"}|{\"a\":\"\n\"}|{\"a\":\"\0\"}|{\"a\":\"\\u0000\t\"}",
        ] {
            for text in texts.split('|') {
                assert_eq!(tree(text.as_bytes()), Err(SYNTAX), "{text}");
            }
        }
        for body in [&b"{\"a\":\"\xff\"}"[..], b"{\"a\":\"\xed\xa0\x80\"}", b"\xff\xfe{\0}\0", b"{}\xc3"] {
            assert_eq!(tree(body), Err(SYNTAX), "{body:?}");
        }
    }

    #[test]
    fn nesting_ends_at_100_levels() {
        // The object itself is the first level.
        let arrays = |count: usize| format!("{{\"a\":{}{}}}", "[".repeat(count), "]".repeat(count));
        let objects = |count: usize| format!("{}{{}}{}", "{\"a\":".repeat(count - 1), "}".repeat(count - 1));
        assert!(tree(arrays(99).as_bytes()).is_ok());
        assert!(tree(objects(100).as_bytes()).is_ok());
        for text in [arrays(100), objects(101), arrays(500_000), "[".repeat(1 << 20), "{\"a\":".repeat(200_000)] {
            assert_eq!(tree(text.as_bytes()), Err(SYNTAX));
        }
    }

    #[test]
    fn the_secret_key_of_serde_json_is_a_key_like_others() {
        let text = r#"{"a":{"$serde_json::private::Number":"5"},"b":{"$serde_json::private::Number":[]}}"#;
        let key = "$serde_json::private::Number";
        let expected = json!({"a": {key: "5"}, "b": {key: []}});
        assert_eq!(tree(text.as_bytes()).map(Value::Object), Ok(expected));
    }
}
