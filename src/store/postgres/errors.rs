//! The classes of PostgreSQL's errors (its appendix A), and texts for operators.

use std::error::Error as _;

use tokio_postgres::error::SqlState;

use crate::store::Error;

/// Advice on errors whose own text does not say what to do.
const ADVICE: &[(SqlState, &str)] = &[
    (SqlState::INVALID_PASSWORD, "the password in the URL is wrong, or there is none"),
    (SqlState::INVALID_AUTHORIZATION_SPECIFICATION, "the server wants another authentication method: see pg_hba.conf"),
    (SqlState::INVALID_CATALOG_NAME, "create it with `createdb` in the encoding UTF8"),
    (SqlState::INSUFFICIENT_PRIVILEGE, "the user needs the rights to CREATE in the schema, and to write its tables"),
    (
        SqlState::READ_ONLY_SQL_TRANSACTION,
        "name the primary, not a replica; with a pooler, set database_pooler to transaction",
    ),
    (SqlState::INVALID_SQL_STATEMENT_NAME, "behind a pooler, set database_pooler to transaction"),
    (SqlState::DUPLICATE_PSTATEMENT, "behind a pooler, set database_pooler to transaction"),
];

/// Advice on errors that do not come from the server, by a part of their text.
const ADVICE_BY_TEXT: &[(&str, &str)] = &[
    ("does not support TLS", "set `ssl = on` there, or write sslmode=disable into the URL to disable encryption"),
    ("UnknownIssuer", "name the authority that signed its certificate in database_ca_file"),
    ("CaUsedAsEndEntity", "its certificate is self-signed: name exactly this certificate in database_ca_file"),
    ("BadSignature", "its certificate was not signed by the authorities in database_ca_file"),
    ("not valid for name", "write the host into the URL as its certificate names it"),
    ("password missing", "write the password into the URL"),
    ("Connection refused", "is the server running, and are host and port right?"),
    ("failed to lookup address", "is the host in the URL right?"),
];

pub(super) fn error(cause: &tokio_postgres::Error) -> Error {
    let Some(server_error) = cause.as_db_error() else {
        return Error::Unavailable(explain(cause));
    };
    if *server_error.code() == SqlState::UNIQUE_VIOLATION {
        return Error::Unique(server_error.constraint().unwrap_or_default().to_owned());
    }
    match server_error.code().code().get(..2) {
        // Connection, transaction, resources, operator, system: errors that may be temporary.
        Some("08" | "25" | "40" | "53" | "55" | "57" | "58") => Error::Unavailable(explain(cause)),
        // The operator has to grant the privilege, as with a SQLite file that is not writable.
        _ if *server_error.code() == SqlState::INSUFFICIENT_PRIVILEGE => Error::Unavailable(explain(cause)),
        _ => Error::Statement(explain(cause)),
    }
}

/// Whether an error speaks of the server or the connection to it rather than of the statement, so other writes are
/// likely to fail as well.
pub(super) fn is_outage(cause: &tokio_postgres::Error) -> bool {
    let others = [SqlState::READ_ONLY_SQL_TRANSACTION, SqlState::INSUFFICIENT_PRIVILEGE];
    let Some(code) = cause.code() else { return true };
    others.contains(code) || ["08", "53", "57P", "58"].iter().any(|class| code.code().starts_with(class))
}

/// Whether an error leaves open what became of a commit that was under way: the connection is lost, and no error of the
/// transaction itself has come before.
pub(super) fn is_loss(cause: &tokio_postgres::Error) -> bool {
    cause.code().is_none_or(|code| ["08", "57P"].iter().any(|class| code.code().starts_with(class)))
}

/// Whether a transaction failed only because of a concurrent one, so a retry may succeed.
pub(super) fn is_collision(cause: &tokio_postgres::Error) -> bool {
    let collisions = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    cause.code().is_some_and(|code| collisions.contains(code))
}

/// An error with its causes, and advice if there is any, on one line.
pub(super) fn explain(cause: &tokio_postgres::Error) -> String {
    with_advice(cause, advice(cause))
}

/// The same for errors while connecting, when the other side may be no PostgreSQL server at all.
pub(super) fn explain_greeting(cause: &tokio_postgres::Error) -> String {
    let doubt = || cause.as_db_error().is_none().then_some("is it a PostgreSQL server?");
    with_advice(cause, advice(cause).or_else(doubt))
}

fn advice(cause: &tokio_postgres::Error) -> Option<&'static str> {
    match cause.code() {
        Some(code) => ADVICE.iter().find(|(known, _)| known == code).map(|(_, advice)| *advice),
        None => {
            let text = with_causes(cause);
            ADVICE_BY_TEXT.iter().find(|(part, _)| text.contains(part)).map(|(_, advice)| *advice)
        }
    }
}

fn with_advice(cause: &tokio_postgres::Error, advice: Option<&str>) -> String {
    let text = match cause.as_db_error() {
        Some(server_error) => format!("{} ({})", server_error.message(), server_error.code().code()),
        None => with_causes(cause),
    };
    let advice = advice.map_or_else(String::new, |advice| format!("; {advice}"));
    format!("{text}{advice}").replace(['\r', '\n'], " ")
}

fn with_causes(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
