//! Words of a command line that will be pasted into a shell.
//!
//! A line holds what clients and operators have sent. Whatever that is, the shell must take each word as one argument
//! and run nothing in it, and a terminal must not obey it when it is pasted or shown.

use crate::wire::display;

/// Quotes a word for bash, zsh, ksh and other shells of that family.
///
/// Between single quotes nothing has a meaning. A word with characters that a terminal would obey, or that a reader
/// could not see, is written with escapes instead. There `!` is escaped, too: history expansion does not know that form
/// of quotes.
pub fn quoted(word: &[u8]) -> String {
    if let Ok(text) = str::from_utf8(word)
        && text.chars().all(is_plain)
    {
        return format!("'{}'", text.replace('\'', "'\\''"));
    }
    let mut quoted = "$'".to_owned();
    for chunk in word.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '\n' => quoted.push_str("\\n"),
                '\'' | '!' | '\\' => escape(letter.to_string().as_bytes(), &mut quoted),
                letter if is_plain(letter) => quoted.push(letter),
                letter => escape(letter.to_string().as_bytes(), &mut quoted),
            }
        }
        escape(chunk.invalid(), &mut quoted);
    }
    quoted.push('\'');
    quoted
}

/// In octal, of which every shell takes exactly three digits.
fn escape(bytes: &[u8], quoted: &mut String) {
    for byte in bytes {
        quoted.push_str(&format!("\\{byte:03o}"));
    }
}

fn is_plain(letter: char) -> bool {
    // A few letters draw nothing, such as the fillers of Hangul.
    let is_seen = || letter.is_alphanumeric() && !display::is_hidden(letter);
    letter == ' ' || letter.is_ascii_graphic() || !letter.is_ascii() && is_seen()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_argument_whatever_is_in_it() {
        for (word, line) in [
            (&b""[..], "''"),
            (b"a b|c;$(d)`e`!f", "'a b|c;$(d)`e`!f'"),
            (b"it's", r"'it'\''s'"),
            ("Zo\u{eb}".as_bytes(), "'Zo\u{eb}'"),
            (b"a\nb", r"$'a\nb'"),
            (b"\x1b[2J it's \\ !x", r"$'\033[2J it\047s \134 \041x'"),
            ("\u{202e}x".as_bytes(), r"$'\342\200\256x'"),
            ("\u{3164}\u{115f}\u{ffa0}".as_bytes(), r"$'\343\205\244\341\205\237\357\276\240'"),
            (b"\xff1", r"$'\3771'"),
        ] {
            assert_eq!(quoted(word), line);
        }
    }
}
