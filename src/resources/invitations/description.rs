//! Account invitations (docs/WIRE.md).

use crate::engine::access::{ADMINISTRATOR, INVITABLE, LEAD};
use crate::resources::entry::{Behaviour, Entry};
use crate::resources::invitations::{creation, rules};
use crate::resources::{external_references, memberships, roles, users};
use crate::wire::describe::{
    Association, DefaultScope, Direction, Field, Filter, Flag, Operation, Resource, Search, Sort, Tally, Test, Verb,
    derived,
};
use crate::wire::kind::{Cell, FALSE, Kind};

const NOT_THE_INVITER: &str = "Only an administrator or the inviter may change this invitation.";

/// Indexes repeat this condition literally.
const IS_PENDING: &str = "t.accepted_at IS NULL";

/// As [`crate::resources::invitations::states`] has them: of each invitation, exactly one is true.
const STATES: &[(&str, &str)] = &[
    (
        "pending",
        "t.accepted_at IS NULL AND t.declined_at IS NULL AND t.expired_at IS NULL AND +t.expires_on >= {today}",
    ),
    (
        "expired",
        "t.accepted_at IS NULL AND t.declined_at IS NULL AND (t.expired_at IS NOT NULL OR +t.expires_on < {today})",
    ),
    ("declined", "t.accepted_at IS NULL AND t.declined_at IS NOT NULL"),
    ("accepted", "t.accepted_at IS NOT NULL"),
];

pub static ENTRY: Entry = Entry {
    resource: &RESOURCE,
    behaviour: Behaviour {
        create: Some(creation::invite),
        before_update: Some(rules::before_update),
        destroy: Some(rules::revoke),
        actions: &[("resend", rules::resend)],
        ..Behaviour::NONE
    },
};

pub static RESOURCE: Resource = Resource {
    name: "account_invitations",
    singular: "account_invitation",
    object: "AccountInvitation",
    text: "An invitation of a person, by mail, to become a member of the account.",
    table: "account_invitations",
    fields: &[
        Field::new("full_name", Kind::Line, "The name of the invited person.").on_create(2).required(),
        Field::new("email_address", Kind::Email, "The address that the invitation is sent to.").on_create(1).required(),
        Field::new("headline", Kind::Line, "The title of the invited person.").nullable().on_create(3),
        Field::new("permission", Kind::Choice(INVITABLE), "The level that the member will have.")
            .on_write(4)
            .default(Cell::Text("project_creator")),
        derived("pending", IS_PENDING, "Whether it waits for acceptance. An expired invitation is still pending."),
        Field::new("expiration_date", Kind::Date, "The last day, in UTC, on which the link works.")
            .expression("t.expires_on")
            .nullable(),
        memberships::rate("bill_rate_in_cents", LEAD, "The default billing rate of the member.")
            .on_write(6)
            .settable_from(LEAD),
        memberships::billability().on_write(8),
        memberships::rate("cost_rate_in_cents", ADMINISTRATOR, "The default cost rate of the member.")
            .on_write(7)
            .settable_from(ADMINISTRATOR),
        Field::new("inviter_id", Kind::Id("users"), "The user who has sent the invitation.").nullable(),
        Field::new("invitee_id", Kind::Id("users"), "The user whom the invitation will make active.").nullable(),
        Field::new("default_role_id", Kind::Id("roles"), "The role that the member will have.")
            .nullable()
            .on_write(5)
            .naming(roles::ACTIVE),
        Field::new("default_read_only", Kind::Bool, "Whether the member will start without the right to write.")
            .hidden()
            .on_create(9)
            .default(FALSE),
        external_references::field("The id of the person in another system. It is stored with the invitee's user.")
            .on_create(10)
            .kept_by_rule(),
    ],
    filters: &[
        &external_references::FILTERS_OF_INVITEES,
        &[
            Filter::new("invitee_id", Test::Id("t.invitee_id"), "The invitations of this user.").addition(),
            Filter::new("with_ids", Test::Ids("t.id"), "These invitations, by id, with commas, in pages.").addition(),
            Filter::new("state", Test::Words(STATES), "Those that are pending, expired, declined or accepted.")
                .addition(),
            Filter::new(
                "by_full_name",
                Test::Contains(&["t.name_key"]),
                "Invitations whose name contains this text, in any case.",
            ),
            Filter::flag(
                "only_pending",
                Flag::Only(IS_PENDING),
                "Only invitations that wait for acceptance; false lifts the restriction.",
            ),
        ],
    ],
    default_scope: Some(DefaultScope {
        condition: IS_PENDING,
        lifted_by: &[("only_pending", false)],
        replaced_by: &["state"],
    }),
    sorts: &[
        Sort::new("bill_rate", "t.bill_rate_in_cents").nullable().usable_from(LEAD),
        Sort::new("cost_rate", "t.cost_rate_in_cents").nullable().usable_from(ADMINISTRATOR),
        Sort::new("created_at", "t.created_at"),
        Sort::new("expiration_date", "t.expires_on"),
        Sort::new("full_name", "t.name_key"),
        Sort::new("permission", "t.permission"),
    ],
    default_order: ("created_at", Direction::Descending),
    search: Some(Search { columns: &["t.name_key", "t.email_key"], words: "t.search_key" }),
    associations: &[
        Association::belongs_to("default_role", "default_role_id", &roles::RESOURCE),
        Association::belongs_to("invitee", "invitee_id", &users::RESOURCE),
        Association::belongs_to("inviter", "inviter_id", &users::RESOURCE),
    ],
    tallies: &[
        Tally { name: crate::resources::seats::PENDING_INVITATIONS, conditions: &[IS_PENDING] },
        Tally { name: rules::ALL, conditions: &[] },
    ],
    operations: &[
        Operation::new(Verb::Index, "GetAccountInvitations", LEAD, "Retrieve account invitations."),
        Operation::new(
            Verb::Create { bulk: 50 },
            "CreateAccountInvitation",
            LEAD,
            "Invite one person, or up to 50 at once: all of them or none.",
        )
        .sends_mail(),
        Operation::new(Verb::Show, "GetAccountInvitation", LEAD, "Retrieve one account invitation."),
        Operation::new(Verb::Update, "UpdateAccountInvitation", LEAD, "Change a pending account invitation.")
            .own("inviter_id", NOT_THE_INVITER),
        Operation::new(Verb::Destroy, "DeleteAccountInvitation", LEAD, "Take a pending account invitation back.")
            .own("inviter_id", NOT_THE_INVITER),
        Operation::new(
            Verb::Action("resend"),
            "ResendAccountInvitation",
            LEAD,
            "Send a pending account invitation again, with a new link and a new expiration date.",
        )
        .own("inviter_id", NOT_THE_INVITER)
        .sends_mail(),
    ],
    ..Resource::PLAIN
};
