//! How many hours a user can work, day by day.
//!
//! There are no workweeks, holidays or times off here, so everybody has the same week ([`HOURS`]). What a day has is
//! decided in [`hours_of`] alone.

use serde_json::{Value as Json, json};

use crate::engine::access::Caller;
use crate::engine::error::Error;
use crate::ids::RecordId;
use crate::store::Db;
use crate::wire::changes::Violation;
use crate::wire::describe::{Document, Parameter};
use crate::wire::kind::{Kind, Value, date};

pub const NAME: &str = "capacity";

pub static DOCUMENT: Document = Document {
    parameters: &[
        Parameter { name: "start_date", kind: Kind::Date, text: "The first day." },
        Parameter { name: "end_date", kind: Kind::Date, text: "The last day: at most 366 days in all." },
    ],
    schema,
};

/// Hours of each weekday, Sunday first.
const HOURS: [u32; 7] = [0, 8, 8, 8, 8, 8, 0];

/// The weekday of 1970-01-01, a Thursday.
const FIRST_WEEKDAY: i64 = 4;

const MOST_DAYS: i64 = 366;

pub fn tell(_: &mut Db, _: &Caller, _: RecordId, given: &[Value]) -> Result<Vec<u8>, Error> {
    let &[Value::Int(first), Value::Int(last)] = given else { return Err(Error::NotFound) };
    if last < first {
        return refuse("End date must not be before start date.");
    }
    if last - first >= MOST_DAYS {
        return refuse(&format!("End date must be less than {MOST_DAYS} days after start date."));
    }
    let hours: Vec<String> = (first..=last).map(|day| format!("\"{}\":{}.0", date(day), hours_of(day))).collect();
    let (first, last, hours) = (date(first), date(last), hours.join(","));
    Ok(format!("{{\"start_date\":\"{first}\",\"end_date\":\"{last}\",\"hours\":{{{hours}}}}}").into_bytes())
}

/// The hours of a day since 1970.
fn hours_of(day: i64) -> u32 {
    let weekday = usize::try_from((day + FIRST_WEEKDAY).rem_euclid(7)).unwrap_or_default();
    HOURS.get(weekday).copied().unwrap_or_default()
}

fn refuse(message: &str) -> Result<Vec<u8>, Error> {
    Err(Error::Invalid(vec![Violation::of("end_date", 0, message)]))
}

fn schema() -> Json {
    let day = json!({"type": "string", "format": "date"});
    json!({
        "type": "object",
        "properties": {
            "start_date": day,
            "end_date": day,
            "hours": {
                "type": "object",
                "additionalProperties": {"type": "number", "minimum": 0},
                "description": "Hours by day.",
            },
        },
        "required": ["start_date", "end_date", "hours"],
        "additionalProperties": false,
    })
}
