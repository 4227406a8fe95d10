//! Records that others name: by an id, an address or a name, all within the account.

use crate::sandbox::seed::file::{At, Named, Wrong};
use crate::sandbox::seed::{Account, Member, Role};
use crate::wire::fold::fold;

/// The user of the member who has this address.
pub(super) fn member_of(account: &Account, address: &str) -> Option<i64> {
    let has = |member: &&Member| fold(&member.person.email_address) == fold(address);
    account.members.iter().find(has).map(|member| member.person.user_id)
}

/// The user of a member who is named, or the owner.
pub(super) fn member_id(account: &Account, named: Option<&At<Named>>) -> Result<i64, Wrong> {
    let Some(named) = named else {
        let owner = account.members.iter().find(|member| member.is_owner);
        return Ok(owner.map_or(0, |owner| owner.person.user_id));
    };
    let found = match &named.value {
        Named::Id(id) => account.members.iter().map(|member| member.person.user_id).find(|user_id| user_id == id),
        Named::Text(address) => member_of(account, address),
    };
    found.ok_or_else(|| {
        let sentence = format!("The account has no member {}; write the id or the address of one.", named.value);
        Wrong::with(named, sentence)
    })
}

/// The role that is named.
pub(super) fn role_id(account: &Account, named: &At<Named>) -> Result<i64, Wrong> {
    let is_named = |role: &&Role| match &named.value {
        Named::Id(id) => role.id == *id,
        Named::Text(name) => role.name == *name,
    };
    let mut found = account.roles.iter().filter(is_named);
    match (found.next(), found.next()) {
        (Some(role), None) => Ok(role.id),
        (Some(_), Some(_)) => Err(Wrong::with(named, format!("There are two roles {}; write the id.", named.value))),
        (None, _) => {
            let sentence = format!("The account has no role {}; write the id or the name of one.", named.value);
            Err(Wrong::with(named, sentence))
        }
    }
}
