//! Comma-separated values (RFC 4180) that no spreadsheet takes for formulas.
//!
//! A cell that begins like a formula is one to a spreadsheet, and what people typed into a name would be computed on
//! somebody else's machine. Such a cell gets an apostrophe in front. So does a cell that begins with an apostrophe, so
//! that whoever wants the text itself removes one leading apostrophe where there is one, and has it. Quotes would not
//! help: they are gone before a spreadsheet looks for formulas. A library was not taken: it would write the quotes, and
//! the part that matters would still be here.

/// With what a cell begins that gets an apostrophe in front.
const GUARDED: &[char] = &['=', '+', '-', '@', '\t', '\r', '\''];

/// Appends one record with its line end.
pub fn push_record<'a>(cells: impl IntoIterator<Item = &'a str>, out: &mut String) {
    for (position, cell) in cells.into_iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        push_cell(cell, out);
    }
    out.push_str("\r\n");
}

fn push_cell(cell: &str, out: &mut String) {
    let guard = if cell.starts_with(GUARDED) { "'" } else { "" };
    if cell.contains(['"', ',', '\r', '\n']) {
        let doubled = cell.replace('"', "\"\"");
        out.push_str(&format!("\"{guard}{doubled}\""));
    } else {
        out.push_str(guard);
        out.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cells: &[&str]) -> String {
        let mut out = String::new();
        push_record(cells.iter().copied(), &mut out);
        out
    }

    /// Reads records as RFC 4180 has them, and takes the apostrophes away again.
    fn read(text: &str) -> Vec<Vec<String>> {
        let mut records = vec![vec![String::new()]];
        let mut is_quoted = false;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let last = records.len() - 1;
            let record = &mut records[last];
            let cell = record.len() - 1;
            match character {
                '"' if is_quoted && characters.next_if_eq(&'"').is_some() => record[cell].push('"'),
                '"' => is_quoted = !is_quoted,
                ',' if !is_quoted => record.push(String::new()),
                '\r' if !is_quoted && characters.next_if_eq(&'\n').is_some() => records.push(vec![String::new()]),
                other => record[cell].push(other),
            }
        }
        assert_eq!(records.pop(), Some(vec![String::new()]), "the last record has a line end");
        let plain = |cell: String| cell.strip_prefix('\'').map(str::to_owned).unwrap_or(cell);
        records.into_iter().map(|record| record.into_iter().map(plain).collect()).collect()
    }

    #[test]
    fn a_cell_that_begins_like_a_formula_gets_an_apostrophe() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("+49 30", "'+49 30"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("=1,\"2\"", "\"'=1,\"\"2\"\"\""),
            ("'quoted", "''quoted"),
            ("ada@example.test", "ada@example.test"),
            ("1=1", "1=1"),
            ("", ""),
        ] {
            assert_eq!(written(&[cell]), format!("{expected}\r\n"), "{cell:?}");
        }
    }

    #[test]
    fn cells_with_quotes_commas_and_line_ends_are_quoted() {
        assert_eq!(
            written(&["a \"b\"", "c,d", "e\nf", "g\r\nh", "i"]),
            "\"a \"\"b\"\"\",\"c,d\",\"e\nf\",\"g\r\nh\",i\r\n"
        );
    }

    #[test]
    fn every_text_comes_back() {
        let pieces = ["=", "+", "-", "@", "\t", "\r", "\n", "'", "\"", ",", "ä", " ", ""];
        let mut records = Vec::new();
        for first in pieces {
            for second in pieces {
                records.push(pieces.map(|third| format!("{first}{second}{third}")).to_vec());
            }
        }
        let text: String =
            records.iter().map(|record| written(&record.iter().map(String::as_str).collect::<Vec<_>>())).collect();
        assert_eq!(read(&text), records);
    }
}
