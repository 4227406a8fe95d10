//! Encryption to PostgreSQL: the server must prove its identity by a configured authority.

use std::path::PathBuf;

use invited::testing::{Entropy, TemporaryFolder};
use invited_cluster::{Authority, Cluster};

use super::own_cluster::start;
use crate::binary::{create_account, fails, folder, serve, succeeds};
use crate::process::{Client, printed};
use crate::support::database::execute;

const PASSWORD: &str = "geheim";

/// A server that admits a user over encrypted connections only, and the authority of its certificate.
struct Encrypted {
    cluster: Cluster,
    authority: Authority,
    folder: TemporaryFolder,
}

impl Encrypted {
    fn start() -> Self {
        let (cluster, url) = start();
        let folder = folder();
        let authority = Authority::create(folder.database().parent().unwrap()).expect("openssl is installed");
        cluster.encrypt(&authority.sign("DNS:localhost").unwrap()).unwrap();
        execute(&url, &format!("CREATE ROLE member LOGIN PASSWORD '{PASSWORD}'; GRANT ALL ON SCHEMA public TO member"));
        cluster.let_in(&["host all invited 127.0.0.1/32 trust", "hostssl all member all scram-sha-256"]).unwrap();
        Self { cluster, authority, folder }
    }

    fn url(&self, host: &str, query: &str) -> String {
        format!("postgres://member:{PASSWORD}@{host}:{}/team{query}", self.cluster.port())
    }

    fn authority(&self) -> String {
        self.authority.file().display().to_string()
    }

    /// A certificate unrelated to the server's.
    fn stranger(&self) -> String {
        let place: PathBuf = self.folder.database().with_file_name("elsewhere");
        std::fs::create_dir(&place).unwrap();
        Authority::create(&place).unwrap().file().display().to_string()
    }
}

#[track_caller]
fn refused(url: &str, more: &[&str], names: &[&str]) {
    let arguments = [&["serve", "--listen", "127.0.0.1:0", "--database", url], more].concat();
    let error = printed(&fails(&arguments, names).stderr);
    assert!(error.starts_with("invited: setting database: ") && error.lines().count() == 1, "{error}");
    assert!(!error.contains(PASSWORD), "{error}");
    println!("{}", error.trim_end());
}

#[test]
fn an_encrypted_server_works_with_its_authority() {
    let encrypted = Encrypted::start();
    let (plain, authority) = (encrypted.url("localhost", "?sslmode=verify-full"), encrypted.authority());
    succeeds(&["migrate", "--database", &plain, "--database-ca-file", &authority]);
    let in_url = encrypted.url("localhost", &format!("?sslmode=verify-full&sslrootcert={authority}"));
    let token = create_account(&in_url, "olive@example.test");
    let by_setting = [plain.as_str(), "--database-ca-file", &authority];
    for (number, place) in [&by_setting[..], &[in_url.as_str()]].into_iter().enumerate() {
        let (program, address) = serve(place[0], &place[1..]);
        let mut client = Client::connect(address, &token).unwrap();
        let path = "/api/v1/account_invitations";
        let body =
            format!(r#"{{"account_invitation":{{"full_name":"Ada","email_address":"ada{number}@example.test"}}}}"#);
        let (status, body) = client.send("POST", path, &body).unwrap();
        assert_eq!(status, 200, "{body}");
        let (status, body) = client.send("GET", path, "").unwrap();
        assert!(status == 200 && body.contains(&format!("ada{number}@example.test")), "{body}");
        let sql = "SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                   WHERE a.usename = 'member' AND NOT s.ssl";
        assert_eq!(execute(&format!("{}/team", encrypted.cluster.url()), sql), ["0"]);
        drop((client, program));
    }
}

#[test]
fn a_server_with_an_untrusted_certificate_is_refused() {
    let encrypted = Encrypted::start();
    let url = encrypted.url("localhost", "?sslmode=verify-full");
    refused(&url, &[], &["UnknownIssuer", "database_ca_file"]);
    refused(&url, &["--database-ca-file", &encrypted.stranger()], &["invalid peer certificate", "database_ca_file"]);
    let key = encrypted.folder.database().with_file_name("authority.key").display().to_string();
    refused(&url, &["--database-ca-file", &key], &["database_ca_file", "none in PEM"]);
    let elsewhere = encrypted.url("127.0.0.1", "?sslmode=require");
    refused(
        &elsewhere,
        &["--database-ca-file", &encrypted.authority()],
        &["not valid for name", "as its certificate names it"],
    );
    refused(&encrypted.url("localhost", ""), &[], &["no encryption", "pg_hba.conf"]);
}

#[test]
fn a_server_without_encryption_is_refused_if_it_is_required() {
    let (cluster, _) = start();
    let url = format!("postgres://member:{PASSWORD}@localhost:{}/team?sslmode=require", cluster.port());
    refused(&url, &[], &["does not support TLS", "sslmode=disable"]);
}

#[test]
fn a_certificate_may_be_for_an_ip_address() {
    let (cluster, url) = start();
    let folder = TemporaryFolder::create(&Entropy::system()).unwrap();
    let authority = Authority::create(folder.database().parent().unwrap()).unwrap();
    cluster.encrypt(&authority.sign("IP:127.0.0.1").unwrap()).unwrap();
    let authority = authority.file().display().to_string();
    succeeds(&["migrate", "--database", &format!("{url}?sslmode=verify-full"), "--database-ca-file", &authority]);
}

#[test]
fn a_self_signed_certificate_counts_if_exactly_it_is_named() {
    let (cluster, url) = start();
    let folder = folder();
    let place = |name: &str| {
        let place = folder.database().with_file_name(name);
        std::fs::create_dir(&place).unwrap();
        place
    };
    let shown = Authority::self_signed(&place("shown"), "DNS:localhost").unwrap();
    let other = Authority::self_signed(&place("other"), "DNS:localhost").unwrap();
    cluster.encrypt(&shown).unwrap();
    let files = [&shown, &other].map(|certificate| certificate.file.display().to_string());
    let by_name = url.replace("127.0.0.1", "localhost") + "?sslmode=verify-full";
    succeeds(&["migrate", "--database", &by_name, "--database-ca-file", &files[0]]);
    refused(&by_name, &[], &["name exactly this certificate in database_ca_file"]);
    refused(&by_name, &["--database-ca-file", &files[1]], &["invalid peer certificate"]);
    let by_address = url + "?sslmode=verify-full";
    refused(&by_address, &["--database-ca-file", &files[0]], &["not valid for name"]);
}
