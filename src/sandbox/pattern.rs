//! Patterns of paths, in which `*` stands for any text, slashes too.

/// Whether the pattern stands for this text.
pub fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some((_, after)) = text.split_once(part) else { return false };
        text = after;
    }
    text.ends_with(last)
}

/// Whether the pattern stands for a path with some id in place of the name in braces. Ids are tried that the pattern
/// itself suggests: its segments without stars.
pub fn can_fit(pattern: &str, path: &str) -> bool {
    let suggested = pattern.split('/').map(|segment| segment.replace('*', "")).filter(|id| !id.is_empty());
    suggested.chain(["1".to_owned()]).any(|id| {
        let fill = |segment| if str::starts_with(segment, '{') { id.as_str() } else { segment };
        fits(pattern, &path.split('/').map(fill).collect::<Vec<_>>().join("/"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("/a/b", "/a/b", true),
            ("/a/b", "/a/bc", false),
            ("/a/*", "/a/", true),
            ("/a/*", "/a/b/c", true),
            ("*", "", true),
            ("*b", "/a/b", true),
            ("*b", "/b/a", false),
            ("/*/b*", "/a/b", true),
            ("/a*a", "/a", false),
            ("/a*a", "/aa", true),
            ("**", "x", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
        assert!(!fits(&"*a".repeat(100), &"a".repeat(99)), "it takes no longer than it is long");
    }

    #[test]
    fn a_pattern_can_fit_a_path_whose_ids_are_open() {
        for (pattern, path, expected) in [
            ("/api/v1/users/7", "/api/v1/users/{id}", true),
            ("/api/v1/users/*", "/api/v1/users/{id}", true),
            ("/api/v1/users/1*7", "/api/v1/users/{id}", true),
            ("*7/resend", "/a/{id}/resend", true),
            ("/a/7", "/a/{id}/resend", false),
            ("/a/7/*", "/a/{id}/resend", true),
            ("/a//resend", "/a/{id}/resend", false),
            ("/b*", "/a/{id}", false),
            ("/a/7/8", "/a/{id}", false),
            ("*", "/a/{id}", true),
            ("/a/*d", "/a/{id}/resend", true),
        ] {
            assert_eq!(can_fit(pattern, path), expected, "{pattern} {path}");
        }
    }
}
