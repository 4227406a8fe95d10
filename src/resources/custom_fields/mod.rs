//! Custom fields of users: what an account wants to know of its people beyond the fields that everybody has.
//!
//! A field has a type and two levels: the least that may read its values, and the least that may set them. Whoever may
//! not read a field sees neither it nor its choices, its values, what refers to them, nor which users have a value. The
//! levels are stored as rungs, too, so that each of these is one comparison with the rung of the caller.
//!
//! The vendor sorts fields into sets, each for one class of records. There are no sets here: every field is one of
//! users.

mod choice;
mod field;
mod filters;
mod lists;
mod typed;
mod value;
mod writing;

pub use choice::{ENTRY as CHOICES, RESOURCE as CHOICE};
pub use field::{ENTRY as FIELDS, RESOURCE as FIELD};
pub use filters::FILTERS_OF_USERS;
pub use typed::{Typed, has_choices, read as read_value};
pub use value::{ENTRY as VALUES, RESOURCE as VALUE};

use crate::engine::access::{ADMINISTRATOR, Level};
use crate::store::Param;
use crate::wire::describe::{Restriction, Rung};

/// The types of values.
pub const TYPES: &[&str] = &["string", "date", "number", "currency", "single", "multi"];

/// The levels that a field may name, and the levels of members that meet them.
const ACCESS: [(&str, Level); 6] = [
    ("account_collaboration", Level::Collaborator),
    ("project_creator", Level::ProjectCreator),
    ("project_lead", Level::ProjectLead),
    ("reports_viewer", Level::ReportsViewer),
    ("reports_viewer_with_cost", Level::ReportsViewerWithCost),
    (ONLY_ADMINISTRATORS, Level::Administrator),
];

/// What a field names unless it says otherwise.
pub const ONLY_ADMINISTRATORS: &str = "account_admin";

/// The names of the levels.
pub const ACCESS_NAMES: &[&str] = &{
    let mut names = [""; ACCESS.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = ACCESS[place].0;
        place += 1;
    }
    names
};

/// The lowest rung that meets a level.
pub fn rung_of(access: &str) -> Rung {
    ACCESS.iter().find(|(name, _)| *name == access).map_or(ADMINISTRATOR, |(_, level)| level.rung())
}

/// The same as the columns `read_from` and `write_from` have it.
pub fn stored_rung(access: &str) -> Param<'static> {
    Param::Int(rung_of(access).0.into())
}

/// The fields that a caller may read; likewise their choices and values.
const OF_READABLE_FIELDS: Restriction = Restriction {
    from: ADMINISTRATOR,
    condition: "(SELECT f.read_from FROM custom_fields f WHERE f.id = t.custom_field_id) <= {rung}",
};

/// The refusal of callers who may read a field and not write it.
const NOT_WRITABLE: &str = "You may read this custom field, but not change its values.";
