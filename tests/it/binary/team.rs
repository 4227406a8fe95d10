//! A team's database, commands run on it, and direct reads of its file.

use std::net::SocketAddr;
use std::path::PathBuf;

use invited::testing::TemporaryFolder;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};

use super::serving::{create_account, fails, folder, serve, succeeds};
use crate::process::{Client, Program, sqlite};

const INVITATIONS: &str = "/api/v1/account_invitations";

/// An account whose owner is Olive Owner.
pub(crate) struct Team {
    pub(crate) url: String,
    pub(crate) token: String,
    folder: TemporaryFolder,
}

impl Team {
    pub(crate) fn new() -> Self {
        let folder = folder();
        let url = sqlite(&folder.database());
        let token = create_account(&url, "olive@example.test");
        Self { url, token, folder }
    }

    /// A path next to the database.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.database().with_file_name(name)
    }

    /// The names next to the database that contain this text.
    pub(crate) fn files_named(&self, text: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.database().parent().unwrap()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains(text)).collect()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        succeeds(&[arguments, &["--database", &self.url]].concat())
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// Runs a failing command and expects these words.
    pub(crate) fn refused(&self, arguments: &[&str], words: &[&str]) {
        fails(&[arguments, &["--database", &self.url]].concat(), words);
    }

    /// Serves the database; mails stay in the outbox.
    pub(crate) fn serve(&self) -> (Program, SocketAddr) {
        let mail = format!("files:{}", self.path("mails").display());
        serve(&self.url, &["--mail", &mail, "--mail-from", "invitations@example.test", "--mail-worker", "false"])
    }

    /// Invites people by name and address, over HTTP, as the owner.
    pub(crate) fn invite(server: SocketAddr, token: &str, people: &[(&str, &str)]) {
        let people: Vec<Value> =
            people.iter().map(|(name, address)| json!({"full_name": name, "email_address": address})).collect();
        let body = json!({ "account_invitations": people }).to_string();
        let (status, body) = Client::connect(server, token).unwrap().send("POST", INVITATIONS, &body).unwrap();
        assert_eq!(status, 200, "{body}");
    }

    /// The same through a server that stops afterwards.
    pub(crate) fn invited(&self, people: &[(&str, &str)]) {
        let (program, server) = self.serve();
        Self::invite(server, &self.token, people);
        assert_eq!(program.stop().0.code(), Some(0));
    }

    /// Changes the database file directly.
    pub(crate) fn alter(&self, sql: &str) {
        self.open().execute_batch(sql).unwrap();
    }

    /// The rows of a one-column query, as text.
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        let connection = self.open();
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Every text of every table, with the table's name.
    pub(crate) fn every_text(&self) -> Vec<(String, String)> {
        let connection = self.open();
        let mut texts = Vec::new();
        for table in self.texts("SELECT name FROM sqlite_master WHERE type = 'table'") {
            let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for column in 0..columns {
                    if let ValueRef::Text(text) = row.get_ref(column).unwrap() {
                        texts.push((table.clone(), String::from_utf8(text.to_vec()).unwrap()));
                    }
                }
            }
        }
        texts
    }

    fn open(&self) -> Connection {
        let connection = Connection::open(self.folder.database()).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        connection
    }
}
