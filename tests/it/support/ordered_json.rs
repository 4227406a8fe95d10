//! Reads a JSON body with the order of its keys, and refuses what the wire never prints.
//!
//! The usual parsers sort keys or drop repeated ones, but their order is part of the wire format, and so is the compact
//! form: no blanks between tokens, no needless `\\u` escapes. Bodies are known to be valid JSON, so this checks only
//! what the wire adds to the grammar.

use std::iter::Peekable;
use std::str::Chars;

/// A value as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    Text(String),
    /// A number, `true`, `false` or `null`, as written.
    Word(String),
}

impl Json {
    /// The names of an object, in order; empty for everything else.
    pub(crate) fn keys(&self) -> Vec<&str> {
        self.pairs().iter().map(|(key, _)| key.as_str()).collect()
    }

    /// The pairs of an object, in order; empty for everything else.
    pub(crate) fn pairs(&self) -> &[(String, Json)] {
        match self {
            Self::Object(pairs) => pairs,
            _ => &[],
        }
    }

    /// The elements of an array; empty for everything else.
    pub(crate) fn elements(&self) -> &[Json] {
        match self {
            Self::Array(elements) => elements,
            _ => &[],
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        self.pairs().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value of a text.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads a whole body.
pub(crate) fn read(body: &str) -> Result<Json, String> {
    let mut reader = Reader { rest: body.chars().peekable() };
    let value = reader.value()?;
    match reader.rest.next() {
        None => Ok(value),
        Some(character) => Err(format!("{character:?} after the end of the body")),
    }
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Json, String> {
        match self.rest.peek() {
            Some('{') => self.object(),
            Some('[') => self.array(),
            Some('"') => self.string().map(Json::Text),
            Some(first) if first.is_ascii_alphanumeric() || *first == '-' => Ok(Json::Word(self.word())),
            other => Err(format!("{other:?} where a value must begin; the body is not compact")),
        }
    }

    fn object(&mut self) -> Result<Json, String> {
        self.take('{')?;
        let mut pairs: Vec<(String, Json)> = Vec::new();
        while !self.skip('}') {
            if !pairs.is_empty() {
                self.take(',')?;
            }
            let key = self.string()?;
            self.take(':')?;
            if pairs.iter().any(|(name, _)| *name == key) {
                return Err(format!("the key {key:?} occurs twice in one object"));
            }
            pairs.push((key, self.value()?));
        }
        Ok(Json::Object(pairs))
    }

    fn array(&mut self) -> Result<Json, String> {
        self.take('[')?;
        let mut elements = Vec::new();
        while !self.skip(']') {
            if !elements.is_empty() {
                self.take(',')?;
            }
            elements.push(self.value()?);
        }
        Ok(Json::Array(elements))
    }

    fn string(&mut self) -> Result<String, String> {
        self.take('"')?;
        let mut text = String::new();
        loop {
            match self.next()? {
                '"' => return Ok(text),
                '\\' => text.push(self.escaped()?),
                character => text.push(character),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        Ok(match self.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let mut code = 0;
                for _ in 0..4 {
                    let digit = self.next()?;
                    code = code * 16 + digit.to_digit(16).ok_or_else(|| format!("{digit:?} in a \\u escape"))?;
                }
                // Only control characters need escapes.
                if code >= 0x20 {
                    return Err(format!("\\u{code:04x} is escaped without need"));
                }
                char::from_u32(code).unwrap_or_default()
            }
            character => character,
        })
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(character) =
            self.rest.next_if(|character| character.is_ascii_alphanumeric() || "+-.".contains(*character))
        {
            word.push(character);
        }
        word
    }

    fn next(&mut self) -> Result<char, String> {
        self.rest.next().ok_or_else(|| "the body ends early".to_owned())
    }

    fn skip(&mut self, character: char) -> bool {
        self.rest.next_if_eq(&character).is_some()
    }

    fn take(&mut self, wanted: char) -> Result<(), String> {
        match self.next()? {
            found if found == wanted => Ok(()),
            found => Err(format!("{found:?} where {wanted:?} must be; the body is not compact")),
        }
    }
}
