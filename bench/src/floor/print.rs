//! The answers of the floor, straight to bytes and with every name spelled out.

use std::io::Write;

use invited::testing::store::{Error, Row};

use crate::dates;

/// An answer that is being written: the heads of the rows, the rows, and what they include.
pub(super) struct Answer {
    /// Plural name of what the answer is about.
    name: &'static str,
    ids: Vec<i64>,
    objects: Vec<u8>,
    included: Vec<u8>,
    /// Whether the map that is open in `included` has an object already.
    has_object: bool,
}

/// The other records that an invitation names.
pub(super) struct Named {
    pub(super) inviter: i64,
    pub(super) invitee: i64,
    pub(super) role: Option<i64>,
}

impl Answer {
    pub(super) fn new(name: &'static str, expected: usize) -> Answer {
        Answer {
            name,
            ids: Vec::with_capacity(expected),
            objects: Vec::with_capacity(expected * 400),
            included: Vec::new(),
            has_object: false,
        }
    }

    /// Appends an invitation, whose columns come in the order of the wire.
    pub(super) fn invitation(&mut self, row: &Row<'_>) -> Result<Named, Error> {
        let id = row.int(12)?;
        let (inviter, invitee, role) = (row.int(9)?, row.int(10)?, row.maybe_int(11)?);
        let out = self.record(id);
        out.extend_from_slice(b"\"full_name\":");
        text(row.text(0)?, out);
        out.extend_from_slice(b",\"email_address\":");
        text(row.text(1)?, out);
        out.extend_from_slice(b",\"headline\":");
        maybe_text(row.maybe_text(2)?, out);
        out.extend_from_slice(b",\"permission\":");
        text(row.text(3)?, out);
        out.extend_from_slice(if row.int(4)? == 1 { b",\"pending\":true" } else { b",\"pending\":false" });
        out.extend_from_slice(b",\"expiration_date\":\"");
        dates::print_day(row.int(5)?, out);
        out.extend_from_slice(b"\",\"bill_rate_in_cents\":");
        maybe_integer(row.maybe_int(6)?, out);
        out.extend_from_slice(b",\"billability_target\":");
        maybe_integer(row.maybe_int(7)?, out);
        out.extend_from_slice(b",\"cost_rate_in_cents\":");
        maybe_integer(row.maybe_int(8)?, out);
        out.extend_from_slice(b",\"inviter_id\":");
        quoted(inviter, out);
        out.extend_from_slice(b",\"invitee_id\":");
        quoted(invitee, out);
        out.extend_from_slice(b",\"default_role_id\":");
        maybe_quoted(role, out);
        end(id, out);
        Ok(Named { inviter, invitee, role })
    }

    /// Begins the map of a class of included records, after that of the class before.
    pub(super) fn open(&mut self, name: &str) {
        let out = &mut self.included;
        out.extend_from_slice(if out.is_empty() { b",\"" } else { b"},\"" });
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":{");
        self.has_object = false;
    }

    pub(super) fn role(&mut self, row: &Row<'_>) -> Result<(), Error> {
        let id = row.int(4)?;
        let out = self.object(id);
        out.extend_from_slice(b"\"name\":");
        text(row.text(0)?, out);
        out.extend_from_slice(b",\"created_at\":");
        moment(row.maybe_int(1)?, out);
        out.extend_from_slice(b",\"updated_at\":");
        moment(row.maybe_int(2)?, out);
        out.extend_from_slice(b",\"deleted_at\":");
        moment(row.maybe_int(3)?, out);
        end(id, out);
        Ok(())
    }

    pub(super) fn user(&mut self, row: &Row<'_>) -> Result<(), Error> {
        let id = row.int(4)?;
        let out = self.object(id);
        user(row, out)?;
        end(id, out);
        Ok(())
    }

    /// Begins a record that the answer is about.
    pub(super) fn record(&mut self, id: i64) -> &mut Vec<u8> {
        let out = &mut self.objects;
        if !self.ids.is_empty() {
            out.push(b',');
        }
        self.ids.push(id);
        quoted(id, out);
        out.extend_from_slice(b":{");
        out
    }

    /// Begins an included record, in the map that is open.
    pub(super) fn object(&mut self, id: i64) -> &mut Vec<u8> {
        let out = &mut self.included;
        if self.has_object {
            out.push(b',');
        }
        self.has_object = true;
        quoted(id, out);
        out.extend_from_slice(b":{");
        out
    }

    /// The whole answer.
    pub(super) fn finish(self, count: i64, page: i64, size: i64) -> Vec<u8> {
        let entry = self.name.len() + 32;
        let length = self.objects.len() + self.included.len() + self.ids.len() * entry + 200;
        let mut out = Vec::with_capacity(length);
        out.extend_from_slice(b"{\"count\":");
        integer(count, &mut out);
        out.extend_from_slice(b",\"results\":[");
        for (position, id) in self.ids.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            out.extend_from_slice(b"{\"key\":\"");
            out.extend_from_slice(self.name.as_bytes());
            out.extend_from_slice(b"\",\"id\":");
            quoted(*id, &mut out);
            out.push(b'}');
        }
        out.extend_from_slice(b"],\"");
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(b"\":{");
        out.extend_from_slice(&self.objects);
        out.extend_from_slice(b"},\"meta\":{\"count\":");
        integer(count, &mut out);
        out.extend_from_slice(b",\"page_count\":");
        integer((count + size - 1) / size, &mut out);
        out.extend_from_slice(b",\"page_number\":");
        integer(page, &mut out);
        out.extend_from_slice(b",\"page_size\":");
        integer(size, &mut out);
        out.push(b'}');
        if !self.included.is_empty() {
            out.extend_from_slice(&self.included);
            out.push(b'}');
        }
        out.push(b'}');
        out
    }
}

/// The fields of a user, whose columns come first and in the order of the wire.
pub(super) fn user(row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    out.extend_from_slice(b"\"full_name\":");
    text(row.text(0)?, out);
    out.extend_from_slice(b",\"photo_path\":");
    maybe_text(row.maybe_text(1)?, out);
    out.extend_from_slice(b",\"email_address\":");
    text(row.text(2)?, out);
    out.extend_from_slice(b",\"headline\":");
    maybe_text(row.maybe_text(3)?, out);
    Ok(())
}

/// A list of ids as one parameter.
pub(super) fn id_list(ids: &[i64]) -> String {
    let mut list = Vec::with_capacity(ids.len() * 8 + 2);
    list.push(b'[');
    for (position, id) in ids.iter().enumerate() {
        if position > 0 {
            list.push(b',');
        }
        integer(*id, &mut list);
    }
    list.push(b']');
    String::from_utf8(list).unwrap_or_default()
}

/// Ends a record with its id, which comes last.
pub(super) fn end(id: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"id\":");
    quoted(id, out);
    out.push(b'}');
}

pub(super) fn text(text: &str, out: &mut Vec<u8>) {
    // Writing a text into a vector cannot fail.
    let _ = serde_json::to_writer(out, text);
}

fn maybe_text(value: Option<&str>, out: &mut Vec<u8>) {
    match value {
        Some(value) => text(value, out),
        None => out.extend_from_slice(b"null"),
    }
}

fn integer(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

pub(super) fn maybe_integer(number: Option<i64>, out: &mut Vec<u8>) {
    match number {
        Some(number) => integer(number, out),
        None => out.extend_from_slice(b"null"),
    }
}

pub(super) fn quoted(id: i64, out: &mut Vec<u8>) {
    out.push(b'"');
    integer(id, out);
    out.push(b'"');
}

pub(super) fn maybe_quoted(id: Option<i64>, out: &mut Vec<u8>) {
    match id {
        Some(id) => quoted(id, out),
        None => out.extend_from_slice(b"null"),
    }
}

/// A moment in microseconds as ISO 8601 in UTC and whole seconds.
pub(super) fn moment(microseconds: Option<i64>, out: &mut Vec<u8>) {
    let Some(microseconds) = microseconds else {
        out.extend_from_slice(b"null");
        return;
    };
    let seconds = microseconds.rem_euclid(dates::DAY) / 1_000_000;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    out.push(b'"');
    dates::print_day(microseconds.div_euclid(dates::DAY), out);
    let _ = write!(out, "T{hours:02}:{minutes:02}:{:02}Z\"", seconds % 60);
}
