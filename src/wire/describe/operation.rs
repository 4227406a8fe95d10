//! Operations: what can be done with a resource, where, and by whom.

use serde_json::Value as Json;

use crate::wire::describe::Rung;
use crate::wire::kind::Kind;

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
    /// The word after the path of the collection or the record, if it is not the verb's.
    pub at: Option<&'static str>,
    /// What a [`Verb::Document`] or a [`Verb::Overview`] reads and answers.
    pub document: Option<&'static Document>,
    /// What a [`Verb::Attach`] takes.
    pub file: Option<&'static FileInput>,
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

/// An answer of its own shape, without the envelope.
pub struct Document {
    /// Required parameters of the query.
    pub parameters: &'static [Parameter],
    /// The schema of the answer.
    pub schema: fn() -> Json,
}

/// A parameter of a [`Document`].
pub struct Parameter {
    pub name: &'static str,
    pub kind: Kind,
    /// One sentence for the reference.
    pub text: &'static str,
}

/// The file in a multipart body: the part `root[field]`.
pub struct FileInput {
    pub field: &'static str,
    /// The file's formats in a few words, for the reference.
    pub formats: &'static str,
    /// One sentence for the reference.
    pub text: &'static str,
    pub most_bytes: usize,
}

impl FileInput {
    /// The name of its part.
    pub fn part(&self, root: &str) -> String {
        format!("{root}[{}]", self.field)
    }
}

impl Operation {
    pub const fn new(verb: Verb, id: &'static str, from: Rung, text: &'static str) -> Self {
        Self {
            verb,
            id,
            text,
            from,
            ownership: None,
            only_if: None,
            at: None,
            document: None,
            file: None,
            sends_mail: false,
        }
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

    /// `POST /resources/word` instead of `POST /resources`, or another word after the record than the name of the verb.
    #[must_use]
    pub const fn at(mut self, word: &'static str) -> Self {
        self.at = Some(word);
        self
    }

    #[must_use]
    pub const fn document(mut self, document: &'static Document) -> Self {
        self.document = Some(document);
        self
    }

    #[must_use]
    pub const fn file(mut self, file: &'static FileInput) -> Self {
        self.file = Some(file);
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
    /// `GET /resources/word`: a document about the whole collection, without the envelope.
    Overview(&'static str),
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
    /// `GET /resources/{id}/name`: something about the record, without the envelope.
    Document(&'static str),
    /// `POST /resources/{id}/name`: gives the record a file, which replaces the one that it has.
    Attach(&'static str),
    /// `DELETE /resources/{id}/name`: takes that file away.
    Detach(&'static str),
}

impl Verb {
    /// Name in policies, audit rows, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Index => "list",
            Self::Show => "show",
            Self::ShowOwn(word) | Self::Overview(word) => word,
            Self::Create { .. } => "create",
            Self::Update => "update",
            Self::Destroy => "delete",
            Self::DestroyMany { .. } => "delete_many",
            Self::Action(name) | Self::Document(name) | Self::Attach(name) | Self::Detach(name) => name,
        }
    }

    /// The HTTP method.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Index | Self::Show | Self::ShowOwn(_) | Self::Document(_) | Self::Overview(_) => "GET",
            Self::Create { .. } | Self::Attach(_) => "POST",
            Self::Update | Self::Action(_) => "PUT",
            Self::Destroy | Self::DestroyMany { .. } | Self::Detach(_) => "DELETE",
        }
    }

    /// Whether the path has an id.
    pub const fn has_id(self) -> bool {
        !matches!(self, Self::Index | Self::ShowOwn(_) | Self::Create { .. })
    }

    pub const fn is_write(self) -> bool {
        !matches!(self, Self::Index | Self::Show | Self::ShowOwn(_) | Self::Document(_) | Self::Overview(_))
    }

    /// Whether it writes to a record that exists.
    pub const fn writes_to_record(self) -> bool {
        self.is_write() && self.has_id()
    }

    /// Whether its body is read (rule O5). That of a list may hold filters that are too long for an address.
    pub const fn reads_body(self) -> bool {
        matches!(
            self,
            Self::Index
                | Self::Create { .. }
                | Self::Update
                | Self::Action(_)
                | Self::Attach(_)
                | Self::DestroyMany { .. }
        )
    }

    /// Whether the answer of a success is an empty 204.
    pub const fn answers_nothing(self) -> bool {
        matches!(self, Self::Destroy | Self::DestroyMany { .. } | Self::Detach(_))
    }
}
