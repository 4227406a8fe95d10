//! Tables of what can be asked for beside the API: methods and paths, and what they stand for.
//!
//! The API's own paths follow one pattern and come from the registry ([`super::route`]). These do not, so that each is a
//! line: a method (HEAD goes with GET), and a path in which a segment in braces stands for any text without a slash.

use hyper::Method;

/// A line of a table.
pub struct Line<E> {
    method: Method,
    path: &'static str,
    endpoint: E,
    name: &'static str,
}

/// What is read with GET or HEAD, with its name in logs and metrics.
pub const fn get<E: Copy>(path: &'static str, endpoint: E, name: &'static str) -> Line<E> {
    Line { method: Method::GET, path, endpoint, name }
}

/// What is asked with POST, with its name in logs and metrics.
pub const fn post<E: Copy>(path: &'static str, endpoint: E, name: &'static str) -> Line<E> {
    Line { method: Method::POST, path, endpoint, name }
}

/// What is set with PUT, with its name in logs and metrics.
pub const fn put<E: Copy>(path: &'static str, endpoint: E, name: &'static str) -> Line<E> {
    Line { method: Method::PUT, path, endpoint, name }
}

/// What is taken away with DELETE, with its name in logs and metrics.
pub const fn delete<E: Copy>(path: &'static str, endpoint: E, name: &'static str) -> Line<E> {
    Line { method: Method::DELETE, path, endpoint, name }
}

impl<E> Line<E> {
    /// The path, with names in braces.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The method's name.
    pub fn method(&self) -> &str {
        self.method.as_str()
    }
}

/// What a method and a path stand for, and its name: the first line that fits.
pub fn find<E: Copy>(table: &[Line<E>], method: &Method, path: &str) -> Option<(E, &'static str)> {
    let asked = if *method == Method::HEAD { &Method::GET } else { method };
    let line = table.iter().find(|line| line.method == *asked && fits(line.path, path))?;
    Some((line.endpoint, line.name))
}

/// The methods of a path.
pub fn methods<'a, E>(table: &'a [Line<E>], path: &str) -> Vec<&'a str> {
    table.iter().filter(|line| fits(line.path, path)).map(Line::method).collect()
}

/// The segment of a path that stands at a place in braces of a pattern.
pub fn segment(path: &str, number: usize) -> &str {
    path.split('/').nth(number).unwrap_or_default()
}

fn fits(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given => {}
            (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_in_braces_is_any_text_without_a_slash() {
        for (pattern, path, expected) in [
            ("/a/b", "/a/b", true),
            ("/a/b", "/a/b/", false),
            ("/a/{x}", "/a/b", true),
            ("/a/{x}", "/a/", false),
            ("/a/{x}", "/a/b/c", false),
            ("/a/{x}/c", "/a/b/c", true),
            ("/a/{x}/c", "/a//c", false),
            ("/a", "/A", false),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }
}
