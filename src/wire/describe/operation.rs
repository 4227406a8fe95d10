//! Operations: what can be done with a resource, where, and by whom.

use crate::wire::describe::Rung;

#[derive(Clone, Copy)]
pub struct Operation {
    pub verb: Verb,
    /// Identifier in the API description.
    pub id: &'static str,
    /// One sentence for the reference.
    pub text: &'static str,
    /// Callers below this rung may never do it.
    pub from: Rung,
    pub ownership: Option<Ownership>,
    /// A boolean of the record, and the refusal where it is false.
    pub only_if: Option<(&'static str, &'static str)>,
    /// The word after the collection's path, if there is one.
    pub at: Option<&'static str>,
    /// Such an operation has a rate limit of its own.
    pub sends_mail: bool,
}

/// Below the highest rung, only the user named by a field of the record may do it.
#[derive(Clone, Copy)]
pub struct Ownership {
    pub field: &'static str,
    pub refusal: &'static str,
    /// Condition of further callers, with the account as `?1`, the user in the field as `?2` and the caller as `?3`.
    pub deputies: Option<&'static str>,
}

impl Operation {
    pub const fn new(verb: Verb, id: &'static str, from: Rung, text: &'static str) -> Self {
        Self { verb, id, text, from, ownership: None, only_if: None, at: None, sends_mail: false }
    }

    #[must_use]
    pub const fn own(mut self, field: &'static str, refusal: &'static str) -> Self {
        self.ownership = Some(Ownership { field, refusal, deputies: None });
        self
    }

    /// Callers who meet this condition count as owners.
    #[must_use]
    pub const fn or_deputies(mut self, condition: &'static str) -> Self {
        if let Some(ownership) = &mut self.ownership {
            ownership.deputies = Some(condition);
        }
        self
    }

    /// Only to records in which this boolean is true; it may depend on the caller.
    #[must_use]
    pub const fn only_if(mut self, field: &'static str, refusal: &'static str) -> Self {
        self.only_if = Some((field, refusal));
        self
    }

    /// `POST /resources/word` instead of `POST /resources`.
    #[must_use]
    pub const fn at(mut self, word: &'static str) -> Self {
        self.at = Some(word);
        self
    }

    #[must_use]
    pub const fn sends_mail(mut self) -> Self {
        self.sends_mail = true;
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `GET /resources`.
    Index,
    /// `GET /resources/{id}`.
    Show,
    /// `GET /resources/word`: the caller's own record.
    ShowOwn(&'static str),
    /// `POST /resources`; `bulk` is the most records that one body may hold (1: no bulk).
    Create { bulk: usize },
    /// `PUT /resources/{id}`, or `PATCH`.
    Update,
    /// `DELETE /resources/{id}`.
    Destroy,
    /// `DELETE /resources?ids=1,2`: at most so many, all or none.
    DestroyMany { most: usize },
    /// `PUT /resources/{id}/name`.
    Action(&'static str),
}

impl Verb {
    /// Name in policies, audit rows, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Index => "list",
            Self::Show => "show",
            Self::ShowOwn(word) => word,
            Self::Create { .. } => "create",
            Self::Update => "update",
            Self::Destroy => "delete",
            Self::DestroyMany { .. } => "delete_many",
            Self::Action(name) => name,
        }
    }

    /// The HTTP method.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Index | Self::Show | Self::ShowOwn(_) => "GET",
            Self::Create { .. } => "POST",
            Self::Update | Self::Action(_) => "PUT",
            Self::Destroy | Self::DestroyMany { .. } => "DELETE",
        }
    }

    /// Whether the path has an id.
    pub const fn has_id(self) -> bool {
        matches!(self, Self::Show | Self::Update | Self::Destroy | Self::Action(_))
    }

    pub const fn is_write(self) -> bool {
        !matches!(self, Self::Index | Self::Show | Self::ShowOwn(_))
    }

    /// Whether it writes to a record that exists.
    pub const fn writes_to_record(self) -> bool {
        self.is_write() && self.has_id()
    }

    /// Whether its body is read (rule O5). That of a list may hold filters that are too long for an address.
    pub const fn reads_body(self) -> bool {
        matches!(self, Self::Index | Self::Create { .. } | Self::Update | Self::Action(_) | Self::DestroyMany { .. })
    }
}
