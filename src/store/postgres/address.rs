//! Where a PostgreSQL server is, and how to get there: the URL, the encryption, and what is expected of the server.
//!
//! The URL is libpq's, with several hosts where one may take the place of another. Encryption is by one rule: to another
//! machine always, with a certificate that was checked against the host's name; on this machine none. `sslmode` in the URL
//! says otherwise. libpq's own default, to encrypt without looking at the certificate, protects from nobody who could listen,
//! so that its `require`, `verify-ca` and `verify-full` are one here: the strictest.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::postgres::trouble::{explain, explain_greeting};
use crate::store::{Error, Place, Server};

/// How long a connection to one host may take until it is ready for its first job. The next host is asked only afterwards.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How long a peer that has vanished without a word is believed to be there.
const VANISHED_AFTER: Duration = Duration::from_secs(20);

/// What a URL looks like, for those whose URL cannot be used.
const FORM: &str = "write postgres://USER:PASSWORD@HOST:PORT/NAME, with %40 for @ and the like in a password";

/// The oldest server that is good enough, as `server_version_num` says it: 13.
const OLDEST_VERSION: i32 = 130_000;

/// A server, and how to get there.
#[derive(Clone)]
pub(super) struct Address {
    /// The URL as people may see it.
    place: String,
    /// One for each host, in the order of the URL: a host that says nothing must not use up the time of the next one.
    hosts: Vec<Config>,
    /// The place of the host that has done last, which is asked first: after a failover it is another than before.
    last: Arc<AtomicUsize>,
    tls: MakeRustlsConnect,
    /// Whether a pooler stands in between that gives every transaction another connection.
    pub(super) is_pooled: bool,
}

impl Address {
    /// Reads a URL. Certificates in `authorities` are trusted beside the well-known ones.
    pub(super) fn read(url: &str, authorities: Option<&Path>, is_pooled: bool) -> Result<Self, Error> {
        let place = Place::Server(Server::at(url)).to_string();
        let wrong = |reason: String| Error::Unusable(format!("the URL cannot be used: {reason}; {FORM}"));
        let Parts { url, mode, root } = Parts::of(url);
        let mut config: Config = url.parse().map_err(|cause| wrong(explain(&cause)))?;
        config.ssl_mode(match mode.as_deref() {
            None if config.get_hosts().iter().all(is_here) => SslMode::Disable,
            None | Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
            Some("prefer" | "allow") => SslMode::Prefer,
            Some("disable") => SslMode::Disable,
            Some(other) => return Err(wrong(format!("sslmode is {other:?}; disable, prefer and require are known"))),
        });
        config.application_name("invited");
        keep_alive(&mut config);
        if config.get_hosts().len() > 1 && config.get_target_session_attrs() == TargetSessionAttrs::Any {
            // Of several servers, one is the primary; the others follow it, and nothing can be written there.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let trusted = match (authorities, root.as_deref()) {
            (Some(path), _) => Some(("database_ca_file", path)),
            (None, root) => root.map(|path| ("sslrootcert in the URL", path)),
        };
        let tls = MakeRustlsConnect::new(encryption(trusted)?);
        Ok(Self { place, hosts: one_by_one(&config), last: Arc::default(), tls, is_pooled })
    }

    /// The same, where any of the hosts will do, those that only follow the primary, too.
    pub(super) fn of_follower(mut self) -> Self {
        for host in &mut self.hosts {
            host.target_session_attrs(TargetSessionAttrs::Any);
        }
        self
    }

    /// Connects to the first host that will do, within the runtime that is going to drive the connection, and says the first words
    /// to it.
    pub(super) async fn connect(&self, first_words: &str) -> Result<Client, Error> {
        let mut refusals = Vec::new();
        let first = self.last.load(Ordering::Relaxed);
        for (place, host) in self.hosts.iter().enumerate().cycle().skip(first).take(self.hosts.len()) {
            match tokio::time::timeout(CONNECT_WITHIN, self.greet(host, first_words)).await {
                Ok(Ok(client)) => {
                    self.last.store(place, Ordering::Relaxed);
                    return Ok(client);
                }
                Ok(Err(Error::Unavailable(reason))) => refusals.push(reason),
                Ok(Err(other)) => return Err(other),
                Err(_) => refusals.push("the server does not answer: is it a PostgreSQL server?".to_owned()),
            }
        }
        Err(Error::Unavailable(format!("{}: {}", self.place, refusals.join("; next host: "))))
    }

    async fn greet(&self, host: &Config, first_words: &str) -> Result<Client, Error> {
        let unavailable = |cause: tokio_postgres::Error| Error::Unavailable(explain(&cause));
        let connected = host.connect(self.tls.clone()).await;
        let (client, connection) = connected.map_err(|cause| Error::Unavailable(explain_greeting(&cause)))?;
        // It lives as long as the client, and says by the client's errors when it is over.
        tokio::spawn(connection);
        require_fit(&client).await?;
        client.batch_execute(first_words).await.map_err(unavailable)?;
        Ok(client)
    }
}

/// Where a URL leads, without user and password. Only what surely is no part of a password is told, however the URL is written.
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

/// The same with one host each.
fn one_by_one(config: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    if hosts.len() < 2 {
        return vec![config.clone()];
    }
    let alone = |(place, host): (usize, &Host)| {
        let mut alone = Config::new();
        match host {
            Host::Tcp(name) => alone.host(name),
            Host::Unix(folder) => alone.host_path(folder),
        };
        if let Some(address) = addresses.get(place) {
            alone.hostaddr(*address);
        }
        // One port is that of every host.
        if let Some(port) = ports.get(place).or(ports.first()) {
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

/// Bounds the time in which a host that has vanished is believed to be there.
fn keep_alive(config: &mut Config) {
    config.connect_timeout(CONNECT_WITHIN);
    config.keepalives_idle(VANISHED_AFTER).keepalives_interval(VANISHED_AFTER / 4).keepalives_retries(3);
    config.tcp_user_timeout(VANISHED_AFTER);
}

/// Refuses a server that would not keep what it is given as it is given.
async fn require_fit(client: &Client) -> Result<(), Error> {
    let asked = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')";
    let row = client.query_typed_one(asked, &[]).await.map_err(|cause| Error::Unavailable(explain(&cause)))?;
    let unreadable = |cause: tokio_postgres::Error| Error::Unavailable(explain(&cause));
    judge(row.try_get(0).map_err(unreadable)?, row.try_get(1).map_err(unreadable)?).map_err(Error::Unusable)
}

fn judge(version: i32, encoding: &str) -> Result<(), String> {
    if version < OLDEST_VERSION {
        let (is, wanted) = (version / 10_000, OLDEST_VERSION / 10_000);
        return Err(format!(
            "the server is PostgreSQL {is}, which is too old: version {wanted} or a newer one is needed"
        ));
    }
    if encoding != "UTF8" {
        return Err(format!(
            "the database has the encoding {encoding}, which cannot hold every text: make it with UTF8"
        ));
    }
    Ok(())
}

/// A URL, and what of it tokio-postgres does not understand.
struct Parts {
    url: String,
    mode: Option<String>,
    root: Option<PathBuf>,
}

impl Parts {
    fn of(url: &str) -> Self {
        // A question mark in a password begins no query.
        let host = url.find('@').unwrap_or_default();
        let (place, query) = match url[host..].find('?') {
            Some(at) => (&url[..host + at], &url[host + at + 1..]),
            None => (url, ""),
        };
        let (mut mode, mut root, mut kept) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value.to_owned()),
                Some(("sslrootcert", value)) => {
                    root =
                        Some(PathBuf::from(percent_encoding::percent_decode_str(value).decode_utf8_lossy().as_ref()));
                }
                _ => kept.push(pair),
            }
        }
        let url = if kept.is_empty() { place.to_owned() } else { format!("{place}?{}", kept.join("&")) };
        Self { url, mode, root }
    }
}

/// Whether a host is this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        Host::Unix(_) => true,
    }
}

/// Encryption that trusts the well-known authorities and those in a file, which is told with where it was named.
fn encryption(authorities: Option<(&str, &Path)>) -> Result<ClientConfig, Error> {
    let mut trusted = RootCertStore::empty();
    trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some((named, path)) = authorities {
        let unusable = |reason: String| {
            Error::Unusable(format!("{named}: the certificates in {} cannot be used: {reason}", path.display()))
        };
        let mut found = 0;
        for certificate in CertificateDer::pem_file_iter(path).map_err(|cause| unusable(cause.to_string()))? {
            let certificate = certificate.map_err(|cause| unusable(cause.to_string()))?;
            trusted.add(certificate).map_err(|cause| unusable(cause.to_string()))?;
            found += 1;
        }
        if found == 0 {
            return Err(unusable("there is none in PEM".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|cause| Error::Unavailable(cause.to_string()))?;
    Ok(versions.with_root_certificates(trusted).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> SslMode {
        Address::read(url, None, false).map(|address| address.hosts[0].get_ssl_mode()).unwrap()
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
        let address = Address::read(url, None, false).unwrap();
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
    fn what_is_wrong_with_a_url_is_said_without_its_password() {
        for (url, said) in [
            ("postgres://me:geheim@db:x/team", "invalid"),
            ("postgres://me:geheim@db/team?sslmode=maybe", "\"maybe\""),
            ("postgres://me:geheim@db/team?colour=red", "colour"),
            ("postgres://me:geheim@db/team?sslrootcert=/nowhere", "/nowhere"),
            ("postgres://me:ge?heim=geheim@db/team?colour=red", "colour"),
        ] {
            let told = Address::read(url, None, false).err().unwrap().to_string();
            assert!(told.contains(said) && !told.contains("geheim"), "{told}");
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
