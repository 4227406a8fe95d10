//! The format of a seed file. These structs are its only declaration: YAML and JSON are read into them, and the JSON
//! Schema is made from them and their comments.
//!
//! [`Found`] is no key of the file: `check` sets it.

mod custom_fields;
mod rates;
mod skills;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::oauth::passwords::HashedPassword;
use crate::sandbox::seed::values::{
    Assignable, Cents, Credential, CurrencyCode, DaysAgo, DaysAhead, Email, ExternalReference, Invitable, LanguageCode,
    Line, LongText, Moment, Name, Percent, RecordNumber, RedirectUri, Seats, Text, YesNo,
};
use crate::sandbox::seed::written::{NonEmpty, Written};
pub use custom_fields::{AnyValue, CustomField, FoundValue, MemberValue};
pub use rates::{BillableUtilization, CostRate, FoundRate};
pub use skills::{FoundSkill, MemberSkill, Skill};

/// What an invited sandbox holds when it starts. Ids that are left out are assigned in order.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Seed of an invited sandbox")]
pub struct File {
    /// The address of this schema, for editors.
    #[serde(rename = "$schema")]
    pub _schema: Option<String>,
    pub clock: Option<SeedClock>,
    pub accounts: Written<NonEmpty<Account>>,
}

/// When the sandbox starts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Clock")]
pub struct SeedClock {
    /// The moment at which it starts, from the year 2000 to 9899. Default: now.
    pub now: Option<Written<Moment>>,
    /// Whether the clock stands still until it is moved.
    pub frozen: Option<bool>,
}

/// An account, with at least one administrator who is not disabled.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    pub id: Option<Written<RecordNumber>>,
    pub name: Written<Line>,
    /// The language of its mails and pages. Default: that of the server.
    pub language: Option<Written<LanguageCode>>,
    /// What amounts of money are in. Default: USD.
    pub currency: Option<Written<CurrencyCode>>,
    /// The seats that it has contracted.
    pub seats: Option<Written<Seats>>,
    /// When it was created. Default: 90.
    pub created_days_ago: Option<Written<DaysAgo>>,
    #[serde(default)]
    pub roles: Vec<Role>,
    #[serde(default)]
    pub skills: Vec<Skill>,
    /// What the account wants to know of its users beyond the fields that everybody has.
    #[serde(default)]
    pub custom_fields: Vec<CustomField>,
    #[serde(default)]
    pub members: Vec<Member>,
    #[serde(default)]
    pub invitations: Vec<Invitation>,
    #[serde(default)]
    pub applications: Vec<SeedApplication>,
    #[serde(skip)]
    pub found: Found,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    pub id: Option<Written<RecordNumber>>,
    pub name: Written<Line>,
    /// When it was created. Default: with the account.
    pub created_days_ago: Option<Written<DaysAgo>>,
    /// When it was deleted, if it was.
    pub deleted_days_ago: Option<Written<DaysAgo>>,
    /// What other systems call it.
    #[serde(default)]
    pub external_references: Vec<Written<ExternalReference>>,
    #[serde(skip)]
    pub found: Found,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The id of the user.
    pub id: Option<Written<RecordNumber>>,
    pub membership_id: Option<Written<RecordNumber>>,
    /// The name of the person.
    pub full_name: Written<Line>,
    /// The email address, which no other member of the account has.
    pub email_address: Written<Email>,
    /// The title of the person.
    pub headline: Option<Written<Line>>,
    /// What the person says in the profile.
    pub bio: Option<Written<LongText>>,
    pub website: Option<Written<Line>>,
    pub city: Option<Written<Line>>,
    /// The state or region.
    pub state: Option<Written<Line>>,
    pub country: Option<Written<Line>>,
    /// The time zone, such as CET.
    pub abbreviated_timezone: Option<Written<Line>>,
    /// When the person last signed in.
    pub signed_in_days_ago: Option<Written<DaysAgo>>,
    pub permission: Written<Assignable>,
    /// Whether the member is always a collaborator in projects.
    #[serde(default)]
    pub collaborator_only_license: bool,
    /// Whether the member may sign in and use tokens. Default: true.
    pub can_log_in: Option<Written<YesNo>>,
    /// Whether this is the owner. Default: the first active administrator is.
    pub owner: Option<Written<YesNo>>,
    /// The default role, by its id or its name.
    pub role: Option<Written<Name>>,
    /// The default billing rate. The permission punch_clock needs one.
    pub bill_rate_in_cents: Option<Written<Cents>>,
    /// The default cost rate, which is the one in the currency of the account.
    pub cost_rate_in_cents: Option<Written<Cents>>,
    /// The cost rates in several currencies.
    #[serde(default)]
    pub cost_rates: Vec<CostRate>,
    /// The share of the working time to be billed, in percent.
    pub billability_target: Option<Written<Percent>>,
    /// What this share is to be from a day on.
    #[serde(default)]
    pub billable_utilizations: Vec<BillableUtilization>,
    /// What the person can.
    #[serde(default)]
    pub skills: Vec<MemberSkill>,
    /// What the person has in custom fields.
    #[serde(default)]
    pub custom_field_values: Vec<MemberValue>,
    /// Whether the member starts without the right to write.
    #[serde(default)]
    pub default_read_only: bool,
    pub token: Option<Written<Credential>>,
    /// A password to sign in with, of at least 12 characters.
    #[schemars(length(min = 12))]
    pub password: Option<Written<Text>>,
    /// When the membership was created. Default: 60.
    pub created_days_ago: Option<Written<DaysAgo>>,
    /// When the membership was disabled, if it was.
    pub disabled_days_ago: Option<Written<DaysAgo>>,
    /// What other systems call the person.
    #[serde(default)]
    pub external_references: Vec<Written<ExternalReference>>,
    #[serde(skip)]
    pub found: Found,
    #[serde(skip)]
    pub found_rates: Vec<FoundRate>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    pub id: Option<Written<RecordNumber>>,
    /// The id of the user who becomes a member by it. An accepted invitation has none: its invitee is a member.
    pub invitee_id: Option<Written<RecordNumber>>,
    /// The name of the person.
    pub full_name: Written<Line>,
    pub email_address: Written<Email>,
    /// The title of the person.
    pub headline: Option<Written<Line>>,
    /// The permission level. Default: project_creator.
    pub permission: Option<Written<Invitable>>,
    /// The default role, by its id or its name.
    pub role: Option<Written<Name>>,
    /// The default billing rate. The permission punch_clock needs one.
    pub bill_rate_in_cents: Option<Written<Cents>>,
    /// The default cost rate.
    pub cost_rate_in_cents: Option<Written<Cents>>,
    /// The share of the working time to be billed, in percent.
    pub billability_target: Option<Written<Percent>>,
    /// Whether the member starts without the right to write.
    #[serde(default)]
    pub default_read_only: bool,
    /// The member who has sent it, by id or email address. Default: the owner.
    pub inviter: Option<Written<Name>>,
    /// Its state. Default: pending.
    pub state: Option<InvitationState>,
    /// When it was created. Default: 20.
    pub created_days_ago: Option<Written<DaysAgo>>,
    /// Its last day, counted from the start. Default: what the setting invitation_days says.
    pub expires_in_days: Option<Written<DaysAhead>>,
    /// When it was accepted or declined. Default: the day after it was created.
    pub answered_days_ago: Option<Written<DaysAgo>>,
    /// The secret of its link, which opens /invitations/TOKEN.
    pub link_token: Option<Written<Credential>>,
    /// What other systems call the person.
    #[serde(default)]
    pub external_references: Vec<Written<ExternalReference>>,
    #[serde(skip)]
    pub found: Found,
}

/// What `check` has found out about a record, as far as it is of its kind.
#[derive(Default)]
pub struct Found {
    /// The id of the account, role, membership or invitation.
    pub id: i64,
    /// The id of the member's user, of the invitee, or of the user as whom an application acts.
    pub user_id: i64,
    pub inviter_id: i64,
    pub role_id: Option<i64>,
    /// In days.
    pub age: i64,
    pub is_owner: bool,
    pub password: Option<HashedPassword>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum InvitationState {
    #[default]
    Pending,
    Expired,
    Accepted,
    Declined,
}

impl Invitation {
    pub fn state(&self) -> InvitationState {
        self.state.unwrap_or_default()
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Application")]
pub struct SeedApplication {
    pub name: Written<Line>,
    pub client_id: Written<Credential>,
    pub secret: Written<Credential>,
    /// The addresses that answers may be sent to.
    pub redirect_uris: Written<NonEmpty<Written<RedirectUri>>>,
    /// The member as whom it acts in its own name, by id or email address. Default: the owner.
    pub member: Option<Written<Name>>,
    #[serde(skip)]
    pub found: Found,
}
