//! Billable utilizations: the share of a member's time to be billed, from a day on.

use crate::engine::access::ADMINISTRATOR;
use crate::resources::cost_rates::MEMBERSHIP;
use crate::resources::entry::{Behaviour, Entry};
use crate::resources::{memberships, users};
use crate::wire::describe::{Association, Field, Filter, Operation, Resource, Verb};
use crate::wire::kind::Kind;

pub static ENTRY: Entry = Entry { resource: &RESOURCE, behaviour: Behaviour::NONE };

pub static RESOURCE: Resource = Resource {
    name: "billable_utilizations",
    singular: "billable_utilization",
    object: "BillableUtilization",
    text: "The share of a member's time to be billed, from a day on.",
    table: "billable_utilizations",
    fields: &[
        Field::new("account_membership_id", Kind::Id("account_memberships"), "The membership.")
            .on_create(3)
            .required()
            .naming(MEMBERSHIP),
        Field::new("created_at", Kind::Time, "When it was made."),
        Field::new("creator_id", Kind::Id("users"), "The user who has made it.").nullable().author(),
        Field::new("effective_date", Kind::Date, "The first day.").on_write(1).always_required(),
        Field::new("target", Kind::Whole(0, 100), "The share, in percent.").on_write(2).always_required(),
        Field::new("updated_at", Kind::Time, "When it was last changed."),
    ],
    filters: &[Filter::DATES],
    associations: &[
        Association::belongs_to("account_membership", "account_membership_id", &memberships::RESOURCE),
        Association::belongs_to("creator", "creator_id", &users::RESOURCE),
    ],
    operations: &[
        Operation::new(Verb::Index, "GetBillableUtilizations", ADMINISTRATOR, "Retrieve billable utilizations."),
        Operation::new(
            Verb::Create { bulk: 1 },
            "CreateBillableUtilization",
            ADMINISTRATOR,
            "Set the target of a member from a day on.",
        ),
        Operation::new(Verb::Show, "GetBillableUtilization", ADMINISTRATOR, "Retrieve one billable utilization."),
        Operation::new(Verb::Update, "UpdateBillableUtilization", ADMINISTRATOR, "Change a billable utilization."),
        Operation::new(Verb::Destroy, "DeleteBillableUtilization", ADMINISTRATOR, "Delete a billable utilization."),
    ],
    ..Resource::PLAIN
};
