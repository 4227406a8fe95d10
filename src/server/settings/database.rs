//! The settings of the database.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::server::settings::read::{Reader, at_least_one, choice, place};
use crate::store::{Place, Server};

/// Where the database is. What is said of a server counts only where one is named.
pub(super) fn read(reader: &mut Reader<'_>) -> Place {
    let connections = reader.read("connections", at_least_one).unwrap_or(1);
    let pooler = |text: &str| choice(text, &[("none", false), ("transaction", true)]);
    let is_pooled = reader.read("database_pooler", pooler).unwrap_or_default();
    let authorities = reader.optional("database_ca_file", |text| Ok(PathBuf::from(text)));
    let replica = reader.optional("database_replica", replica);
    match reader.read("database", place) {
        Some(Place::Server(server)) => Place::Server(Server { replica, connections, is_pooled, authorities, ..server }),
        Some(file) => file,
        None => Place::File(PathBuf::new()),
    }
}

fn replica(text: &str) -> Result<SecretString, String> {
    match place(text) {
        Ok(Place::Server(server)) => Ok(server.url),
        _ => Err("must be postgres://USER@HOST/NAME".to_owned()),
    }
}
