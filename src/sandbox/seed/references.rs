//! How the records of a seed refer to each other: ids, texts that must be unique, and records that are named.

use std::collections::HashSet;

use crate::sandbox::seed::file::{Member, Role};
use crate::sandbox::seed::values::{ExternalReference, Name, RecordNumber};
use crate::sandbox::seed::written::{Rule, SeedError, Written};
use crate::wire::fold::fold;

/// The ids of one kind of record: those of the file, and the last one that was assigned.
#[derive(Default)]
pub(super) struct Ids {
    written: HashSet<i64>,
    last: i64,
}

impl Ids {
    /// Notes an id of the file. All of them are noted before the first one is assigned.
    pub(super) fn note(&mut self, kind: &str, id: &Option<Written<RecordNumber>>) -> Result<(), SeedError> {
        id.as_ref().map_or(Ok(()), |id| self.note_number(kind, id.value, id))
    }

    fn note_number<R: Rule>(&mut self, kind: &str, number: i64, at: &Written<R>) -> Result<(), SeedError> {
        match self.written.insert(number) {
            true => Ok(()),
            false => at.wrong(format!("There is another {kind} with the id {number}; write another id, or none.")),
        }
    }

    /// Notes the ids of external references.
    pub(super) fn note_references(&mut self, references: &[Written<ExternalReference>]) -> Result<(), SeedError> {
        references.iter().try_for_each(|reference| match reference.value["id"].as_i64() {
            Some(number) => self.note_number("external reference", number, reference),
            None => Ok(()),
        })
    }

    /// The id of the file, or else the next one that the file does not use.
    pub(super) fn assign(&mut self, id: &Option<Written<RecordNumber>>) -> i64 {
        id.as_ref().map_or_else(|| self.next(), |id| id.value)
    }

    fn next(&mut self) -> i64 {
        self.last += 1;
        while self.written.contains(&self.last) {
            self.last += 1;
        }
        self.last
    }
}

/// A record has one reference in each service. Each reference gets its id.
pub(super) fn check_references(ids: &mut Ids, references: &mut [Written<ExternalReference>]) -> Result<(), SeedError> {
    let mut services = Unique::default();
    for reference in references {
        let service = reference.value["service_name"].as_str().unwrap_or_default();
        services.note(reference, service, "A reference in")?;
        if reference.value["id"].is_null() {
            reference.value["id"] = ids.next().into();
        }
    }
    Ok(())
}

/// Texts that must differ from each other.
#[derive(Default)]
pub(super) struct Unique(HashSet<String>);

impl Unique {
    pub(super) fn note<R: Rule>(&mut self, at: &Written<R>, text: &str, what: &str) -> Result<(), SeedError> {
        match self.0.insert(text.to_owned()) {
            true => Ok(()),
            false => at.wrong(format!("{what} {text} is there twice; use another.")),
        }
    }
}

/// The user of the member with this address.
pub(super) fn member_with(members: &[Member], address: &str) -> Option<i64> {
    members.iter().find(|member| fold(&member.email_address.value) == fold(address)).map(|member| member.found.user_id)
}

/// The user of the member who is named, or else of the owner.
pub(super) fn member_id(members: &[Member], named: &Option<Written<Name>>) -> Result<i64, SeedError> {
    let Some(named) = named else {
        return Ok(members.iter().find(|member| member.found.is_owner).map_or(0, |owner| owner.found.user_id));
    };
    let found = match &named.value {
        Name::Id(id) => members.iter().map(|member| member.found.user_id).find(|user_id| user_id == id),
        Name::Text(address) => member_with(members, address),
    };
    let sentence = || format!("The account has no member {}; write the id or the address of one.", named.value);
    found.map_or_else(|| named.wrong(sentence()), Ok)
}

/// The role that is named, if one is.
pub(super) fn role_id(roles: &[Role], named: &Option<Written<Name>>) -> Result<Option<i64>, SeedError> {
    let Some(named) = named else { return Ok(None) };
    let mut found = roles.iter().filter(|role| match &named.value {
        Name::Id(id) => role.found.id == *id,
        Name::Text(name) => role.name.value == *name,
    });
    let sentence = match (found.next(), found.next()) {
        (Some(role), None) => return Ok(Some(role.found.id)),
        (Some(_), Some(_)) => format!("There are two roles {}; write the id.", named.value),
        (None, _) => format!("The account has no role {}; write the id or the name of one.", named.value),
    };
    named.wrong(sentence)
}
