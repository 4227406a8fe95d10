//! `invited membership`: what an operator does to members, by the rules that hold for an administrator's requests.

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use serde_json::{Map, Value as Json, json};

use crate::cli::{people, settings};
use crate::engine::access::ASSIGNABLE;
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::ids::MembershipId;
use crate::resources::memberships::{ENTRY, RESOURCE};
use crate::resources::writes::{self, UNGUARDED};
use crate::store::Db;
use crate::wire::changes::{Changes, Write};
use crate::wire::projection::Projection;

pub fn command() -> Command {
    let permission = Arg::new("permission")
        .value_name("PERMISSION")
        .required(true)
        .value_parser(PossibleValuesParser::new(ASSIGNABLE))
        .help("The new level");
    let common = || [people::account_argument(), people::json_argument()];
    let set_permission = Command::new("set-permission")
        .about("Give a member another level")
        .args([people::address_argument(), permission])
        .args(common());
    let disable = Command::new("disable")
        .about("End a member's access; running servers know within a second")
        .arg(people::address_argument())
        .args(common());
    let enable = Command::new("enable")
        .about("Give a disabled member access again")
        .arg(people::address_argument())
        .args(common());
    Command::new("membership")
        .about("Manage the members of an account")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(
            [set_permission, disable, enable].map(|command| settings::add_flags(command, settings::is_of_database)),
        )
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("set-permission", matches)) => {
            let permission = matches.get_one::<String>("permission").cloned().unwrap_or_default();
            let attributes = Map::from_iter([("permission".to_owned(), Json::from(permission))]);
            change(matches, move |db, context, id| {
                let changes = Changes::read(&RESOURCE, Write::Update, &attributes, context.caller.rung(), 0);
                writes::update(db, context, &ENTRY, Some(id.record()), changes, UNGUARDED, &plain(context)).map(drop)
            })
        }
        Some((action @ ("disable" | "enable"), matches)) => {
            let action = action.to_owned();
            change(matches, move |db, context, id| {
                writes::act(db, context, &ENTRY, Some(id.record()), &action, UNGUARDED, &plain(context)).map(drop)
            })
        }
        _ => Ok(()),
    }
}

fn plain(context: &Context) -> Projection {
    Projection::plain(&RESOURCE, context.caller.rung())
}

/// Carries out a change of the membership of the person whom the arguments name, and prints how it is then.
fn change(
    matches: &ArgMatches,
    work: impl Fn(&mut Db, &Context, MembershipId) -> Result<(), Error> + Send + 'static,
) -> Result<()> {
    let address = matches.get_one::<String>("email").cloned().unwrap_or_default();
    let (user, membership) = people::write(matches, move |db, context| {
        let operator = &context.caller;
        let id = people::find_membership(db, operator.account_id, &address)?;
        work(db, context, id)?;
        let user = people::find(db, operator.account_id, &address)?.user_id;
        Ok((people::user(db, operator, user)?, people::membership(db, operator, id)?))
    })?;
    if matches.get_flag("json") {
        println!("{}", json!({ "account_membership": membership }));
    } else {
        println!("{}", people::line(&user, &membership));
    }
    Ok(())
}
