//! Nested parameters of query strings and forms, by the rules of Rack.
//!
//! A name says where its value belongs: `a[b]` is the field `b` of the object `a`, `a[]` a new element of the list `a`,
//! and `a[][b]` the field `b` of the last element of `a`. This was never specified. Clients were written against Rack,
//! so this does the same, down to names that make little sense:
//!
//! - A list or an object replaces a null (a bare name), but conflicts with a text, which refuses the request. A plain
//!   value replaces anything.
//! - `a[][b]` begins a new element if the last one already has a `b` or is not an object.
//! - Unpaired brackets are part of the name: `a[` and `[a]` are plain names, and `a[b` is the field `[b`.
//! - Brackets may be percent-encoded, since names are decoded first.
//!
//! Newer versions of Rack also limit the number of pairs to 4096. Here the limit is on what costs memory: the brackets
//! of all names and the values, see [`super::VALUES`].

use crate::wire::params::{Detail, NOT_UTF8, Params, TOO_MANY, Tree, VALUES};
use serde_json::Value;

/// Most keys of a name. A list has no key of its own: `a[][b]` has two.
const KEYS: usize = 100;

/// Decodes `name=value` pairs separated by `&`.
pub(super) fn params(pairs: &[u8]) -> Result<Params, Detail> {
    let mut nest = Nest::default();
    for (index, pair) in pairs.split(|byte| *byte == b'&').enumerate() {
        // Blanks after a separator belong to it.
        let pair = if index == 0 { pair } else { without_leading_blanks(pair) };
        if pair.is_empty() {
            continue;
        }
        let mut sides = pair.splitn(2, |byte| *byte == b'=');
        let name = unescape(sides.next().unwrap_or_default())?;
        let value = sides.next().map(unescape).transpose()?.map_or(Value::Null, Value::String);
        nest.insert(&name, value)?;
    }
    Ok(nest.params)
}

#[derive(Default)]
pub(super) struct Nest {
    pub(super) params: Params,
    values: usize,
}

impl Nest {
    /// Inserts a value where its name says. Every bracket may create a list or an object, which are values, too.
    pub(super) fn insert(&mut self, name: &str, value: Value) -> Result<(), Detail> {
        self.values += 1 + name.bytes().filter(|byte| *byte == b'[').count();
        if self.values > VALUES {
            return Err(TOO_MANY);
        }
        insert(&mut self.params, name, value)
    }
}

fn insert(params: &mut Params, name: &str, value: Value) -> Result<(), Detail> {
    let Params { tree, repeated } = params;
    let mut tree = tree;
    // The rest of the name at this level, and the same split behind its first key.
    let mut left = name;
    let (mut key, mut rest) = first_key(name);
    if key.is_empty() {
        return Ok(());
    }
    for _ in 0..KEYS {
        match rest {
            "" | "[" => {
                let key = if rest.is_empty() { key } else { left };
                if tree.insert(key.to_owned(), value).is_some_and(|lost| !lost.is_null()) && repeated.is_none() {
                    *repeated = Some(name.to_owned());
                }
                return Ok(());
            }
            "[]" => {
                list(tree, key)?.push(value);
                return Ok(());
            }
            "[][]" => {
                // Rack creates a list of one, but drops it if the previous element is an object.
                let elements = list(tree, key)?;
                if !matches!(elements.last(), Some(Value::Object(_))) {
                    elements.push(Value::Array(vec![value]));
                }
                return Ok(());
            }
            _ => {}
        }
        (tree, left) = match rest.strip_prefix("[]") {
            Some(field) => (element(tree, key, field)?, field),
            None => (object(tree.entry(key).or_insert(Value::Null), key)?, rest),
        };
        (key, rest) = next_key(left);
    }
    Err(Detail::Borrowed("a name has more than 100 keys"))
}

/// Splits a whole name behind its first key, which may begin with a bracket.
fn first_key(name: &str) -> (&str, &str) {
    let start = name.bytes().skip(1).position(|byte| byte == b'[').map_or(name.len(), |position| position + 1);
    name.split_at(start)
}

/// Splits what follows the first key.
fn next_key(left: &str) -> (&str, &str) {
    if left.starts_with("[]") {
        left.split_at(2)
    } else {
        left.strip_prefix('[').and_then(|inner| inner.split_once(']')).unwrap_or((left, ""))
    }
}

/// The list under a key.
fn list<'a>(tree: &'a mut Tree, key: &str) -> Result<&'a mut Vec<Value>, Detail> {
    let slot = tree.entry(key).or_insert(Value::Null);
    if slot.is_null() {
        *slot = Value::Array(Vec::new());
    }
    match slot {
        Value::Array(list) => Ok(list),
        held => Err(conflict(key, held, "a list")),
    }
}

/// The object in the slot of a key.
fn object<'a>(slot: &'a mut Value, key: &str) -> Result<&'a mut Tree, Detail> {
    if slot.is_null() {
        *slot = Value::Object(Tree::new());
    }
    match slot {
        Value::Object(object) => Ok(object),
        held => Err(conflict(key, held, "an object")),
    }
}

/// The element of a list that a field belongs to: the last one, or a new one.
fn element<'a>(tree: &'a mut Tree, key: &str, field: &str) -> Result<&'a mut Tree, Detail> {
    let elements = list(tree, key)?;
    if !elements.last().is_some_and(|last| last.is_object() && !has(last, field)) {
        elements.push(Value::Object(Tree::new()));
    }
    let last = elements.len() - 1;
    object(&mut elements[last], key)
}

/// Whether an element has a field, which may be nested. A field inside a list can always be added.
fn has(element: &Value, field: &str) -> bool {
    let mut keys = field.split(['[', ']']).filter(|key| !key.is_empty());
    !field.contains("[]") && keys.try_fold(element, |value, key| value.as_object()?.get(key)).is_some()
}

/// Truncates the name, which may be as long as the request.
fn conflict(key: &str, held: &Value, wanted: &str) -> Detail {
    let held = match held {
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        _ => "text",
    };
    let name: String = key.chars().take(40).collect();
    Detail::Owned(format!("the parameter {name:?} is {held} and cannot also be {wanted}"))
}

/// Decodes `+` and percent escapes.
fn unescape(text: &[u8]) -> Result<String, Detail> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'+' => b' ',
            b'%' => match (digit(bytes.next()), digit(bytes.next())) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => {
                    return Err(Detail::Borrowed("a percent sign is not followed by two hexadecimal digits"));
                }
            },
            other => *other,
        });
    }
    String::from_utf8(plain).map_err(|_| NOT_UTF8)
}

fn digit(byte: Option<&u8>) -> Option<u8> {
    u8::try_from(char::from(*byte?).to_digit(16)?).ok()
}

fn without_leading_blanks(pair: &[u8]) -> &[u8] {
    let blanks = pair.iter().take_while(|byte| **byte == b' ').count();
    &pair[blanks..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tree(pairs: &[u8]) -> Result<Tree, Detail> {
        params(pairs).map(|params| params.tree)
    }

    #[test]
    fn a_value_that_is_lost_is_named() {
        let repeated = |pairs: &str| params(pairs.as_bytes()).ok().and_then(|params| params.repeated);
        for pairs in ["a=1&b=2", "a[]=1&a[]=2", "a[][b]=1&a[][b]=2", "a&a=1", "a[b]=1&a[c]=1"] {
            assert_eq!(repeated(pairs), None, "{pairs}");
        }
        for (pairs, name) in [("a=1&a=2&b=1&b=2", "a"), ("a[b]=1&a[b]=2", "a[b]"), ("a[b]=1&a=2", "a"), ("a=1&a", "a")]
        {
            assert_eq!(repeated(pairs).as_deref(), Some(name), "{pairs}");
        }
    }

    #[test]
    fn names_say_where_values_belong() {
        for (pairs, expected) in [
            ("", json!({})),
            ("a=1&b=2", json!({"a": "1", "b": "2"})),
            ("a=&b&c==d=", json!({"a": "", "b": null, "c": "=d="})),
            ("a=1&a=2&b=1&b", json!({"a": "2", "b": null})),
            ("&&a=1&&&b=2&", json!({"a": "1", "b": "2"})),
            ("=1&a=2&=", json!({"a": "2"})),
            ("a=1;b=2", json!({"a": "1;b=2"})),
            (" a=1&  b= 2&   ", json!({" a": "1", "b": " 2"})),
            ("a+b=c+d%2Be%20f", json!({"a b": "c d+e f"})),
            ("%61%5bb%5D=%C3%A9%00", json!({"a": {"b": "é\0"}})),
            ("é=ü", json!({"é": "ü"})),
            ("é[ü][]=ö", json!({"é": {"ü": ["ö"]}})),
            ("a[b]=1&a[c]=2&a[b]=3", json!({"a": {"b": "3", "c": "2"}})),
            ("a[b][c]=1&a[b][d]=2&a[e]", json!({"a": {"b": {"c": "1", "d": "2"}, "e": null}})),
            ("a[]=1&a[]=&a[]", json!({"a": ["1", "", null]})),
            ("a[b][]=1&a[b][]=2", json!({"a": {"b": ["1", "2"]}})),
            ("a[b]=1&a=2", json!({"a": "2"})),
            ("a[]=1&a", json!({"a": null})),
            ("a&a[b]=1", json!({"a": {"b": "1"}})),
            ("a&a[]=1", json!({"a": ["1"]})),
            // Odd brackets mean what they mean to Rack.
            ("[]=1&[a]=2&b[=3&c]=4", json!({"[]": "1", "[a]": "2", "b[": "3", "c]": "4"})),
            ("[=1&]=2", json!({"[": "1", "]": "2"})),
            ("[][a]=1", json!({"[]": {"a": "1"}})),
            ("a[b=1", json!({"a": {"[b": "1"}})),
            ("a[b][=1", json!({"a": {"[b][": "1"}})),
            ("a[b]]=1", json!({"a": {"b": {"]": "1"}}})),
            ("a[b]c=1&a[b]d[e]=2", json!({"a": {"b": {"c": "1", "d[e]": "2"}}})),
            ("a[[b]]=1", json!({"a": {"[b": {"]": "1"}}})),
            ("a[[]=1", json!({"a": {"[": "1"}})),
            ("a[[[]]]=1", json!({"a": {"[[": {"]]": "1"}}})),
            ("a[]b=1&a[]b[c]=2", json!({"a": [{"b": "1", "b[c]": "2"}]})),
            ("a[][[b]=1&a[][[b]=2", json!({"a": [{"[b": "2"}]})),
            ("a[][]=1&a[][]=2", json!({"a": [["1"], ["2"]]})),
            ("a[][b]=1&a[][]=2", json!({"a": [{"b": "1"}]})),
            ("a[][][b]=1", json!({"a": [{"[]": {"b": "1"}}]})),
            ("a[][][]=1&a[][][]=2", json!({"a": [{"[]": ["1", "2"]}]})),
        ] {
            assert_eq!(tree(pairs.as_bytes()).map(Value::Object), Ok(expected), "{pairs}");
        }
    }

    #[test]
    fn a_list_of_objects_grows_when_a_field_repeats() {
        for (pairs, expected) in [
            ("a[][b]=1&a[][c]=2", json!([{"b": "1", "c": "2"}])),
            ("a[][b]=1&a[][b]=2", json!([{"b": "1"}, {"b": "2"}])),
            ("a[][b]=1&a[][c]=2&a[][b]=3&a[][c]=4", json!([{"b": "1", "c": "2"}, {"b": "3", "c": "4"}])),
            ("a[][b]=1&a[][c]=2&a[][c]=4&a[][b]=3", json!([{"b": "1", "c": "2"}, {"b": "3", "c": "4"}])),
            ("a[][b]&a[][b]", json!([{"b": null}, {"b": null}])),
            ("a[][b][c]=1&a[][b][d]=2", json!([{"b": {"c": "1", "d": "2"}}])),
            ("a[][b][c]=1&a[][b][c]=2", json!([{"b": {"c": "1"}}, {"b": {"c": "2"}}])),
            (
                "a[][b]=1&a[][c][d]=2&a[][b]=3&a[][c][d]=4",
                json!([{"b": "1", "c": {"d": "2"}}, {"b": "3", "c": {"d": "4"}}]),
            ),
            ("a[][b][]=1&a[][b][]=2", json!([{"b": ["1", "2"]}])),
            ("a[][b][][c]=1&a[][b][][c]=2", json!([{"b": [{"c": "1"}, {"c": "2"}]}])),
            ("a[][b][][c]=1&a[][b][][d]=2", json!([{"b": [{"c": "1", "d": "2"}]}])),
            (
                "a[][x]=1&a[][b][][c]=2&a[][x]=3&a[][b][][c]=4",
                json!([{"x": "1", "b": [{"c": "2"}]}, {"x": "3", "b": [{"c": "4"}]}]),
            ),
            ("a[]=1&a[][b]=2&a[]=3", json!(["1", {"b": "2"}, "3"])),
            ("a[]&a[][b]=2", json!([null, {"b": "2"}])),
        ] {
            assert_eq!(tree(pairs.as_bytes()).map(Value::Object), Ok(json!({"a": expected})), "{pairs}");
        }
    }

    #[test]
    fn conflicts_are_refused() {
        for (pairs, name, held, wanted) in [
            ("a=1&a[b]=2", "a", "text", "an object"),
            ("a=&a[b]=2", "a", "text", "an object"),
            ("a=1&a[]=2", "a", "text", "a list"),
            ("a=1&a[][b]=2", "a", "text", "a list"),
            ("a[]=1&a[b]=2", "a", "a list", "an object"),
            ("a[b]=1&a[]=2", "a", "an object", "a list"),
            ("a[b]=1&a[][c]=2", "a", "an object", "a list"),
            ("a[b]=1&a[b][c]=2", "b", "text", "an object"),
            ("a[b]=1&a[b]c=2", "b", "text", "an object"),
            ("a[][b]=1&a[][b][c]=2", "b", "text", "an object"),
        ] {
            let detail = format!("the parameter {name:?} is {held} and cannot also be {wanted}");
            assert_eq!(tree(pairs.as_bytes()), Err(detail.into()), "{pairs}");
        }
        // A long name is cut.
        let (name, cut) = ("é\n".repeat(1000), "é\n".repeat(20));
        let detail = format!("the parameter {cut:?} is text and cannot also be an object");
        assert_eq!(tree(format!("{name}=1&{name}[a]=2").as_bytes()), Err(detail.into()));
    }

    #[test]
    fn bad_escapes_and_bad_text_are_refused() {
        for pairs in ["%", "a=%", "a=%2", "a=%zz", "a=%2g", "a=%+1", "%u00e9=1", "=%zz", "a=1&%"] {
            let detail = "a percent sign is not followed by two hexadecimal digits";
            assert_eq!(tree(pairs.as_bytes()), Err(detail.into()), "{pairs}");
        }
        for pairs in [&b"a=%ff"[..], b"%c3=1", b"a=%ed%a0%80", b"a=\xff", b"\xc3=\xa9", b"=%ff"] {
            assert_eq!(tree(pairs), Err(NOT_UTF8), "{pairs:?}");
        }
    }

    #[test]
    fn a_name_has_at_most_100_keys() {
        for (first, next) in [("a", "[b]"), ("a[]", "[b]"), ("a", "[][b]")] {
            let nested = |count: usize| tree(format!("{first}{}=1", next.repeat(count)).as_bytes());
            assert!(nested(99).is_ok(), "{first}{next}");
            assert!(nested(200_000).is_err(), "{first}{next}");
            for count in [100, 3_000] {
                let detail = Detail::Borrowed("a name has more than 100 keys");
                assert_eq!(nested(count), Err(detail), "{first}{next} * {count}");
            }
        }
    }
}
