//! What is measured of the API.

use clap::ValueEnum;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Operation {
    /// One invitation
    Show,
    /// One of the first ten pages of 50 invitations, with their roles, invitees and inviters
    List,
    /// The first page with no parameters at all
    Page,
    /// The first page of members with their skills
    #[value(skip)]
    Members,
    /// The ten members who have a rare skill
    #[value(skip)]
    Holders,
    /// The first page of who has which skill
    #[value(skip)]
    Skills,
    /// Three fields of one invitation
    Update,
    /// Two fields of one invitation, always the same ones: for pgbench
    #[value(skip)]
    Rates,
    /// One invitation of a new person
    Create,
    /// 50 invitations of new people in one request
    Bulk,
}

impl Operation {
    /// All of the API, those first that leave the size of the database as it is.
    pub(crate) const ALL: [Operation; 6] =
        [Operation::Show, Operation::List, Operation::Page, Operation::Update, Operation::Create, Operation::Bulk];

    pub(crate) fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    pub(crate) fn writes(self) -> bool {
        matches!(self, Operation::Update | Operation::Rates) || self.grows()
    }

    /// Whether it makes the database larger.
    pub(crate) fn grows(self) -> bool {
        matches!(self, Operation::Create | Operation::Bulk)
    }
}
