//! Tables of what can be asked for beside the API: methods and paths, and what they stand for.
//!
//! The API's own paths follow one pattern and come from the registry ([`super::route`]). These do not, so that each is a
//! line: GET (and with it HEAD) or POST, and a path in which a segment in braces stands for any text without a slash.

use hyper::Method;

/// A line of a table.
pub struct Line<E> {
    posts: bool,
    path: &'static str,
    endpoint: E,
    name: &'static str,
}

/// What is read with GET or HEAD, with its name in logs and metrics.
pub const fn get<E: Copy>(path: &'static str, endpoint: E, name: &'static str) -> Line<E> {
    Line { posts: false, path, endpoint, name }
}

/// What is asked with POST, with its name in logs and metrics.
pub const fn post<E: Copy>(path: &'static str, endpoint: E, name: &'static str) -> Line<E> {
    Line { posts: true, path, endpoint, name }
}

/// What a method and a path stand for, and its name: the first line that fits.
pub fn find<E: Copy>(table: &[Line<E>], method: &Method, path: &str) -> Option<(E, &'static str)> {
    let is_post = match *method {
        Method::GET | Method::HEAD => false,
        Method::POST => true,
        _ => return None,
    };
    let line = table.iter().find(|line| line.posts == is_post && fits(line.path, path))?;
    Some((line.endpoint, line.name))
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
