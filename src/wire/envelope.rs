//! The envelope: rows straight to bytes, in the vendor's key order.
//!
//! `count, results, PRIMARY, meta`, then one map per included class. The order of the keys is part of the wire, so the
//! text is written directly instead of being serialised from a tree. That is also cheaper, since names are constant and
//! values are borrowed from the row.

use crate::wire::describe::Target;
use crate::wire::kind::{Cell, Kind, picture, print_id, print_text};
use crate::wire::projection::Projection;
use crate::wire::query::Paging;

/// A row whose cells are the columns of a projection in order, then its id.
pub trait Cells {
    fn cell(&self, index: usize) -> Cell<'_>;
}

/// An answer in progress.
pub struct Envelope<'a> {
    projection: &'a Projection,
    ids: Vec<i64>,
    objects: Vec<u8>,
    /// Name and objects of each map.
    included: Vec<(&'static str, Vec<u8>)>,
}

/// Bytes of a typical object, to allocate once.
const TYPICAL_OBJECT: usize = 380;

impl<'a> Envelope<'a> {
    /// Reserves room for `expected` records.
    pub fn new(projection: &'a Projection, expected: usize) -> Self {
        Self {
            projection,
            ids: Vec::with_capacity(expected),
            objects: Vec::with_capacity(expected * TYPICAL_OBJECT),
            included: Vec::new(),
        }
    }

    pub fn push(&mut self, row: &dyn Cells) {
        let id = print_entry(self.projection, row, &mut self.objects);
        self.ids.push(id);
    }

    /// Opens the map of an included class, which is printed even if it stays empty. Included records of the answer's
    /// own class share its map.
    pub fn include(&mut self, target: Target) {
        let is_open = target.name() == self.projection.resource().name
            || self.included.iter().any(|(name, _)| *name == target.name());
        if !is_open {
            self.included.push((target.name(), Vec::new()));
        }
    }

    /// Appends to the map of an included class, which must be open.
    pub fn push_included(&mut self, projection: &Projection, row: &dyn Cells) {
        let name = projection.resource().name;
        if name == self.projection.resource().name {
            print_entry(projection, row, &mut self.objects);
        } else if let Some((_, objects)) = self.included.iter_mut().find(|(known, _)| *known == name) {
            print_entry(projection, row, objects);
        }
    }

    pub fn ids(&self) -> &[i64] {
        &self.ids
    }

    /// `count` is the total of the query, not of the page (rule B16).
    pub fn finish(self, count: i64, paging: Paging) -> Vec<u8> {
        let included: usize = self.included.iter().map(|(name, objects)| objects.len() + name.len() + 6).sum();
        let entry = self.projection.resource().name.len() + 40;
        let mut out = Vec::with_capacity(self.objects.len() + included + self.ids.len() * entry + 200);
        out.extend_from_slice(b"{\"count\":");
        print_integer(count, &mut out);
        out.extend_from_slice(b",\"results\":[");
        for (position, id) in self.ids.iter().enumerate() {
            out.extend_from_slice(if position == 0 { b"{\"key\":\"" } else { b",{\"key\":\"" });
            out.extend_from_slice(self.projection.resource().name.as_bytes());
            out.extend_from_slice(b"\",\"id\":");
            print_id(*id, &mut out);
            out.push(b'}');
        }
        out.push(b']');
        print_map(self.projection.resource().name, &self.objects, &mut out);
        print_meta(count, paging, &mut out);
        for (name, objects) in &self.included {
            print_map(name, objects, &mut out);
        }
        out.push(b'}');
        out
    }
}

fn print_map(name: &str, objects: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":{");
    out.extend_from_slice(objects);
    out.push(b'}');
}

/// An empty list is page 0 of 0, whichever page was requested (rules B2 and B5).
fn print_meta(count: i64, paging: Paging, out: &mut Vec<u8>) {
    let pages = (count + paging.size - 1) / paging.size;
    let number = if count == 0 { 0 } else { paging.number };
    for (name, value) in [
        (",\"meta\":{\"count\":", count),
        (",\"page_count\":", pages),
        (",\"page_number\":", number),
        (",\"page_size\":", paging.size),
    ] {
        out.extend_from_slice(name.as_bytes());
        print_integer(value, out);
    }
    out.push(b'}');
}

/// Appends `"id":{…}`, after a comma unless it is the first, and returns the id.
fn print_entry(projection: &Projection, row: &dyn Cells, out: &mut Vec<u8>) -> i64 {
    let id = match row.cell(projection.columns().len()) {
        Cell::Int(id) => id,
        Cell::Null | Cell::Text(_) => 0,
    };
    if !out.is_empty() {
        out.push(b',');
    }
    print_id(id, out);
    out.extend_from_slice(b":{");
    for (index, column) in projection.columns().iter().enumerate() {
        out.push(b'"');
        out.extend_from_slice(column.name().as_bytes());
        out.extend_from_slice(b"\":");
        match (column.kind(), row.cell(index)) {
            (Kind::Picture, Cell::Text(stored)) => print_text(&picture(Some(stored), projection.base_url()), out),
            (Kind::Picture, _) => print_text(&picture(None, projection.base_url()), out),
            (kind, cell) => kind.print(cell, projection.dates(), out),
        }
        out.push(b',');
    }
    out.extend_from_slice(b"\"id\":");
    print_id(id, out);
    out.push(b'}');
    id
}

fn print_integer(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}
