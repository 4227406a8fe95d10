//! `invited membership`: what an operator does to members, by the rules for an administrator's requests.

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Map;

use crate::cli::in_account::InAccount;
use crate::cli::output;
use crate::cli::people::{self, Fields};
use crate::engine::access::ASSIGNABLE;
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::resources::memberships::{ENTRY, RESOURCE};
use crate::resources::users;
use crate::resources::writes::{self, UNGUARDED};
use crate::store::Db;
use crate::wire::changes::{Changes, Write};
use crate::wire::projection::Projection;

/// Manage the members of an account
#[derive(Subcommand)]
pub enum Membership {
    SetPermission(SetPermission),
    /// End a member's access; running servers know within a second
    Disable(Member),
    /// Give a disabled member access again
    Enable(Member),
}

/// Give a member another permission
#[derive(Args)]
pub struct SetPermission {
    #[command(flatten)]
    member: Member,
    /// The new permission
    #[arg(value_parser = PossibleValuesParser::new(ASSIGNABLE))]
    permission: String,
}

#[derive(Args)]
pub struct Member {
    /// Mail address of the member
    #[arg(value_name = "ADDRESS")]
    email: String,
    #[command(flatten)]
    within: InAccount,
}

#[derive(Serialize)]
struct Changed {
    account_membership: Fields,
}

impl Membership {
    pub fn run(self) -> Result<()> {
        match self {
            Self::SetPermission(SetPermission { member, permission }) => {
                let attributes = Map::from_iter([("permission".to_owned(), permission.into())]);
                member.change(move |db, context, id| {
                    let changes = Changes::read(&RESOURCE, Write::Update, &attributes, context.caller.rung(), 0);
                    writes::update(db, context, &ENTRY, Some(id), changes, UNGUARDED, &plain(context)).map(drop)
                })
            }
            Self::Disable(member) => member.act("disable"),
            Self::Enable(member) => member.act("enable"),
        }
    }
}

fn plain(context: &Context) -> Projection {
    Projection::plain(&RESOURCE, context.caller.rung())
}

impl Member {
    fn act(self, action: &'static str) -> Result<()> {
        self.change(move |db, context, id| {
            writes::act(db, context, &ENTRY, (Some(id), action), UNGUARDED, &plain(context)).map(drop)
        })
    }

    /// Changes the membership and prints it.
    fn change(self, work: impl Fn(&mut Db, &Context, i64) -> Result<(), Error> + Send + 'static) -> Result<()> {
        let email = self.email;
        let (user, account_membership) = self.within.write(move |db, context| {
            let operator = &context.caller;
            let id = people::find_membership(db, operator.account_id, &email)?;
            work(db, context, id)?;
            let user = people::find(db, operator.account_id, &email)?.user_id;
            let user = people::record(db, &users::RESOURCE, operator, user)?;
            Ok((user, people::record(db, &RESOURCE, operator, id)?))
        })?;
        let line = people::line(&user, Some(&account_membership));
        output::print(self.within.json, &Changed { account_membership }, line)
    }
}
