//! The elements of a page with their attributes, as a browser would find them.
//!
//! Typed text that escapes shows up as an element, an attribute or a link target.

/// An element's start tag, in page order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    /// In lower case; an end tag's begins with a slash.
    pub(crate) name: String,
    /// As written.
    pub(crate) attributes: Vec<(String, String)>,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Every tag of a page. Style content is skipped.
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

/// The end of a tag: a `>` outside quotes.
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
