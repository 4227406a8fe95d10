//! One error for everything that ends a request early, and its answer (docs/WIRE.md, Errors).
//!
//! Clients get the error's sentence; the cause travels beside it and is for the log only.

use crate::entropy::NoEntropy;
use crate::mail::outbox;
use crate::store;
use crate::wire::changes::Violation;
use crate::wire::kind::{Kind, Value, print_text};
use crate::wire::params::Undecodable;
use crate::wire::query::ListError;

/// Seconds after which a client should try again when the service could not serve it.
const RETRY_AFTER: u64 = 1;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: the request is not what it says it is.
    #[error("{0}")]
    Syntax(String),
    /// 401: no token, or none that is valid.
    #[error("Invalid OAuth 2 Request")]
    Unauthenticated,
    /// 403: the caller may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// 404: no such record, path or method.
    #[error("Not found")]
    NotFound,
    /// 404: a path that a sandbox does not serve, with what it serves.
    #[error("Not found. This sandbox does not serve /{path}; it serves {}.", .served.join(", "))]
    NotServed { path: String, served: Vec<&'static str> },
    /// 408: the request did not arrive in time.
    #[error("The request took too long to arrive.")]
    TooSlow,
    /// 412: the record is not what the request expects it to be.
    #[error("The record has changed since it was read. Read it again, then decide.")]
    Stale,
    /// 413: the body exceeds the limit, in bytes.
    #[error("The request body is larger than {0} bytes.")]
    TooLarge(usize),
    /// 415: a content type or encoding that is not read.
    #[error("{0}")]
    Unsupported(&'static str),
    /// 421: a sandbox, under a name that it does not answer to.
    #[error(
        "This sandbox does not answer to that name. Use an IP address, localhost, or a base_url with the name that \
         clients use."
    )]
    Misdirected,
    /// 422: these rules are broken, in documented order.
    #[error("{}", .0.first().map_or("", |violation| &violation.message))]
    Invalid(Vec<Violation>),
    /// 429: too many requests; the seconds until the next one.
    #[error("Rate limit exceeded. Please try again later.")]
    RateLimited(u64),
    /// The caller's authority has changed since the request was judged. The request is judged again, with the caller as
    /// it is now.
    #[error("The service is temporarily unavailable. Please try again.")]
    CallerChanged,
    /// 503: overloaded, or the storage is unavailable. Nothing was done.
    #[error("The service is temporarily unavailable. Please try again.")]
    Unavailable(String),
    /// 503: the database failed during the commit of a write.
    #[error("The write may have happened: the database did not say. Look before you repeat it.")]
    Uncertain(String),
    /// The same for a request that may have a key.
    #[error(
        "The write may have happened: the database did not say. \
         Repeat it with the same Idempotency-Key, or look before you repeat it."
    )]
    UncertainWithKey(String),
    /// 431: the request line and the headers exceed the limit.
    #[error("The head of the request is too large.")]
    HeadTooLarge,
    /// 500: the program failed.
    #[error("An internal error occurred. Please report the request id.")]
    Internal(String),
}

impl Error {
    /// A broken rule on the record as a whole.
    pub fn rule(sentence: &str) -> Self {
        Self::Invalid(vec![Violation::of("base", 0, sentence)])
    }

    /// The same error for an operation that reads `Idempotency-Key`: it can be repeated safely.
    #[must_use]
    pub fn with_key(self) -> Self {
        if let Self::Uncertain(cause) = self { Self::UncertainWithKey(cause) } else { self }
    }

    pub fn unless_valid(violations: Vec<Violation>) -> Result<(), Self> {
        if violations.is_empty() { Ok(()) } else { Err(Self::Invalid(violations)) }
    }

    pub fn status(&self) -> u16 {
        match self {
            Self::Syntax(_) => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound | Self::NotServed { .. } => 404,
            Self::TooSlow => 408,
            Self::Stale => 412,
            Self::TooLarge(_) => 413,
            Self::Unsupported(_) => 415,
            Self::Misdirected => 421,
            Self::Invalid(_) => 422,
            Self::RateLimited(_) => 429,
            Self::HeadTooLarge => 431,
            Self::Internal(_) => 500,
            Self::CallerChanged | Self::Uncertain(_) | Self::UncertainWithKey(_) | Self::Unavailable(_) => 503,
        }
    }

    /// Seconds for `Retry-After`, where a later try makes sense.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::RateLimited(seconds) => Some(*seconds),
            _ if self.status() == 503 => Some(RETRY_AFTER),
            _ => None,
        }
    }

    /// The elements of a body that other records are in the way of, each with the id of that record.
    pub fn in_the_way(&self) -> Vec<(usize, i64)> {
        let Self::Invalid(violations) = self else { return Vec::new() };
        violations.iter().filter_map(|violation| Some((violation.index, violation.in_the_way?))).collect()
    }

    /// What only the log may say.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Uncertain(cause)
            | Self::UncertainWithKey(cause)
            | Self::Unavailable(cause)
            | Self::Internal(cause) => Some(cause),
            _ => None,
        }
    }

    pub fn body(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(b"{\"errors\":[");
        match self {
            Self::Invalid(violations) => {
                for (position, violation) in violations.iter().enumerate() {
                    if position > 0 {
                        out.push(b',');
                    }
                    print_violation(violation, &mut out);
                }
            }
            other => {
                out.extend_from_slice(b"{\"type\":");
                print_text(other.kind(), &mut out);
                out.extend_from_slice(b",\"message\":");
                print_text(&other.to_string(), &mut out);
                out.push(b'}');
            }
        }
        out.extend_from_slice(b"]}");
        out
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Syntax(_) | Self::TooLarge(_) | Self::HeadTooLarge | Self::Unsupported(_) => "syntax",
            Self::Unauthenticated => "oauth",
            Self::Invalid(_) => "validation",
            _ => "system",
        }
    }
}

fn print_violation(violation: &Violation, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"validation\",\"field\":");
    print_text(&violation.field, out);
    out.extend_from_slice(b",\"message\":");
    print_text(&violation.message, out);
    out.extend_from_slice(b",\"index\":");
    out.extend_from_slice(violation.index.to_string().as_bytes());
    out.push(b'}');
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Overloaded
            | store::Error::Stopped
            | store::Error::Unavailable(_)
            | store::Error::Unusable(_) => Self::Unavailable(error.to_string()),
            store::Error::Uncertain(_) => Self::Uncertain(error.to_string()),
            // Jobs require nothing else than an unchanged caller.
            store::Error::Unmet => Self::CallerChanged,
            _ => Self::Internal(error.to_string()),
        }
    }
}

impl From<outbox::OutboxError> for Error {
    fn from(refusal: outbox::OutboxError) -> Self {
        match refusal {
            outbox::OutboxError::Store(cause) => cause.into(),
            outbox::OutboxError::NoEntropy(cause) => cause.into(),
            outbox::OutboxError::TooMany(seconds) => Self::RateLimited(seconds),
        }
    }
}

impl From<ListError> for Error {
    fn from(refusal: ListError) -> Self {
        Self::Syntax(match refusal {
            ListError::TooMany { parameter, most, of } => format!("{parameter} must not list more than {most} {of}."),
            ListError::Missing { parameter } => format!("The parameter {parameter} is required."),
            ListError::Alone { parameter, needs } => format!("The parameter {parameter} needs {needs} beside it."),
            ListError::Both { parameter, other } => format!("Send either {parameter} or {other}, not both."),
        })
    }
}

impl From<NoEntropy> for Error {
    fn from(error: NoEntropy) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<Undecodable> for Error {
    fn from(undecodable: Undecodable) -> Self {
        match undecodable {
            Undecodable::Malformed(sentence) => Self::Syntax(sentence.into_owned()),
            Undecodable::UnsupportedType => Self::Unsupported(
                "The content type is not supported. \
                 Use application/json, application/x-www-form-urlencoded or multipart/form-data.",
            ),
            Undecodable::UnsupportedEncoding => {
                Self::Unsupported("The content encoding is not supported. Send the body uncompressed.")
            }
        }
    }
}

/// Reads a command-line text as a field of this kind would be read.
pub fn read_text(kind: Kind, name: &str, text: &str) -> Result<String, Error> {
    match kind.read(name, &text.into()) {
        Ok(Value::Text(text)) => Ok(text),
        Ok(_) => Err(Error::Syntax(format!("{name} is not text."))),
        Err(sentence) => Err(Error::Syntax(sentence)),
    }
}
