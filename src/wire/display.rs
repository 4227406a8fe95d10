//! Text that people typed, made safe to show on pages, in mails and on a terminal.
//!
//! Some characters are invisible, yet change what is seen: they reverse the direction of text, split a line, or make
//! two names look alike. The API stores and answers names with them as they were sent, since clients compare; wherever
//! a person reads a name, they are taken out here. Control characters are worse: a terminal obeys them.
//!
//! The alternative, to refuse such names, would break imports from systems that have them.

use std::borrow::Cow;
use std::ops::RangeInclusive;

/// Characters for which Unicode draws nothing, besides control characters: soft hyphen, joiners, fillers, direction
/// marks, ends of lines and paragraphs, tags. Variation selectors are seen: they choose between forms of a letter.
const HIDDEN: &[RangeInclusive<char>] = &[
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{3164}'..='\u{3164}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e00ff}',
    '\u{e01f0}'..='\u{e0fff}',
];

/// Whether a character is invisible itself.
pub fn is_hidden(character: char) -> bool {
    character.is_control() || HIDDEN.iter().any(|range| range.contains(&character))
}

/// A text of one line without hidden characters. What ends a line, and control characters, become blanks.
pub fn line(text: &str) -> Cow<'_, str> {
    shown(text, |_| false)
}

/// The same for a text of several lines, which keeps the ends of its lines.
pub fn lines(text: &str) -> Cow<'_, str> {
    shown(text, |character| matches!(character, '\n' | '\t'))
}

fn shown(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|character| is_hidden(character) && !is_kept(character)) {
        return Cow::Borrowed(text);
    }
    let show = |character: char| match character {
        character if is_kept(character) || !is_hidden(character) => Some(character),
        '\u{2028}' | '\u{2029}' => Some(' '),
        character => character.is_control().then_some(' '),
    };
    text.chars().filter_map(show).collect()
}

/// JSON text with every hidden character escaped: a program reads the same values, and a terminal shows no surprise.
/// Hidden characters occur only inside the texts of JSON, where an escape means the same.
pub fn json(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) && character != '\n' {
            character.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_not_seen_is_shown() {
        for (typed, shown) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("gpj\u{202e}.exe\u{200b}", "gpj.exe"),
            ("one\u{2028}two\u{2029}three", "one two three"),
            ("a\r\nb\u{1b}[2J\u{9b}", "a  b [2J "),
            ("\u{2066}x\u{2069}\u{feff}\u{e0041}\u{3164}\u{ad}", "x"),
            ("日本語 ✅\u{fe0f} é", "日本語 ✅\u{fe0f} é"),
            ("ᠮ\u{180b}\u{180c}\u{180d}\u{180f}\u{180e}", "ᠮ\u{180b}\u{180c}\u{180d}\u{180f}"),
        ] {
            assert_eq!(line(typed), shown, "{typed:?}");
        }
        assert!(matches!(line("Ada"), Cow::Borrowed(_)));
        assert_eq!(lines("a\n\tb\r\u{202e}c\u{2028}"), "a\n\tb c ");
    }

    #[test]
    fn json_keeps_its_values() -> Result<(), serde_json::Error> {
        let value = serde_json::json!({"name": "gpj\u{202e}.exe\u{e0041}\u{2028}", "a": ["\u{7}"]});
        let shown = json(&value.to_string()).into_owned();
        assert!(shown.is_ascii(), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown)?, value);
        Ok(())
    }
}
