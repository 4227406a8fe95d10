//! Texts in the form in which they are compared: lower case, and for search with every start of a word marked.
//!
//! Folding is done here, once, on the way into the database and on the way into a query, and never by a database:
//! SQLite folds ASCII only, and PostgreSQL by its locale, so that the two would disagree (protocol-corners E4, E8).

/// Stands before every character that starts a word in a marked text. It is a control character, which no stored
/// name or address can contain.
pub const WORD_START: char = '\u{2}';

/// Stands between the texts of one marked column, so that no match spans two of them.
const BETWEEN: char = '\u{1}';

/// Lower-case form of a text. Accents stay, nothing is normalised.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// Marks every start of a word: the first character, and each one after a character that is not alphanumeric.
///
/// A marked needle occurs in a marked text exactly where the plain needle occurs at the start of a word
/// (protocol-corners E9): inside the needle both texts carry the same marks.
pub fn mark_words(folded: &str) -> String {
    let mut marked = String::with_capacity(folded.len() * 2);
    let mut at_start = true;
    for character in folded.chars() {
        if at_start {
            marked.push(WORD_START);
        }
        marked.push(character);
        at_start = !character.is_alphanumeric();
    }
    marked
}

/// The marked column of several texts.
pub fn search_key(texts: &[&str]) -> String {
    let marked: Vec<String> = texts.iter().map(|text| mark_words(&fold(text))).collect();
    marked.join(&BETWEEN.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_needle_occurs_only_at_the_start_of_a_word() {
        let text = search_key(&["Ann Mary-Lee", "mary@example.test"]);
        let occurs = |needle: &str| text.contains(&mark_words(&fold(needle)));
        for needle in ["ann", "ANN M", "lee", "mary-l", "example", "test", "-lee", "@ex"] {
            assert_eq!(occurs(needle), !needle.starts_with(['-', '@']), "{needle}");
        }
        for needle in ["nn", "ee", "xample", "ary-lee"] {
            assert!(!occurs(needle), "{needle}");
        }
    }

    #[test]
    fn a_character_after_one_that_is_not_alphanumeric_starts_a_word_even_if_it_is_not_alphanumeric_itself() {
        assert!(search_key(&["a--b"]).contains(&mark_words("-b")));
    }
}
