//! The settings themselves, with their defaults and their help.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::clock::Timestamp;
use crate::engine::access::Level;
use crate::engine::tuning::{OnOff, PerMinute, Profile};
use crate::language::Language;
use crate::oauth::redirects;
use crate::server::proxies::TrustedProxies;
use crate::server::settings::groups::{Address, Bounds, Database, Kept};
use crate::server::settings::mail::MailSettings;
use crate::server::settings::values::{
    Maybe, at_least_one, days, domains, durability, interval, is_json, language, level, optional_listen, origins,
    readers, record_bytes, seconds,
};
use crate::store::{Durability, Place};

// The heading of a group in `--help` also covers the fields that follow it here.
#[derive(Args, Clone, Debug)]
pub struct Config {
    #[command(flatten)]
    pub database: Database,
    #[command(flatten)]
    pub address: Address,
    /// Comma-separated addresses and networks of the proxies in front, such as 127.0.0.1,10.0.0.0/8. Their
    /// X-Forwarded-For or Forwarded says where a request comes from, for limits, log and audit trail
    #[arg(long, value_name = "NETWORKS", default_value = "", value_parser = TrustedProxies::read)]
    pub trusted_proxies: TrustedProxies,
    /// Separate address for /metrics
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "", value_parser = optional_listen)]
    pub metrics_listen: Maybe<SocketAddr>,
    /// Serve /metrics at the API's address, to everyone who can reach it; no effect if metrics_listen is set
    #[arg(long, value_name = "BOOL", default_value = "false")]
    pub metrics_on_main_listener: OnOff,
    /// error, warn, info, debug or trace; requests are logged at info
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log_level: tracing::Level,
    /// json or text, one line per event on standard error
    #[arg(long = "log-format", value_name = "FORMAT", default_value = "json", value_parser = is_json)]
    pub log_json: OnOff,
    /// What an answered write survives: full (a power cut), normal (a crash of the process), or off (as normal, but a
    /// power cut may corrupt the file)
    #[arg(long, value_name = "MODE", default_value = "full", value_parser = durability)]
    pub durability: Durability,
    /// Bring the database schema up to date when the server starts
    #[arg(long, value_name = "BOOL", default_value = "true")]
    pub migrate_on_start: OnOff,
    /// Write connections to PostgreSQL, one of which is never left to a single account; SQLite always has one writer
    #[arg(long, value_name = "COUNT", default_value = "9", value_parser = at_least_one)]
    pub connections: usize,
    /// Threads that read the database, one of which is never left to a single account; 0 for one more than there are
    /// CPU cores
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
    #[command(flatten)]
    pub bounds: Bounds,
    /// Maximum size of a request body; a larger one gets 413
    #[arg(long, value_name = "BYTES", default_value = "1048576", value_parser = at_least_one)]
    pub body_limit: usize,
    /// Accept ?access_token= as well as the Authorization header; such URLs end up in other people's logs
    #[arg(long, value_name = "BOOL", default_value = "false")]
    pub token_in_query: OnOff,
    /// Days until an unused refresh token of an OAuth application expires; each use gives it a new one. 0 for never
    #[arg(long, value_name = "DAYS", default_value = "90")]
    pub refresh_token_days: u32,
    /// Comma-separated origins of front ends whose scripts may read responses, such as https://app.example.com; * for
    /// all, but never in a sandbox
    #[arg(long, value_name = "ORIGINS", default_value = "", value_parser = origins)]
    pub cors_origins: Arc<[String]>,
    /// Days until an invitation expires
    #[arg(long, value_name = "DAYS", default_value = "30", value_parser = days)]
    pub invitation_days: i64,
    /// Lowest permission that may invite: project_lead, reports_viewer, reports_viewer_with_cost or administrator
    #[arg(long, value_name = "LEVEL", default_value = "project_lead", value_parser = level)]
    pub create_level: Level,
    /// Comma-separated domains that may be invited; *.example.com matches its subdomains; if empty, all may
    #[arg(long, value_name = "DOMAINS", default_value = "", value_parser = domains)]
    pub invite_domains: Arc<[String]>,
    #[command(flatten)]
    pub profile: Profile,
    #[command(flatten)]
    pub rates: PerMinute,
    /// Mails to one address in 24 hours, over all accounts; 0 for no limit
    #[arg(long, value_name = "COUNT", default_value = "20")]
    pub rate_mails_per_address: u32,
    /// Mails that one account may cause in 24 hours; 0 for no limit
    #[arg(long, value_name = "COUNT", default_value = "10000")]
    pub rate_mails_per_account: u32,
    #[command(flatten)]
    pub mail: MailSettings,
    /// Whether this server sends mail; of several servers over one database, at least one has to
    #[arg(long, value_name = "BOOL", default_value = "true")]
    pub mail_worker: OnOff,
    /// Language of mails and invitation pages where the account has not chosen one: en or de
    #[arg(long, value_name = "CODE", default_value = "en", value_parser = language)]
    pub mail_language: Language,
    #[command(flatten)]
    pub kept: Kept,
    /// Time between sweeps, which expire invitations and delete what has been kept long enough; 0 for no sweeps
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = interval)]
    pub sweep_interval: Maybe<Duration>,
    /// Requests that a sandbox records with their responses; 0 for none. `serve` records none
    #[arg(long, value_name = "COUNT", default_value = "2000")]
    pub keep_requests: usize,
    /// Memory for recorded requests and responses, from 1 MiB to 1 GiB; the oldest make room
    #[arg(long, value_name = "BYTES", default_value = "67108864", value_parser = record_bytes)]
    pub keep_request_bytes: usize,
}

impl Config {
    /// Where the database is and how to connect to it.
    pub fn place(&self) -> Place {
        self.database.with_connections(self.connections)
    }

    /// Whether this server seems to be behind a proxy that `trusted_proxies` does not name: only this machine can
    /// connect to it, but it has a public URL.
    pub fn has_unknown_proxy(&self) -> bool {
        let is_local =
            |url: &String| url.split_once("://").is_some_and(|(_, authority)| redirects::is_loopback(authority));
        let is_public = self.address.base_url.as_ref().is_some_and(|url| !is_local(url));
        is_public && self.address.listen.ip().is_loopback() && self.trusted_proxies.is_empty()
    }

    /// Refresh tokens made then or earlier have expired.
    pub fn oldest_refresh_token(&self, now: Timestamp) -> Timestamp {
        match self.refresh_token_days {
            0 => Timestamp(i64::MIN),
            days => now.minus(Duration::from_secs(u64::from(days) * 86_400)),
        }
    }

    /// How others reach this server.
    pub fn base_url(&self) -> String {
        self.address.base_url.clone().unwrap_or_else(|| format!("http://{}", self.address.listen))
    }
}
