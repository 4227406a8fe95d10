//! What a page is made of: its elements with their attributes, as a browser would find them.
//!
//! The text of a page does not matter here. Text that somebody has typed shows up when it has become an element, an
//! attribute or a place where something leads.

/// An element's start, in the order of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its name in lower case; that of an end begins with a slash.
    pub(crate) name: String,
    /// Its attributes, as they stand.
    pub(crate) attributes: Vec<(String, String)>,
}

impl Element {
    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Every tag of a page. The style is no markup, whatever it holds.
pub(crate) fn elements(page: &str) -> Vec<Element> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        if !rest.starts_with(|first: char| first.is_ascii_alphabetic() || "/!?".contains(first)) {
            continue;
        }
        let end = end_of_tag(rest);
        let element = element(&rest[..end]);
        rest = &rest[end..];
        if element.name == "style" {
            rest = rest.split_once("</style>").map_or("", |(_, after)| after);
        }
        found.push(element);
    }
    found
}

/// Where a tag ends: at a `>` outside of quotes.
fn end_of_tag(text: &str) -> usize {
    let mut quote = None;
    for (place, character) in text.char_indices() {
        match quote {
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if character == '"' || character == '\'' => quote = Some(character),
            None if character == '>' => return place,
            None => {}
        }
    }
    text.len()
}

fn element(tag: &str) -> Element {
    let name_end = tag.find(|character: char| character.is_whitespace()).unwrap_or(tag.len());
    let (name, mut rest) = tag.split_at(name_end);
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let end = rest.find(|character: char| character == '=' || character.is_whitespace()).unwrap_or(rest.len());
        let attribute = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|first| "\"'".contains(*first));
            (value, rest) = match quote {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
            };
        }
        attributes.push((attribute, value.to_owned()));
    }
    Element { name: name.to_ascii_lowercase(), attributes }
}
