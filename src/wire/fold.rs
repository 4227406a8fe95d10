//! Folding of text for comparison and search.
//!
//! All folding happens here, on the way into the database and into a query, never in a database: SQLite folds only
//! ASCII, and PostgreSQL by its locale, so the two would disagree (rules E4 and E8).

/// Precedes the start of every word in a marked text. No stored name or address can contain a control character.
pub const WORD_START: char = '\u{2}';

/// Separates the texts of a marked column, so no match spans two of them.
const SEPARATOR: char = '\u{1}';

/// Lower case. Accents stay, and nothing is normalised.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// Marks every start of a word: the first character, and each one after a character that is not alphanumeric.
///
/// A marked needle occurs in a marked text exactly where the plain needle occurs at the start of a word (rule E9),
/// since both have the same marks inside the needle.
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

/// The content of a marked column.
pub fn search_key(texts: &[&str]) -> String {
    let marked: Vec<String> = texts.iter().map(|text| mark_words(&fold(text))).collect();
    marked.join(&SEPARATOR.to_string())
}
