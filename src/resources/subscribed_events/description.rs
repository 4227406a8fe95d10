//! The list of events.

use std::time::Duration;

use crate::engine::access::ADMINISTRATOR;
use crate::resources::entry::{Behaviour, Entry};
use crate::resources::subscribed_events::{subjects, types};
use crate::wire::describe::{
    Association, Direction, Field, Filter, Flag, Letters, Operation, Resource, Sort, Test, Verb, Window,
};
use crate::wire::kind::Kind;

/// How long an event is listed. The vendor says nine days, and once said seven.
const LISTED_FOR: Duration = Duration::from_secs(9 * 86_400);

/// The rows of the trail that are events; partial indexes repeat the condition literally.
const ROWS: &str = "(SELECT t.id, t.account_id, t.occurred_at AS created_at, t.occurred_at AS updated_at, \
                    t.event_type, t.subject_type AS subject_name, t.subject_id, t.actor_user_id AS user_id, t.before, \
                    t.after FROM audit t WHERE t.event_type IS NOT NULL)";

/// The ids of rows ascend in the order in which they were written. Looked up for each row, not joined: a page looks at
/// few rows.
const NEWEST: &str = "t.id = (SELECT max(n.id) FROM audit n WHERE n.account_id = ?1 AND n.event_type IS NOT NULL \
                      AND n.subject_type = t.subject_name AND n.subject_id = t.subject_id)";
const NEWEST_OF_TYPE: &str = "t.id = (SELECT max(n.id) FROM audit n WHERE n.account_id = ?1 \
                              AND n.event_type = t.event_type AND n.event_type IS NOT NULL \
                              AND n.subject_type = t.subject_name AND n.subject_id = t.subject_id)";

const BOTH: &str = "'[' || coalesce(t.before, 'null') || ',' || coalesce(t.after, 'null') || ']'";

const fn payload(name: &'static str, kind: Kind, sql: &'static str, text: &'static str) -> Field {
    Field::new(name, kind, text).expression(sql).nullable().on_request()
}

pub static ENTRY: Entry = Entry {
    resource: &RESOURCE,
    behaviour: Behaviour { overviews: &[(types::WORD, types::print)], ..Behaviour::NONE },
};

pub static RESOURCE: Resource = Resource {
    name: "subscribed_events",
    singular: "subscribed_event",
    object: "SubscribedEvent",
    text: "Something that has happened to a record of the account.",
    table: ROWS,
    fields: &[
        Field::new("account_id", Kind::NumberedId("accounts"), "The account."),
        Field::new("context_workspace_id", Kind::Id("workspaces"), "The project that it belongs to: never one here.")
            .expression("NULL")
            .nullable(),
        Field::new("created_at", Kind::Time, "When the event was made: when it happened."),
        payload("current_payload", Kind::Document, "t.after", "What was set, with the new values."),
        Field::new("event_type", Kind::Line, "What has happened, such as user:updated."),
        payload("payload_changes", Kind::Changes, BOTH, "What differs, each with the values before and after."),
        payload("previous_payload", Kind::Document, "t.before", "What was changed or deleted, with the old values."),
        Field::new("subject_changed_at", Kind::Time, "When it happened.").expression("t.created_at"),
        Field::new("subject_id", Kind::NumberedId("subject"), "The id of the record."),
        Field::new("subject_type", Kind::Choice(subjects::CLASSES), "The class of the record.")
            .expression(subjects::CLASS),
        Field::new("user_id", Kind::NumberedId("users"), "The user who did it; null for the operator.").nullable(),
    ],
    filters: &[
        &[
            Filter::new(
                "event_types",
                Test::OneOf(Letters::Exact, "t.event_type"),
                "Events of these types, with commas.",
            ),
            Filter::new("subject_type", Test::Special(subjects::of_class), "Events about records of this class."),
            Filter::new("subject_id", Test::Ids("t.subject_id"), "Events about these records, by id, with commas.")
                .only_with("subject_type"),
            Filter::new("user_ids", Test::Ids("t.user_id"), "What these users did, by id, with commas."),
            Filter::flag("most_recent", Flag::Only(NEWEST), "Only the newest event of each record.")
                .never_with("most_recent_by_event_type"),
            Filter::flag(
                "most_recent_by_event_type",
                Flag::Only(NEWEST_OF_TYPE),
                "Only the newest event of each record and type.",
            ),
            Filter::new("subject_changed_after", Test::After("t.created_at"), "Those that happened after this moment."),
            Filter::new(
                "subject_changed_before",
                Test::Before("t.created_at"),
                "Those that happened before this moment.",
            ),
        ],
        Filter::DATES,
    ],
    sorts: &[Sort::new("created_at", "t.created_at")],
    default_order: ("created_at", Direction::Descending),
    associations: &[Association::pointed("subject", "subject_ref", subjects::POINTER, subjects::SERVED)],
    window: Some(Window { column: "t.created_at", lasts: LISTED_FOR }),
    operations: &[
        Operation::new(
            Verb::Index,
            "GetSubscribedEvents",
            ADMINISTRATOR,
            "Retrieve what has happened in the last nine days.",
        ),
        Operation::new(
            Verb::Overview(types::WORD),
            "GetSubscribedEventTypes",
            ADMINISTRATOR,
            "Retrieve the types of events, and what their payloads hold.",
        )
        .document(&types::DOCUMENT),
    ],
    ..Resource::PLAIN
};
