//! Settings: one table, from which flags, variables, the file, `--help` and the default file all come.
//!
//! A value is looked for in this order: flag, environment variable, file, the command's own default, the table's
//! default. All values are text until [`Config::new`] reads them, and every problem is reported with the name of the
//! setting, all of them at once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::access::Level;
use crate::language::{LANGUAGES, Language};
use crate::limits::PerMinute;
use crate::mail::{self, Encryption, Relay};
use crate::store::Durability;

/// A line of the table.
pub struct Setting {
    /// Name in the file; the flag is the same with hyphens, the variable `INVITED_` and the name in capitals.
    pub name: &'static str,
    /// Default, where there is one.
    pub default: Option<&'static str>,
    /// What a value looks like.
    pub placeholder: &'static str,
    /// What it does.
    pub text: &'static str,
}

const fn setting(
    name: &'static str,
    default: Option<&'static str>,
    placeholder: &'static str,
    text: &'static str,
) -> Setting {
    Setting { name, default, placeholder, text }
}

/// Every setting.
pub const SETTINGS: &[Setting] = &[
    setting("database", None, "URL", "The database: sqlite:PATH"),
    setting("listen", Some("127.0.0.1:8080"), "ADDRESS", "Address and port to listen on; port 0 takes any free one"),
    setting(
        "base_url",
        None,
        "URL",
        "How clients and mails reach this server, such as https://people.example.com; on loopback the address itself",
    ),
    setting(
        "metrics_listen",
        Some(""),
        "ADDRESS",
        "A listener of its own for /metrics; empty: on the main one, but only where that is on loopback",
    ),
    setting("log_level", Some("info"), "LEVEL", "error, warn, info, debug or trace; request lines are info"),
    setting("log_format", Some("json"), "FORMAT", "json or text, one line for each event on standard error"),
    setting(
        "durability",
        Some("full"),
        "MODE",
        "What an answered write survives: full (a power cut), normal (the death of the process) or off",
    ),
    setting("migrate_on_start", Some("true"), "BOOL", "Bring the database's schema up to date when serving starts"),
    setting("readers", Some("0"), "COUNT", "Threads that read the database; 0: as many as the machine has cores"),
    setting(
        "queue_length",
        Some("1024"),
        "COUNT",
        "Writes that may wait; more are answered 503. 0 refuses every write, for maintenance",
    ),
    setting("batch_length", Some("256"), "COUNT", "Most writes that share one commit"),
    setting("read_timeout", Some("5"), "SECONDS", "Longest time that a read may take before it is answered 503"),
    setting("max_connections", Some("1024"), "COUNT", "Connections at a time; further ones wait"),
    setting("header_timeout", Some("10"), "SECONDS", "Longest time for a request's head, and of an idle connection"),
    setting("body_timeout", Some("30"), "SECONDS", "Longest time for the body of a request; then 408"),
    setting("write_timeout", Some("30"), "SECONDS", "Longest time for a client to read some more of its answer"),
    setting("drain_timeout", Some("10"), "SECONDS", "Longest time that a stopping server waits for its requests"),
    setting("body_limit", Some("1048576"), "BYTES", "Largest body of a request; a larger one is answered 413"),
    setting(
        "token_in_query",
        Some("false"),
        "BOOL",
        "Accept ?access_token= beside the Authorization header; such URLs end up in the logs of others",
    ),
    setting("invitation_days", Some("30"), "DAYS", "Days from sending an invitation to its expiration date"),
    setting(
        "create_level",
        Some("project_lead"),
        "LEVEL",
        "The lowest level that may invite: project_lead … administrator",
    ),
    setting("rate_general", Some("600"), "COUNT", "Requests per minute and token; 0: no limit"),
    setting("rate_create", Some("60"), "COUNT", "Creates per minute and token, a bulk is one; 0: no limit"),
    setting("rate_resend", Some("20"), "COUNT", "Resends per minute and token; 0: no limit"),
    setting("rate_resend_per_invitation", Some("1"), "COUNT", "Resends per minute of one invitation; 0: no limit"),
    setting("rate_sign_in", Some("10"), "COUNT", "Sign-ins per minute and mail address; 0: no limit"),
    setting(
        "rate_sign_in_per_peer",
        Some("30"),
        "COUNT",
        "Sign-ins per minute and network address; behind a proxy that is one for everybody; 0: no limit",
    ),
    setting("rate_token", Some("600"), "COUNT", "Requests for tokens per minute and OAuth application; 0: no limit"),
    setting(
        "rate_mails_per_address",
        Some("20"),
        "COUNT",
        "Invitation mails to one address in 24 hours, from all accounts together; 0: no limit",
    ),
    setting(
        "invite_domains",
        Some(""),
        "DOMAINS",
        "The only domains that may be invited, with commas; *.example.com stands for those below it; empty: all",
    ),
    setting(
        "mail",
        Some("none"),
        "WAY",
        "How mails leave: smtp://HOST[:PORT], smtps://HOST[:PORT], files:FOLDER, memory (for the sandbox) or none",
    ),
    setting("mail_from", Some(""), "ADDRESS", "The address that mails come from"),
    setting("mail_user", Some(""), "NAME", "Name for a mail server that wants one"),
    setting(
        "mail_password",
        Some(""),
        "SECRET",
        "Password for it; a flag can be seen by others, a variable or a file cannot",
    ),
    setting(
        "mail_starttls",
        Some("required"),
        "MODE",
        "Encryption with smtp://: required, opportunistic, or none for a server on the same machine",
    ),
    setting("mail_ca_file", Some(""), "FILE", "Certificates in PEM to trust beside the well-known ones"),
    setting("mail_timeout", Some("30"), "SECONDS", "Longest time that one mail may take"),
    setting("mail_connections", Some("4"), "COUNT", "Mails that are sent at a time"),
    setting("mail_give_up_hours", Some("72"), "HOURS", "After how long a mail that no server takes is given up"),
    setting("mail_worker", Some("true"), "BOOL", "Whether this server sends mails; with several servers, one has to"),
    setting(
        "mail_language",
        Some("en"),
        "CODE",
        "Language of mails and their pages, unless the account has its own: en, de",
    ),
    setting(
        "mail_templates",
        Some(""),
        "FOLDER",
        "Mail templates that replace those of the program; `invited mail templates` writes these into a folder",
    ),
    setting("sweep_interval", Some("60"), "SECONDS", "How often what is over is marked and removed; 0: never"),
    setting("keep_expired_days", Some("0"), "DAYS", "Expired invitations are removed this long after; 0: never"),
    setting("keep_mails_days", Some("90"), "DAYS", "What became of mails is known for this long; 0: for ever"),
    setting("keep_revoked_days", Some("90"), "DAYS", "Revoked tokens and grants are known for this long; 0: for ever"),
    setting("keep_audit_days", Some("0"), "DAYS", "The audit trail reaches this far back; 0: to the beginning"),
];

impl Setting {
    /// The flag without its hyphens in front.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// The environment variable.
    pub fn variable(&self) -> String {
        format!("INVITED_{}", self.name.to_uppercase())
    }
}

/// Values by the names of their settings, still as text.
pub type Values = BTreeMap<&'static str, String>;

/// The settings, read.
#[derive(Clone, Debug)]
pub struct Config {
    /// File of the SQLite database.
    pub database: PathBuf,
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
    /// Rate limits.
    pub rates: PerMinute,
    /// Most mails to an address in a day.
    pub rate_mails_per_address: u32,
    /// The only domains that may be invited, in lower case; none for all.
    pub invite_domains: Arc<[String]>,
    /// How mails leave.
    pub mail: mail::Settings,
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
        let mut reader = Reader { values, problems: Vec::new() };
        let config = Self {
            database: reader.read("database", database_path).unwrap_or_default(),
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
            mail: mail_settings(&mut reader),
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
        if !matches!(config.mail.way, mail::Way::None) && config.mail.from.is_none() && reader.problems.is_empty() {
            reader.problems.push(missing("mail_from"));
        }
        if config.base_url.is_none() && !config.listen.ip().is_loopback() && reader.problems.is_empty() {
            reader.problems.push(missing("base_url"));
        }
        if reader.problems.is_empty() { Ok(config) } else { Err(Problems(reader.problems)) }
    }
}

struct Reader<'a> {
    values: &'a Values,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn read<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let value = self.optional(name, read);
        if value.is_none() && self.text(name).is_none() {
            self.problems.push(missing(name));
        }
        value
    }

    fn optional<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(name)?;
        match read(&text) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.problems.push(format!("setting {name}: {text:?} {reason}"));
                None
            }
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        let default = || SETTINGS.iter().find(|setting| setting.name == name)?.default.map(str::to_owned);
        self.values.get(name).cloned().or_else(default).filter(|text| !text.is_empty())
    }
}

/// The sentence for a setting that has no value; it says how to give one.
fn missing(name: &str) -> String {
    let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
        return name.to_owned();
    };
    format!(
        "setting {name} is missing: give --{} {}, set {}, or write it into the file of --config ({})",
        setting.flag(),
        setting.placeholder,
        setting.variable(),
        setting.text
    )
}

fn parse<T: FromStr>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| "cannot be read".to_owned())
}

fn database_path(text: &str) -> Result<PathBuf, String> {
    let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:"));
    match path {
        Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => Err("is no database that this program knows: write sqlite:PATH".to_owned()),
    }
}

fn base_url(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    match text.split_once("://") {
        Some(("http" | "https", rest)) if !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ']) => {
            Ok(text.to_owned())
        }
        _ => Err("must be http:// or https:// and a host, without a path".to_owned()),
    }
}

/// The settings of mail. Those of a mail server count only where one is named.
fn mail_settings(reader: &mut Reader<'_>) -> mail::Settings {
    let connections = reader.read("mail_connections", at_least_one).unwrap_or(1);
    let encryption = reader.read("mail_starttls", encryption).unwrap_or(Encryption::Required);
    let credentials = reader.optional("mail_user", |text| Ok(text.to_owned())).map(|name| {
        let password = reader.optional("mail_password", |text| Ok(text.to_owned())).unwrap_or_default();
        (name, SecretString::from(password))
    });
    let authorities = reader.optional("mail_ca_file", |text| Ok(PathBuf::from(text)));
    let relay = |host, port, encryption| Relay { host, port, encryption, credentials, authorities, connections };
    let way = reader.read("mail", |text| mail_way(text, encryption, relay)).unwrap_or(mail::Way::None);
    mail::Settings {
        way,
        from: reader.optional("mail_from", |text| text.trim().parse().map_err(|_| "is no mail address".to_owned())),
        timeout: reader.read("mail_timeout", seconds).unwrap_or_default(),
        connections,
        give_up: reader.read("mail_give_up_hours", hours).unwrap_or_default(),
        templates: reader.optional("mail_templates", |text| Ok(PathBuf::from(text))),
    }
}

fn mail_way(
    text: &str,
    starttls: Encryption,
    relay: impl FnOnce(String, Option<u16>, Encryption) -> Relay,
) -> Result<mail::Way, String> {
    let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
    let encryption = if scheme == "smtps" { Encryption::Implicit } else { starttls };
    match (scheme, rest) {
        ("none", "") => Ok(mail::Way::None),
        ("memory", "") => Ok(mail::Way::Memory),
        ("files", folder) if !folder.is_empty() => Ok(mail::Way::Files(PathBuf::from(folder))),
        ("smtp" | "smtps", rest) => {
            let (host, port) = mail_server(rest.trim_start_matches('/').trim_end_matches('/'))
                .ok_or("must be a host, and a port where it is not the usual one")?;
            Ok(mail::Way::Smtp(relay(host, port, encryption)))
        }
        _ => Err("must be smtp://HOST[:PORT], smtps://HOST[:PORT], files:FOLDER, memory or none".to_owned()),
    }
}

/// Host and port; an IPv6 address is written in brackets.
fn mail_server(text: &str) -> Option<(String, Option<u16>)> {
    let is_host = |host: &str| {
        !host.is_empty()
            && host.chars().all(|character| character.is_ascii_alphanumeric() || "-._:".contains(character))
    };
    let (host, rest) = match text.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => Some(port.parse().ok()?),
        None if rest.is_empty() => None,
        None => return None,
    };
    is_host(host).then(|| (host.to_owned(), port))
}

fn encryption(text: &str) -> Result<Encryption, String> {
    choice(
        text,
        &[("required", Encryption::Required), ("opportunistic", Encryption::Opportunistic), ("none", Encryption::None)],
    )
}

/// Seconds between two times that something is done, or `None` for never.
fn interval(text: &str) -> Result<Option<Duration>, String> {
    if text.trim() == "0" { Ok(None) } else { seconds(text).map(Some) }
}

fn hours(text: &str) -> Result<Duration, String> {
    let hours: u32 = parse(text)?;
    Ok(Duration::from_secs(u64::from(hours) * 3_600))
}

fn language(text: &str) -> Result<Language, String> {
    Language::of_code(text).ok_or_else(|| {
        let codes: Vec<&str> = LANGUAGES.iter().map(|(_, code)| *code).collect();
        format!("must be one of {}", codes.join(", "))
    })
}

/// Domains with commas, in lower case and without the dot of the root.
fn domains(text: &str) -> Result<Arc<[String]>, String> {
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    let read = |piece: &str| {
        let domain = piece.trim().trim_end_matches('.').to_ascii_lowercase();
        let labels = domain.strip_prefix("*.").unwrap_or(&domain);
        if labels.split('.').all(is_label) { Ok(domain) } else { Err(format!("{piece:?} is no domain")) }
    };
    text.split(',').map(read).collect()
}

fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    let chosen = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    chosen.ok_or_else(|| format!("must be one of {}", names.join(", ")))
}

fn durability(text: &str) -> Result<Durability, String> {
    choice(text, &[("full", Durability::Full), ("normal", Durability::Normal), ("off", Durability::Off)])
}

fn level(text: &str) -> Result<Level, String> {
    match Level::of_permission(text) {
        Some(level) if level >= Level::ProjectLead => Ok(level),
        _ => Err("must be project_lead or a level above it".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    parse(text).and_then(|number: usize| if number > 0 { Ok(number) } else { Err("must be at least 1".to_owned()) })
}

fn days(text: &str) -> Result<i64, String> {
    match parse(text)? {
        days @ 1..=3_650 => Ok(days),
        _ => Err("must be from 1 to 3650".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = parse(text)?;
    if seconds > 0.0 && seconds <= 86_400.0 {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("must be more than 0 seconds and at most a day".to_owned())
    }
}

fn threads(asked: usize) -> usize {
    if asked > 0 { asked } else { std::thread::available_parallelism().map_or(2, std::num::NonZero::get) }
}

/// The file that says every default, with every text.
pub fn default_file() -> String {
    let mut file = String::from(
        "# Settings of invited. Each can also be given as a flag (--name-with-hyphens)\n\
         # or as a variable of the environment (INVITED_NAME).\n",
    );
    for setting in SETTINGS {
        file.push_str(&format!("\n# {}.\n", setting.text));
        match setting.default {
            Some(default) => file.push_str(&format!("#{} = {default:?}\n", setting.name)),
            None => file.push_str(&format!("#{} = \"{}\"\n", setting.name, setting.placeholder)),
        }
    }
    file
}

/// The values of a file: a flat table, whose values may be texts, numbers or truth values.
pub fn parse_file(text: &str) -> Result<Values, Problems> {
    let table: toml::Table = text.parse().map_err(|cause| Problems(vec![format!("the settings file: {cause}")]))?;
    let mut values = Values::new();
    let mut problems = Vec::new();
    for (name, value) in table {
        let text = match value {
            toml::Value::String(text) => Some(text),
            toml::Value::Integer(number) => Some(number.to_string()),
            toml::Value::Float(number) => Some(number.to_string()),
            toml::Value::Boolean(truth) => Some(truth.to_string()),
            _ => None,
        };
        match (SETTINGS.iter().find(|setting| setting.name == name), text) {
            (Some(setting), Some(text)) => {
                values.insert(setting.name, text);
            }
            (Some(_), None) => {
                problems.push(format!("setting {name} in the file must be a text, a number or true or false"));
            }
            (None, _) => problems.push(format!("the file has a setting {name:?} that does not exist")),
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(Problems(problems)) }
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
        assert!(Config::new(&public).unwrap_err().to_string().contains("base_url"));
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
