//! A stored answer, cut down to what its reader may see today.
//!
//! A repeated request gets the first answer, byte for byte. A reader who was demoted since must not find in it what
//! other answers now hide, so those fields are left out; everything else keeps its text and its place.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::wire::kind::print_text;
use crate::wire::projection::Withheld;

/// The members of an object, in order, their values unread.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// The envelope without the fields that are withheld.
pub fn withhold(envelope: &str, withheld: &Withheld) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(envelope.len());
    rewrite(envelope, &mut out, &mut |map, records, out| match withheld.iter().find(|(name, _)| *name == map) {
        Some((_, fields)) => rewrite(records, out, &mut |_, record, out| {
            rewrite(record, out, &mut |field, value, out| {
                if !fields.contains(&field) {
                    out.extend_from_slice(value.as_bytes());
                }
                Ok(())
            })
        }),
        None => {
            out.extend_from_slice(records.as_bytes());
            Ok(())
        }
    })?;
    Ok(out)
}

/// Prints a member's value, or nothing to leave the member out.
type Print<'a> = &'a mut dyn FnMut(&str, &str, &mut Vec<u8>) -> Result<(), serde_json::Error>;

/// Prints an object again, each value by a function.
fn rewrite(object: &str, out: &mut Vec<u8>, print: Print<'_>) -> Result<(), serde_json::Error> {
    let Members(members) = serde_json::from_str(object)?;
    out.push(b'{');
    let start = out.len();
    for (name, value) in members {
        let before = out.len();
        if before > start {
            out.push(b',');
        }
        print_text(&name, out);
        out.push(b':');
        let printed = out.len();
        print(&name, value.get(), out)?;
        if out.len() == printed {
            out.truncate(before);
        }
    }
    out.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_withheld_is_missing_and_everything_else_is_as_it_was() -> Result<(), serde_json::Error> {
        let (start, end) =
            (r#"{"count":1,"results":[{"key":"a","id":"2"}],"a":{"#, r#","meta":{"cost":1},"b":{"3":{"cost":2}}}"#);
        let whole = r#""2":{"z":1.50,"cost":7,"é\"":"\u0001","id":"2"},"1":{"cost":null}}"#;
        let first = &format!("{start}{whole}{end}");
        let again =
            |withheld: &Withheld| withhold(first, withheld).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert_eq!(again(&Vec::new())?, *first);
        assert_eq!(
            again(&vec![("a", vec!["cost"]), ("c", vec!["cost"])])?,
            format!(r#"{start}"2":{{"z":1.50,"é\"":"\u0001","id":"2"}},"1":{{}}}}{end}"#)
        );
        assert!(withhold("[]", &Vec::new()).is_err());
        Ok(())
    }
}
