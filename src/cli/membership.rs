//! `invited membership`: what an operator does to members, by the rules for an administrator's requests.

use anyhow::Result;
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use serde_json::{Map, json};

use crate::cli::people;
use crate::cli::within::PersonArgs;
use crate::engine::access::ASSIGNABLE;
use crate::engine::error::Error;
use crate::resources::memberships::{ENTRY, RESOURCE};
use crate::resources::users;
use crate::resources::writes::{UNGUARDED, Write};
use crate::store::Db;
use crate::wire::changes::Changes;
use crate::wire::describe::Verb;
use crate::wire::projection::Projection;

/// Manage the members of an account
#[derive(Subcommand)]
pub enum MembershipCommand {
    /// Give a member another permission
    SetPermission {
        #[command(flatten)]
        member: PersonArgs,
        /// The new permission
        #[arg(value_parser = PossibleValuesParser::new(ASSIGNABLE))]
        permission: String,
    },
    /// End a member's access; running servers know within a second
    Disable(PersonArgs),
    /// Give a disabled member access again
    Enable(PersonArgs),
}

impl MembershipCommand {
    pub fn run(self) -> Result<()> {
        match self {
            Self::SetPermission { member, permission } => {
                let attributes = Map::from_iter([("permission".to_owned(), permission.into())]);
                change(member, move |db, write| {
                    let rung = write.context.caller.rung();
                    write.update(db, Changes::read(&RESOURCE, Verb::Update, &attributes, rung, 0))
                })
            }
            Self::Disable(member) => change(member, |db, write| write.act(db, "disable")),
            Self::Enable(member) => change(member, |db, write| write.act(db, "enable")),
        }
    }
}

/// Changes a membership and prints it.
fn change(
    PersonArgs { email, within }: PersonArgs,
    work: impl Fn(&mut Db, &Write<'_>) -> Result<Vec<u8>, Error> + Send + 'static,
) -> Result<()> {
    let (user, membership) = within.write(false, move |db, context, account| {
        let operator = &context.caller;
        let people::Person { user_id, membership_id } = people::find(db, account, &email)?;
        let not_a_member = || Error::Syntax(format!("{email} is not a member of account {account}."));
        let id = membership_id.ok_or_else(not_a_member)?.record();
        let projection = &Projection::plain(&RESOURCE, operator.rung());
        let changed = work(db, &Write { context, entry: &ENTRY, id: Some(id), guard: UNGUARDED, projection })?;
        let user = people::record(db, &users::RESOURCE, operator, user_id.record())?;
        Ok((user, people::record_in(&changed, &RESOURCE, id)?))
    })?;
    within.print(&json!({ "account_membership": membership }), people::line(&user, &membership))
}
