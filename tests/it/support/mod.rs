//! The test kit.
//!
//! `server` starts the program, `client` speaks plain HTTP/1.1 over a socket of its own (a library would repair or hide
//! what the stories are about), `contract` judges each answer, `ordered_json` reads a body without forgetting the order
//! of its keys, `browser` keeps a cookie and fills in forms, `answers` says how people answer their invitations, `sink`
//! takes mails and misbehaves where a story wants it to, `postgres` is the database server of stories that are about
//! it, `proxy` stands before it, `orders` breaks the disk and the clock of the program, `waiting` waits for conditions.

pub(crate) mod answers;
pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod contract;
pub(crate) mod database;
pub(crate) mod invite;
pub(crate) mod markup;
pub(crate) mod ordered_json;
#[cfg(target_os = "linux")]
pub(crate) mod orders;
pub(crate) mod pictures;
pub(crate) mod postgres;
pub(crate) mod proxy;
pub(crate) mod server;
pub(crate) mod sink;
pub(crate) mod snapshot;
pub(crate) mod stored;
pub(crate) mod waiting;

pub(crate) use client::Answer;
pub(crate) use server::Server;
pub(crate) use sink::Sink;
pub(crate) use waiting::{Ends, within};

/// The levels that an invitation can grant, lowest first.
pub(crate) const LEVELS: [&str; 7] = [
    "punch_clock",
    "collaborator",
    "project_creator",
    "project_lead",
    "reports_viewer",
    "reports_viewer_with_cost",
    "administrator",
];

/// The seed's bearer tokens: one per level of the first account, and one of the second account.
pub(crate) mod token {
    pub(crate) const OWNER: &str = "sandbox-owner";
    pub(crate) const ADMINISTRATOR: &str = "sandbox-administrator";
    pub(crate) const REPORTS_VIEWER_WITH_COST: &str = "sandbox-reports_viewer_with_cost";
    pub(crate) const REPORTS_VIEWER: &str = "sandbox-reports_viewer";
    pub(crate) const PROJECT_LEAD: &str = "sandbox-project_lead";
    pub(crate) const PROJECT_CREATOR: &str = "sandbox-project_creator";
    pub(crate) const COLLABORATOR: &str = "sandbox-collaborator";
    pub(crate) const PUNCH_CLOCK: &str = "sandbox-punch_clock";
    pub(crate) const OTHER_ADMINISTRATOR: &str = "sandbox-other_administrator";

    /// Each level of the first account, highest first.
    pub(crate) const EVERYBODY: [(&str, &str); 8] = [
        ("owner", OWNER),
        ("administrator", ADMINISTRATOR),
        ("reports_viewer_with_cost", REPORTS_VIEWER_WITH_COST),
        ("reports_viewer", REPORTS_VIEWER),
        ("project_lead", PROJECT_LEAD),
        ("project_creator", PROJECT_CREATOR),
        ("collaborator", COLLABORATOR),
        ("punch_clock", PUNCH_CLOCK),
    ];
}
