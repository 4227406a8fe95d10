//! How to reach a PostgreSQL server: its URL, encryption, and the requirements that it has to meet.
//!
//! The URL is libpq's, possibly with several hosts for failover. Unless `sslmode` in the URL says otherwise,
//! connections to other machines are encrypted and the certificate is checked against the host's name; connections on
//! this machine are not encrypted. libpq's own default, encryption without checking the certificate, does not protect
//! against an attacker in between, so `require`, `verify-ca` and `verify-full` all mean the strictest here.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::Error;
use crate::store::postgres::errors::{explain, explain_greeting};
use crate::trust;

/// Longest time to connect to one host and prepare the connection, before the next host is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time after which a silent peer is considered dead.
const DEAD_AFTER: Duration = Duration::from_secs(20);

/// Appended to errors about a URL.
const FORM: &str = "write postgres://USER:PASSWORD@HOST:PORT/NAME, with %40 for @ and the like in a password";

/// The oldest supported server, as a `server_version_num`: 13.
const OLDEST_VERSION: i32 = 130_000;

#[derive(Clone)]
pub(super) struct ServerAddress {
    /// The URL without user and password.
    place: String,
    /// One per host, in the order of the URL, so a silent host does not use up the time of the next one.
    hosts: Vec<Config>,
    /// Index of the host that worked last, which is tried first.
    last: Arc<AtomicUsize>,
    tls: MakeRustlsConnect,
    pub(super) is_pooled: bool,
}

impl ServerAddress {
    /// Parses a URL. Certificates in `authorities` are trusted beside the well-known ones.
    pub(super) fn read(url: &str, authorities: Option<&Path>, is_pooled: bool) -> Result<Self, Error> {
        let place = place_of(url);
        let wrong = |reason: String| Error::Unusable(format!("the URL cannot be used: {reason}; {FORM}"));
        let (url, mode, root) = split(url);
        let mut config: Config = url.parse().map_err(|cause| wrong(explain(&cause)))?;
        config.ssl_mode(match mode {
            None if config.get_hosts().iter().all(is_here) => SslMode::Disable,
            None | Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
            Some("prefer" | "allow") => SslMode::Prefer,
            Some("disable") => SslMode::Disable,
            Some(other) => return Err(wrong(format!("sslmode is {other:?}; disable, prefer and require are known"))),
        });
        config.application_name("invited");
        keep_alive(&mut config);
        if config.get_hosts().len() > 1 && config.get_target_session_attrs() == TargetSessionAttrs::Any {
            // One of the hosts is the primary; the others are read-only replicas.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let of_url = root.as_deref().map(|path| ("sslrootcert in the URL", path));
        let trusted = authorities.map(|path| ("database_ca_file", path)).or(of_url);
        let tls = trust::tls(trusted.map(|(_, path)| path)).map_err(|reason| match trusted {
            Some((named, _)) => Error::Unusable(format!("{named}: {reason}")),
            None => Error::Unavailable(reason),
        });
        let tls = MakeRustlsConnect::new(tls?);
        Ok(Self { place, hosts: one_by_one(&config), last: Arc::default(), tls, is_pooled })
    }

    /// Accepts read-only hosts, too.
    pub(super) fn of_replica(mut self) -> Self {
        for host in &mut self.hosts {
            host.target_session_attrs(TargetSessionAttrs::Any);
        }
        self
    }

    /// Connects to the first suitable host and runs `on_connect` there, on the runtime that will drive the connection.
    pub(super) async fn connect(&self, on_connect: &str) -> Result<Client, Error> {
        let mut refusals = Vec::new();
        let first = self.last.load(Ordering::Relaxed);
        for (index, host) in self.hosts.iter().enumerate().cycle().skip(first).take(self.hosts.len()) {
            match tokio::time::timeout(CONNECT_TIMEOUT, self.greet(host, on_connect)).await {
                Ok(Ok(client)) => {
                    self.last.store(index, Ordering::Relaxed);
                    return Ok(client);
                }
                Ok(Err(Error::Unavailable(reason))) => refusals.push(reason),
                Ok(Err(other)) => return Err(other),
                Err(_) => refusals.push("the server does not answer: is it a PostgreSQL server?".to_owned()),
            }
        }
        Err(Error::Unavailable(format!("{}: {}", self.place, refusals.join("; next host: "))))
    }

    async fn greet(&self, host: &Config, on_connect: &str) -> Result<Client, Error> {
        let unavailable = |cause: tokio_postgres::Error| Error::Unavailable(explain(&cause));
        let connected = host.connect(self.tls.clone()).await;
        let (client, connection) = connected.map_err(|cause| Error::Unavailable(explain_greeting(&cause)))?;
        // Ends with the client, which reports its errors.
        tokio::spawn(connection);
        require_supported(&client).await?;
        client.batch_execute(on_connect).await.map_err(unavailable)?;
        Ok(client)
    }
}

/// A URL without user and password. Leaves out whatever might be part of a password, however malformed the URL is.
pub(in crate::store) fn place_of(url: &str) -> String {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let place = rest.split('?').next().unwrap_or_default();
    let (authority, database) = place.split_once('/').unwrap_or((place, ""));
    let (hosts, is_whole) = match authority.rsplit_once('@') {
        Some((_, hosts)) => (hosts, !database.contains('@')),
        None => (authority, !rest.contains('@')),
    };
    if is_whole { format!("postgres://{hosts}/{database}") } else { "postgres://".to_owned() }
}

/// One configuration per host.
fn one_by_one(config: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    if hosts.len() < 2 {
        return vec![config.clone()];
    }
    let alone = |(index, host): (usize, &Host)| {
        let mut alone = Config::new();
        match host {
            Host::Tcp(name) => alone.host(name),
            Host::Unix(folder) => alone.host_path(folder),
        };
        if let Some(address) = addresses.get(index) {
            alone.hostaddr(*address);
        }
        // A single port applies to every host.
        if let Some(port) = ports.get(index).or(ports.first()) {
            alone.port(*port);
        }
        config.get_user().map(|user| alone.user(user));
        config.get_password().map(|password| alone.password(password));
        config.get_dbname().map(|name| alone.dbname(name));
        config.get_options().map(|options| alone.options(options));
        config.get_application_name().map(|name| alone.application_name(name));
        alone.ssl_mode(config.get_ssl_mode()).ssl_negotiation(config.get_ssl_negotiation());
        alone.channel_binding(config.get_channel_binding());
        alone.target_session_attrs(config.get_target_session_attrs());
        keep_alive(&mut alone);
        alone
    };
    hosts.iter().enumerate().map(alone).collect()
}

fn keep_alive(config: &mut Config) {
    config.connect_timeout(CONNECT_TIMEOUT);
    config.keepalives_idle(DEAD_AFTER).keepalives_interval(DEAD_AFTER / 4).keepalives_retries(3);
    config.tcp_user_timeout(DEAD_AFTER);
}

/// Refuses a server whose version or encoding is not supported.
async fn require_supported(client: &Client) -> Result<(), Error> {
    let asked = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')";
    let row = client.query_typed_one(asked, &[]).await.map_err(|cause| Error::Unavailable(explain(&cause)))?;
    let unreadable = |cause: tokio_postgres::Error| Error::Unavailable(explain(&cause));
    judge(row.try_get(0).map_err(unreadable)?, row.try_get(1).map_err(unreadable)?).map_err(Error::Unusable)
}

fn judge(version: i32, encoding: &str) -> Result<(), String> {
    if version < OLDEST_VERSION {
        let (is, wanted) = (version / 10_000, OLDEST_VERSION / 10_000);
        return Err(format!("the server is PostgreSQL {is}, which is too old: version {wanted} or newer is needed"));
    }
    if encoding != "UTF8" {
        return Err(format!(
            "the database has the encoding {encoding}, which cannot store every text: create it with UTF8"
        ));
    }
    Ok(())
}

/// A URL, and `sslmode` and `sslrootcert` of it, of which tokio-postgres knows little or nothing.
fn split(url: &str) -> (String, Option<&str>, Option<PathBuf>) {
    // A question mark in the password does not begin the query.
    let host = url.find('@').unwrap_or_default();
    let (place, query) = match url[host..].find('?') {
        Some(at) => (&url[..host + at], &url[host + at + 1..]),
        None => (url, ""),
    };
    let (mut mode, mut root, mut kept) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value),
            Some(("sslrootcert", value)) => {
                root = Some(PathBuf::from(percent_encoding::percent_decode_str(value).decode_utf8_lossy().as_ref()));
            }
            _ => kept.push(pair),
        }
    }
    (if kept.is_empty() { place.to_owned() } else { format!("{place}?{}", kept.join("&")) }, mode, root)
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        Host::Unix(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> SslMode {
        ServerAddress::read(url, None, false).map(|address| address.hosts[0].get_ssl_mode()).unwrap()
    }

    #[test]
    fn a_connection_to_another_machine_is_encrypted_unless_the_url_says_otherwise() {
        for here in ["localhost", "127.0.0.1:5433", "127.0.0.1,localhost:1", "%2Fvar%2Frun%2Fpostgresql"] {
            assert_eq!(mode(&format!("postgres://me@{here}/team")), SslMode::Disable, "{here}");
        }
        for elsewhere in ["db.example.com", "10.0.0.1", "127.0.0.1,db.example.com", "localhost.example.com"] {
            assert_eq!(mode(&format!("postgres://me@{elsewhere}/team")), SslMode::Require, "{elsewhere}");
        }
        assert_eq!(mode("postgres://me@10.0.0.1/team?connect_timeout=3&sslmode=disable"), SslMode::Disable);
        for strict in ["require", "verify-ca", "verify-full"] {
            assert_eq!(mode(&format!("postgres://me@localhost/team?sslmode={strict}")), SslMode::Require, "{strict}");
        }
    }

    #[test]
    fn each_host_is_asked_by_itself_with_all_that_the_url_says() {
        let url = "postgres://me:geheim@one,two:5433/team?options=-c%20a%3Db";
        let address = ServerAddress::read(url, None, false).unwrap();
        let ports: Vec<&[u16]> = address.hosts.iter().map(Config::get_ports).collect();
        assert_eq!(ports, [[5432], [5433]]);
        for host in &address.hosts {
            assert_eq!((host.get_hosts().len(), host.get_user(), host.get_dbname()), (1, Some("me"), Some("team")));
            assert_eq!((host.get_password(), host.get_options()), (Some(&b"geheim"[..]), Some("-c a=b")));
            assert_eq!(host.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
            assert_eq!((host.get_ssl_mode(), host.get_application_name()), (SslMode::Require, Some("invited")));
        }
    }

    #[test]
    fn where_a_url_leads_is_told_without_its_password() {
        for (url, place) in [
            ("postgres://me:geheim@db.example.com:5433/team?sslmode=disable", "postgres://db.example.com:5433/team"),
            ("postgres://me:ge@heim@a,b:5433/team", "postgres://a,b:5433/team"),
            ("postgres:///team?host=db&user=me&password=a@geheim", "postgres://"),
            ("postgres://me:ge/heim@db/team", "postgres://"),
            ("postgres://me:ge?heim@db/team", "postgres://"),
            ("postgres:///team?host=/run&user=me&password=geheim", "postgres:///team"),
            ("postgres://me:geheim@a,b/team", "postgres://a,b/team"),
        ] {
            assert_eq!(place_of(url), place, "{url}");
        }
    }

    #[test]
    fn a_server_that_is_too_old_or_does_not_speak_utf_8_is_refused() {
        assert!(judge(150_018, "UTF8").is_ok());
        assert!(judge(90_624, "UTF8").unwrap_err().contains("PostgreSQL 9"));
        assert!(judge(150_018, "SQL_ASCII").unwrap_err().contains("SQL_ASCII"));
    }
}
