//! Settings: one struct with a field for each, from which clap derives name, type, default and help. The flags of the
//! commands, the variables, the settings file and `invited config` are all made from the same arguments.
//!
//! A value is taken from the first of: flag, environment variable, file, the command's own default, the default here.
//! All values that cannot be read are reported together, each with the name of its setting.

mod apply;
mod mail;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgAction, Args};
use secrecy::SecretString;

use crate::engine::access::Level;
use crate::engine::limits::PerMinute;
use crate::engine::tuning::Profile;
use crate::language::Language;
use crate::store::{Durability, Place, Server};
use crate::wire::kind::Dates;
pub use apply::{Problems, Values, arguments, default_file, name_of, parse_file, variable};
pub use mail::Mail;
use values::{
    at_least_one, domains, durability, interval, is_json, is_pooled, language, level, optional, readers, replica,
    seconds,
};
pub use values::{base_url, dates, days, place};

/// A setting that may be empty. Clap must not see the `Option`: it would not pass on an empty text.
type Maybe<T> = Option<T>;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Settings")]
pub struct Config {
    #[command(flatten)]
    pub database: Database,
    #[command(flatten)]
    pub address: Address,
    /// Separate address for /metrics; if empty, /metrics is on the main listener, but only on loopback
    #[arg(long, value_name = "ADDRESS", default_value = "", value_parser = optional::<SocketAddr>)]
    pub metrics_listen: Maybe<SocketAddr>,
    /// error, warn, info, debug or trace; requests are logged at info
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log_level: tracing::Level,
    /// json or text, one line per event on standard error
    #[arg(long = "log-format", value_name = "FORMAT", default_value = "json", value_parser = is_json, action = ArgAction::Set)]
    pub log_json: bool,
    /// What an answered write survives: full (a power cut), normal (a crash of the process), or off (as normal, but a
    /// power cut may corrupt the file)
    #[arg(long, value_name = "MODE", default_value = "full", value_parser = durability)]
    pub durability: Durability,
    /// Bring the database schema up to date when the server starts
    #[arg(long, value_name = "BOOL", default_value = "true", action = ArgAction::Set)]
    pub migrate_on_start: bool,
    /// Write connections to PostgreSQL; SQLite always has one writer
    #[arg(long, value_name = "COUNT", default_value = "8", value_parser = at_least_one)]
    pub connections: usize,
    /// Threads that read the database; 0 for one per CPU core
    #[arg(long, value_name = "COUNT", default_value = "0", value_parser = readers)]
    pub readers: usize,
    /// Writes that may wait in the queue; more get 503. 0 refuses all writes, for maintenance
    #[arg(long, value_name = "COUNT", default_value = "1024")]
    pub queue_length: usize,
    /// Maximum number of writes in one commit
    #[arg(long, value_name = "COUNT", default_value = "256", value_parser = at_least_one)]
    pub batch_length: usize,
    /// Time limit for a database read; then the request gets 503
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub read_timeout: Duration,
    /// Maximum number of open connections; more have to wait
    #[arg(long, value_name = "COUNT", default_value = "1024", value_parser = at_least_one)]
    pub max_connections: usize,
    /// Time limit for the headers of a request, and for an idle connection
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub header_timeout: Duration,
    /// Time limit for the body of a request; then it gets 408
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub body_timeout: Duration,
    /// Time limit for a client to accept more of a response
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub write_timeout: Duration,
    /// How long a stopping server waits for requests in progress
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub drain_timeout: Duration,
    /// Maximum size of a request body; a larger one gets 413
    #[arg(long, value_name = "BYTES", default_value = "1048576", value_parser = at_least_one)]
    pub body_limit: usize,
    /// Accept ?access_token= as well as the Authorization header; such URLs end up in other people's logs
    #[arg(long, value_name = "BOOL", default_value = "false", action = ArgAction::Set)]
    pub token_in_query: bool,
    /// Days until an invitation expires
    #[arg(long, value_name = "DAYS", default_value = "30", value_parser = days)]
    pub invitation_days: i64,
    /// Lowest permission that may invite: project_lead, reports_viewer, reports_viewer_with_cost or administrator
    #[arg(long, value_name = "LEVEL", default_value = "project_lead", value_parser = level)]
    pub create_level: Level,
    /// Refuse what is otherwise ignored, as the header Invited-Strict does for a single request
    #[arg(long, value_name = "BOOL", default_value = "false", action = ArgAction::Set)]
    pub strict: bool,
    /// Make invitees members at once, without a mail and without their acceptance
    #[arg(long, value_name = "BOOL", default_value = "false", action = ArgAction::Set)]
    pub activate_new_users_at_once: bool,
    /// Send Retry-After with 429 responses
    #[arg(long, value_name = "BOOL", default_value = "true", action = ArgAction::Set)]
    pub tell_when_to_retry: bool,
    /// How dates are written: days (2031-02-01) or times (2031-02-01T00:00:00Z)
    #[arg(long, value_name = "FORMAT", default_value = "days", value_parser = dates)]
    pub dates: Dates,
    #[command(flatten)]
    pub rates: Rates,
    /// Invitation mails to one address in 24 hours, over all accounts; 0 for no limit
    #[arg(long, value_name = "COUNT", default_value = "20")]
    pub rate_mails_per_address: u32,
    /// Comma-separated domains that may be invited; *.example.com matches its subdomains; if empty, all may
    #[arg(long, value_name = "DOMAINS", default_value = "", value_parser = domains)]
    pub invite_domains: Arc<[String]>,
    #[command(flatten)]
    pub mail: Mail,
    /// Whether this server sends mail; of several servers over one database, at least one has to
    #[arg(long, value_name = "BOOL", default_value = "true", action = ArgAction::Set)]
    pub mail_worker: bool,
    /// Language of mails and invitation pages where the account has not chosen one: en or de
    #[arg(long, value_name = "CODE", default_value = "en", value_parser = language)]
    pub mail_language: Language,
    /// Time between sweeps, which expire invitations and delete what has been kept long enough; 0 for no sweeps
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = interval)]
    pub sweep_interval: Maybe<Duration>,
    /// Requests that a sandbox records with their responses; 0 for none. `serve` records none
    #[arg(long, value_name = "COUNT", default_value = "2000")]
    pub keep_requests: usize,
    #[command(flatten)]
    pub kept: Kept,
}

/// How to reach the database: what every command that opens one has to know.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Database")]
pub struct Database {
    /// The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME
    #[arg(long = "database", value_name = "URL", value_parser = place, hide_env_values = true)]
    pub place: Option<Place>,
    /// transaction: behind PgBouncer or another pooler that assigns a connection per transaction; otherwise none
    #[arg(long = "database-pooler", value_name = "MODE", default_value = "none", value_parser = is_pooled, action = ArgAction::Set)]
    is_pooled: bool,
    /// PostgreSQL replica to read from; a client that has just written still reads from the primary
    #[arg(
        long = "database-replica",
        value_name = "URL",
        default_value = "",
        value_parser = replica,
        hide_env_values = true
    )]
    replica: Maybe<SecretString>,
    /// PEM file of certificates to trust for PostgreSQL, in addition to the well-known ones
    #[arg(long = "database-ca-file", value_name = "FILE", default_value = "", value_parser = optional::<PathBuf>)]
    authorities: Maybe<PathBuf>,
}

/// Where the server is: what a command that prints a link has to know.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Address")]
pub struct Address {
    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// URL under which clients and invitees reach this server, such as https://people.example.com; may be empty on loopback
    #[arg(long, value_name = "URL", default_value = "", value_parser = |text: &str| values::unless_empty(text, base_url))]
    pub base_url: Maybe<String>,
}

/// Requests per minute.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Rate limits")]
pub struct Rates {
    /// Requests per minute and token; 0 for no limit
    #[arg(long = "rate-general", value_name = "COUNT", default_value = "600")]
    general: u32,
    /// Creates per minute and token, a bulk create counts as one; 0 for no limit
    #[arg(long = "rate-create", value_name = "COUNT", default_value = "60")]
    create: u32,
    /// Resends per minute and token; 0 for no limit
    #[arg(long = "rate-resend", value_name = "COUNT", default_value = "20")]
    resend: u32,
    /// Resends per minute of one invitation; 0 for no limit
    #[arg(long = "rate-resend-per-invitation", value_name = "COUNT", default_value = "1")]
    resend_of_record: u32,
    /// Sign-ins per minute and mail address; 0 for no limit
    #[arg(long = "rate-sign-in", value_name = "COUNT", default_value = "10")]
    sign_in: u32,
    /// Sign-ins per minute and network address, which all clients behind a proxy share; 0 for no limit
    #[arg(long = "rate-sign-in-per-peer", value_name = "COUNT", default_value = "30")]
    sign_in_of_peer: u32,
    /// Token requests per minute and OAuth application; 0 for no limit
    #[arg(long = "rate-token", value_name = "COUNT", default_value = "600")]
    token_request: u32,
}

/// For how many days things that are over are kept; 0 for ever.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Retention")]
pub struct Kept {
    /// Days to keep expired invitations; 0 for ever
    #[arg(long = "keep-expired-days", value_name = "DAYS", default_value = "0")]
    pub expired: u32,
    /// Days to keep what became of a mail; 0 for ever
    #[arg(long = "keep-mails-days", value_name = "DAYS", default_value = "90")]
    pub mails: u32,
    /// Days to keep revoked tokens and grants; 0 for ever
    #[arg(long = "keep-revoked-days", value_name = "DAYS", default_value = "90")]
    pub revoked: u32,
    /// Days to keep the audit trail; 0 for ever
    #[arg(long = "keep-audit-days", value_name = "DAYS", default_value = "0")]
    pub audit: u32,
}

impl Config {
    /// The defaults of a sandbox: no limits that a test suite would run into, and mail that stays in memory.
    pub fn of_sandbox() -> Result<Self, Problems> {
        let mut config = Self::defaults()?;
        (config.rates, config.rate_mails_per_address) = (Rates::default(), 0);
        (config.mail.way, config.mail.from) = (crate::mail::Way::Memory, "invitations@sandbox.test".parse().ok());
        Ok(config)
    }

    /// Where the database is and how to connect to it.
    pub fn place(&self) -> Place {
        let Database { place, is_pooled, replica, authorities } = self.database.clone();
        match place {
            Some(Place::Server(server)) => {
                Place::Server(Server { replica, connections: self.connections, is_pooled, authorities, ..server })
            }
            Some(file) => file,
            None => Place::File(PathBuf::new()),
        }
    }

    pub fn profile(&self) -> Profile {
        Profile {
            is_strict: self.strict,
            activates_at_once: self.activate_new_users_at_once,
            tells_when_to_retry: self.tell_when_to_retry,
            dates: self.dates,
        }
    }

    /// How others reach this server.
    pub fn base_url(&self) -> String {
        self.address.base_url.clone().unwrap_or_else(|| format!("http://{}", self.address.listen))
    }

    /// Refuses to serve or to print a link when other machines may connect but the URL they use is unknown.
    pub fn require_base_url(&self) -> Result<(), Problems> {
        if self.address.base_url.is_none() && !self.address.listen.ip().is_loopback() {
            return Err(Problems(vec![apply::missing("base_url")]));
        }
        Ok(())
    }
}

impl Rates {
    pub fn per_minute(self) -> PerMinute {
        let Self { general, create, resend, resend_of_record, sign_in, sign_in_of_peer, token_request } = self;
        PerMinute { general, create, resend, resend_of_record, sign_in, sign_in_of_peer, token_request }
    }
}
