//! Patterns of paths: a text in which `*` stands for any text, slashes too.

/// Whether a text is one of those that the pattern stands for.
pub fn fits(pattern: &str, text: &str) -> bool {
    let template: Vec<Piece> = text.chars().map(Piece::Letter).collect();
    meet(pattern, &template)
}

/// Whether there is a text that both the pattern and a path with names in braces stand for. A name stands for any text without
/// a slash.
pub fn can_fit(pattern: &str, path: &str) -> bool {
    let mut template = Vec::new();
    let mut letters = path.chars();
    while let Some(letter) = letters.next() {
        if letter == '{' {
            letters.by_ref().find(|letter| *letter == '}');
            template.push(Piece::Segment);
        } else {
            template.push(Piece::Letter(letter));
        }
    }
    meet(pattern, &template)
}

#[derive(Clone, Copy)]
enum Piece {
    Letter(char),
    /// One letter or more that are no slash.
    Segment,
}

/// Walks over the pattern with every place of the template at which its beginning can end: a table, and no search that could take for
/// ever.
fn meet(pattern: &str, template: &[Piece]) -> bool {
    // `ends[i]`: what of the pattern was looked at stands for what comes before piece `i`. `inside[i]`: it ends inside of segment `i`.
    let count = template.len();
    let (mut ends, mut inside) = (vec![false; count + 1], vec![false; count + 1]);
    ends[0] = true;
    for letter in pattern.chars() {
        let (mut next_ends, mut next_inside) = (vec![false; count + 1], vec![false; count + 1]);
        if letter == '*' {
            let first = (0..=count).find(|place| ends[*place] || inside[*place]);
            for place in first.into_iter().flat_map(|first| first..=count) {
                next_ends[place] = ends[place] || first.is_some_and(|first| place > first || ends[first]);
                next_inside[place] = matches!(template.get(place), Some(Piece::Segment));
            }
        } else {
            for (place, piece) in template.iter().enumerate() {
                match piece {
                    Piece::Letter(wanted) if ends[place] && *wanted == letter => next_ends[place + 1] = true,
                    Piece::Segment if letter != '/' && (ends[place] || inside[place]) => {
                        next_inside[place] = true;
                        next_ends[place + 1] = true;
                    }
                    _ => {}
                }
            }
        }
        (ends, inside) = (next_ends, next_inside);
    }
    ends[count]
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
