//! What PostgreSQL's errors mean (its appendix A), and how they are told to people.

use std::error::Error as _;

use tokio_postgres::error::SqlState;

use crate::store::Error;

/// Words on errors whose own text does not say what to do.
const ADVICE: &[(SqlState, &str)] = &[
    (SqlState::INVALID_PASSWORD, "the password in the URL is wrong, or there is none"),
    (
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        "the server lets this user in only in another way: see pg_hba.conf",
    ),
    (SqlState::INVALID_CATALOG_NAME, "make it with `createdb`, with the encoding UTF8"),
    (SqlState::INSUFFICIENT_PRIVILEGE, "the user needs the rights to CREATE in the schema, and to write its tables"),
    (
        SqlState::READ_ONLY_SQL_TRANSACTION,
        "if the server follows another one, name that one; behind a pooler, set database_pooler to transaction",
    ),
    (SqlState::INVALID_SQL_STATEMENT_NAME, "behind a pooler, set database_pooler to transaction"),
    (SqlState::DUPLICATE_PSTATEMENT, "behind a pooler, set database_pooler to transaction"),
];

/// The same for errors that do not come from the server, by what their text holds.
const ADVICE_BY_TEXT: &[(&str, &str)] = &[
    (
        "does not support TLS",
        "set `ssl = on` there, or write sslmode=disable into the URL to send everything unencrypted",
    ),
    ("UnknownIssuer", "name the authority that has signed its certificate in database_ca_file"),
    (
        "BadSignature",
        "the certificates in database_ca_file are not those of the authority that has signed its certificate",
    ),
    ("not valid for name", "write the host into the URL as its certificate names it"),
    ("password missing", "write the password into the URL"),
    ("Connection refused", "nobody listens there: is the server running, and are host and port right?"),
    ("failed to lookup address", "is the host in the URL right?"),
];

/// The class of an error.
pub(super) fn error(cause: &tokio_postgres::Error) -> Error {
    let Some(told) = cause.as_db_error() else {
        return Error::Unavailable(explain(cause));
    };
    if *told.code() == SqlState::UNIQUE_VIOLATION {
        return Error::Unique(told.constraint().unwrap_or_default().to_owned());
    }
    match told.code().code().get(..2) {
        // Connection, transaction, resources, operator, system: what may be otherwise in a moment.
        Some("08" | "25" | "40" | "53" | "55" | "57" | "58") => Error::Unavailable(explain(cause)),
        // A right that the user lacks is for the operator to give; with SQLite, a file that may not be written is the same.
        _ if *told.code() == SqlState::INSUFFICIENT_PRIVILEGE => Error::Unavailable(explain(cause)),
        _ => Error::Statement(explain(cause)),
    }
}

/// Whether two transactions were in each other's way, so that the same would go well if it were tried again.
pub(super) fn is_collision(cause: &tokio_postgres::Error) -> bool {
    let collisions = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    cause.code().is_some_and(|code| collisions.contains(code))
}

/// An error with what is behind it, and with what to do where that is known, on one line.
pub(super) fn explain(cause: &tokio_postgres::Error) -> String {
    with_advice(cause, advice(cause))
}

/// The same for what happens before a server has proved that it is one.
pub(super) fn explain_greeting(cause: &tokio_postgres::Error) -> String {
    let doubt = || cause.as_db_error().is_none().then_some("is it a PostgreSQL server?");
    with_advice(cause, advice(cause).or_else(doubt))
}

fn advice(cause: &tokio_postgres::Error) -> Option<&'static str> {
    match cause.code() {
        Some(code) => ADVICE.iter().find(|(known, _)| known == code).map(|(_, advice)| *advice),
        None => {
            let text = with_what_is_behind(cause);
            ADVICE_BY_TEXT.iter().find(|(part, _)| text.contains(part)).map(|(_, advice)| *advice)
        }
    }
}

fn with_advice(cause: &tokio_postgres::Error, advice: Option<&str>) -> String {
    let text = match cause.as_db_error() {
        Some(told) => format!("{} ({})", told.message(), told.code().code()),
        None => with_what_is_behind(cause),
    };
    let advice = advice.map_or_else(String::new, |advice| format!("; {advice}"));
    format!("{text}{advice}").replace(['\r', '\n'], " ")
}

fn with_what_is_behind(cause: &tokio_postgres::Error) -> String {
    let mut text = cause.to_string();
    let mut behind = cause.source();
    while let Some(source) = behind {
        text = format!("{text}: {source}");
        behind = source.source();
    }
    text
}
