//! Settings: one table, from which flags, variables, the file, `--help` and the default file all come.
//!
//! A value is looked for in this order: flag, environment variable, file, the command's own default, the table's
//! default. All values are text until [`Config::new`] reads them, and every problem is reported with the name of the
//! setting, all of them at once.

mod database;
mod file;
mod mail;
mod read;
mod table;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::access::Level;
use crate::engine::limits::PerMinute;
use crate::engine::tuning::Profile;
use crate::language::Language;
use crate::store::{Durability, Place};
use read::{
    Reader, at_least_one, choice, domains, durability, interval, language, level, missing, parse, seconds, threads,
};

pub use file::{default_file, parse_file};
pub(crate) use read::{base_url, dates, days, place};
pub use table::{SETTINGS, Setting};

/// Values by the names of their settings, still as text.
pub type Values = BTreeMap<&'static str, String>;

/// The settings, read.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the database is.
    pub database: Place,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How others reach the server; without it, the address that is listened on.
    pub base_url: Option<String>,
    /// Where metrics are served, when not on the main listener.
    pub metrics_listen: Option<SocketAddr>,
    /// Least severe events that are logged.
    pub log_level: tracing::Level,
    /// Whether log lines are JSON.
    pub log_json: bool,
    /// What a commit waits for.
    pub durability: Durability,
    /// Whether serving starts with a migration.
    pub migrate_on_start: bool,
    /// Reading threads.
    pub readers: usize,
    /// Jobs that may wait.
    pub queue_length: usize,
    /// Most writes in one commit.
    pub batch_length: usize,
    /// Longest read.
    pub read_timeout: Duration,
    /// Connections at a time.
    pub max_connections: usize,
    /// Longest head.
    pub header_timeout: Duration,
    /// Longest body.
    pub body_timeout: Duration,
    /// Longest time in which nothing of an answer leaves.
    pub write_timeout: Duration,
    /// Longest drain.
    pub drain_timeout: Duration,
    /// Largest body.
    pub body_limit: usize,
    /// Whether a token may stand in the query string.
    pub token_in_query: bool,
    /// Days until an invitation expires.
    pub invitation_days: i64,
    /// The lowest level that may invite.
    pub create_level: Level,
    /// Requests that a sandbox keeps with their answers.
    pub keep_requests: usize,
    /// What is known of the vendor only in part.
    pub profile: Profile,
    /// Rate limits.
    pub rates: PerMinute,
    /// Most mails to an address in a day.
    pub rate_mails_per_address: u32,
    /// The only domains that may be invited, in lower case; none for all.
    pub invite_domains: Arc<[String]>,
    /// How mails leave.
    pub mail: crate::mail::Settings,
    /// Whether this server sends them.
    pub mail_worker: bool,
    /// Language of mails and their pages.
    pub mail_language: Language,
    /// How often the sweeper runs; `None` for never.
    pub sweep_interval: Option<Duration>,
    /// How long things are kept.
    pub kept: Kept,
}

/// How many days things are kept that are over; 0 for ever.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    /// Expired invitations.
    pub expired: u32,
    /// Mails that were settled.
    pub mails: u32,
    /// Tokens and grants that were revoked.
    pub revoked: u32,
    /// The audit trail.
    pub audit: u32,
}

/// Every problem of the settings, one sentence each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Problems(pub Vec<String>);

impl Config {
    /// Reads values; settings without a value take the table's default.
    pub fn new(values: &Values) -> Result<Self, Problems> {
        let mut reader = Reader::new(values);
        let config = Self {
            database: database::read(&mut reader),
            listen: reader.read("listen", parse).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))),
            base_url: reader.optional("base_url", base_url),
            metrics_listen: reader.optional("metrics_listen", parse),
            log_level: reader.read("log_level", parse).unwrap_or(tracing::Level::INFO),
            log_json: reader
                .read("log_format", |text| choice(text, &[("json", true), ("text", false)]))
                .unwrap_or(true),
            durability: reader.read("durability", durability).unwrap_or(Durability::Full),
            migrate_on_start: reader.read("migrate_on_start", parse).unwrap_or(true),
            readers: reader.read("readers", parse).map_or(1, threads),
            queue_length: reader.read("queue_length", parse).unwrap_or_default(),
            batch_length: reader.read("batch_length", at_least_one).unwrap_or(1),
            read_timeout: reader.read("read_timeout", seconds).unwrap_or_default(),
            max_connections: reader.read("max_connections", at_least_one).unwrap_or(1),
            header_timeout: reader.read("header_timeout", seconds).unwrap_or_default(),
            body_timeout: reader.read("body_timeout", seconds).unwrap_or_default(),
            write_timeout: reader.read("write_timeout", seconds).unwrap_or_default(),
            drain_timeout: reader.read("drain_timeout", seconds).unwrap_or_default(),
            body_limit: reader.read("body_limit", at_least_one).unwrap_or(1),
            token_in_query: reader.read("token_in_query", parse).unwrap_or_default(),
            invitation_days: reader.read("invitation_days", days).unwrap_or(1),
            create_level: reader.read("create_level", level).unwrap_or(Level::ProjectLead),
            keep_requests: reader.read("keep_requests", parse).unwrap_or_default(),
            profile: Profile {
                is_strict: reader.read("strict", parse).unwrap_or_default(),
                activates_at_once: reader.read("activate_new_users_at_once", parse).unwrap_or_default(),
                tells_when_to_retry: reader.read("tell_when_to_retry", parse).unwrap_or(true),
                dates: reader.read("dates", dates).unwrap_or_default(),
            },
            rates: PerMinute {
                general: reader.read("rate_general", parse).unwrap_or_default(),
                create: reader.read("rate_create", parse).unwrap_or_default(),
                resend: reader.read("rate_resend", parse).unwrap_or_default(),
                resend_of_record: reader.read("rate_resend_per_invitation", parse).unwrap_or_default(),
                sign_in: reader.read("rate_sign_in", parse).unwrap_or_default(),
                sign_in_of_peer: reader.read("rate_sign_in_per_peer", parse).unwrap_or_default(),
                token_request: reader.read("rate_token", parse).unwrap_or_default(),
            },
            rate_mails_per_address: reader.read("rate_mails_per_address", parse).unwrap_or_default(),
            invite_domains: reader.optional("invite_domains", domains).unwrap_or_default(),
            mail: mail::read(&mut reader),
            mail_worker: reader.read("mail_worker", parse).unwrap_or(true),
            mail_language: reader.read("mail_language", language).unwrap_or_default(),
            sweep_interval: reader.read("sweep_interval", interval).flatten(),
            kept: Kept {
                expired: reader.read("keep_expired_days", parse).unwrap_or_default(),
                mails: reader.read("keep_mails_days", parse).unwrap_or_default(),
                revoked: reader.read("keep_revoked_days", parse).unwrap_or_default(),
                audit: reader.read("keep_audit_days", parse).unwrap_or_default(),
            },
        };
        if !matches!(config.mail.way, crate::mail::Way::None)
            && config.mail.from.is_none()
            && reader.problems.is_empty()
        {
            reader.problems.push(missing("mail_from"));
        }
        if reader.problems.is_empty() { Ok(config) } else { Err(Problems(reader.problems)) }
    }

    /// Refuses to serve, or to print a link, without an address that reaches this server from elsewhere. Commands that do
    /// neither need none.
    pub fn require_base_url(&self) -> Result<(), Problems> {
        if self.base_url.is_none() && !self.listen.ip().is_loopback() {
            return Err(Problems(vec![missing("base_url")]));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(given: &[(&'static str, &str)]) -> Values {
        given.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    }

    #[test]
    fn every_default_of_the_table_can_be_read() {
        assert!(Config::new(&values(&[("database", "sqlite:x")])).is_ok());
    }

    #[test]
    fn a_half_configured_server_is_refused_with_the_name_of_what_is_missing() {
        let problems = Config::new(&Values::new()).unwrap_err().to_string();
        assert!(problems.contains("database") && problems.contains("INVITED_DATABASE"), "{problems}");
        let public = values(&[("database", "sqlite:x"), ("listen", "0.0.0.0:80")]);
        assert!(Config::new(&public).unwrap().require_base_url().unwrap_err().to_string().contains("base_url"));
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let wrong = values(&[("database", "mysql:x"), ("rate_create", "-1"), ("durability", "maybe")]);
        assert_eq!(Config::new(&wrong).unwrap_err().0.len(), 3);
    }

    #[test]
    fn the_default_file_reads_back_as_the_table() {
        let file: String = default_file()
            .replace("\n#", "\n")
            .lines()
            .filter(|line| line.contains(" = \""))
            .collect::<Vec<_>>()
            .join("\n");
        assert_eq!(parse_file(&file).unwrap().len(), SETTINGS.len());
        assert!(parse_file("colour = 1").unwrap_err().to_string().contains("colour"));
    }
}
