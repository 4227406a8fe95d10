//! `invited membership`: what an operator does to members, by the rules for an administrator's requests.

use anyhow::Result;
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use serde_json::{Map, json};

use crate::cli::people;
use crate::cli::within::Person;
use crate::engine::access::ASSIGNABLE;
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::ids::MembershipId;
use crate::resources::memberships::{ENTRY, RESOURCE};
use crate::resources::users;
use crate::resources::writes::{self, UNGUARDED};
use crate::store::Db;
use crate::wire::changes::{Changes, Write};
use crate::wire::projection::Projection;

/// Manage the members of an account
#[derive(Subcommand)]
pub enum Membership {
    /// Give a member another permission
    SetPermission {
        #[command(flatten)]
        member: Person,
        /// The new permission
        #[arg(value_parser = PossibleValuesParser::new(ASSIGNABLE))]
        permission: String,
    },
    /// End a member's access; running servers know within a second
    Disable(Person),
    /// Give a disabled member access again
    Enable(Person),
}

impl Membership {
    pub fn run(self) -> Result<()> {
        match self {
            Self::SetPermission { member, permission } => {
                let attributes = Map::from_iter([("permission".to_owned(), permission.into())]);
                change(member, move |db, context, id| {
                    let changes = Changes::read(&RESOURCE, Write::Update, &attributes, context.caller.rung(), 0);
                    writes::update(db, context, &ENTRY, Some(id.record()), changes, UNGUARDED, &plain(context))
                        .map(drop)
                })
            }
            Self::Disable(member) => act(member, "disable"),
            Self::Enable(member) => act(member, "enable"),
        }
    }
}

fn plain(context: &Context) -> Projection {
    Projection::plain(&RESOURCE, context.caller.rung())
}

fn act(member: Person, action: &'static str) -> Result<()> {
    change(member, move |db, context, id| {
        writes::act(db, context, &ENTRY, Some(id.record()), action, UNGUARDED, &plain(context)).map(drop)
    })
}

/// Changes a membership and prints it.
fn change(
    Person { email, within }: Person,
    work: impl Fn(&mut Db, &Context, MembershipId) -> Result<(), Error> + Send + 'static,
) -> Result<()> {
    let (user, membership) = within.write(false, move |db, context| {
        let operator = &context.caller;
        let person = people::find(db, operator.account_id, &email)?;
        let id = person
            .membership_id
            .ok_or_else(|| Error::Syntax(format!("{email} is not a member of account {}.", operator.account_id)))?;
        work(db, context, id)?;
        let user = people::record(db, &users::RESOURCE, operator, person.user_id.record())?;
        Ok((user, people::record(db, &RESOURCE, operator, id.record())?))
    })?;
    within.print(&json!({ "account_membership": membership }), people::line(&user, &membership))
}
