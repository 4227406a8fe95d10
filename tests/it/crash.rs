//! kill -9 under write load, fifty times on one database: no answered write is lost, and none is half done.
//!
//! Each round starts the real program on the file of the previous round, compares the file with the answers that the
//! clients got, lets clients write, and kills the process at another moment; a few rounds kill it while it starts. An
//! unanswered write may have happened or not, but never in part.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use invited::testing::{Entropy, Stopwatch, TemporaryFolder};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::process::{Client, Program, address, command, sqlite};
use crate::support::token;

const ROUNDS: u64 = 50;
const CLIENTS: u64 = 4;
const LONGEST: Duration = Duration::from_secs(180);

/// What a client knows when its server dies.
#[derive(Default)]
struct Known {
    /// Addresses of answered invitations, with id and target.
    answered: BTreeMap<String, (i64, i64)>,
    /// The unanswered write.
    open: Option<Open>,
}

/// A write without an answer.
enum Open {
    Create(Vec<String>),
    Update(String, i64),
    Delete(String),
}

/// Writes until the server dies.
fn write_on(address: SocketAddr, name: &str) -> Known {
    let mut known = Known::default();
    // The server may be killed before it accepts a connection.
    if let Ok(mut client) = Client::connect(address, token::ADMINISTRATOR) {
        for number in 0.. {
            if write_once(&mut client, &mut known, name, number).is_err() {
                break;
            }
        }
    }
    known
}

/// One write: by turns a create, a bulk, a delete or an update.
fn write_once(client: &mut Client, known: &mut Known, name: &str, number: i64) -> std::io::Result<()> {
    let path = "/api/v1/account_invitations";
    let address = |part: i64| format!("{name}.{number}.{part}@example.test");
    let last = known.answered.last_key_value().map(|(address, (id, _))| (address.clone(), *id));
    match (number % 8, last) {
        (0 | 4, _) | (_, None) => {
            let addresses: Vec<String> = (0..if number % 8 == 4 { 5 } else { 1 }).map(address).collect();
            let people: Vec<Value> = addresses
                .iter()
                .map(|address| json!({"full_name": "N", "email_address": address, "billability_target": 1}))
                .collect();
            let body = json!({"account_invitations": people}).to_string();
            known.open = Some(Open::Create(addresses.clone()));
            let (status, body) = client.send("POST", path, &body)?;
            assert_eq!(status, 200, "{body}");
            let body: Value = serde_json::from_str(&body).unwrap();
            for (result, address) in body["results"].as_array().unwrap().iter().zip(addresses) {
                known.answered.insert(address, (result["id"].as_str().unwrap().parse().unwrap(), 1));
            }
        }
        (7, Some((address, id))) => {
            known.open = Some(Open::Delete(address.clone()));
            let (status, body) = client.send("DELETE", &format!("{path}/{id}"), "")?;
            assert_eq!(status, 204, "{body}");
            known.answered.remove(&address);
        }
        (_, Some((address, id))) => {
            let target = number % 101;
            known.open = Some(Open::Update(address.clone(), target));
            let body = json!({"account_invitation": {"billability_target": target}}).to_string();
            let (status, body) = client.send("PUT", &format!("{path}/{id}"), &body)?;
            assert_eq!(status, 200, "{body}");
            known.answered.insert(address, (id, target));
        }
    }
    known.open = None;
    Ok(())
}

/// The id and target of an address's invitation in the file.
fn find(database: &Connection, address: &str) -> Option<(i64, i64)> {
    let sql = "SELECT id, billability_target FROM account_invitations WHERE account_id = 1 AND email_key = ?1";
    let mut query = database.prepare_cached(sql).unwrap();
    query.query_map([address], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().next().map(Result::unwrap)
}

/// Compares a client's answers with the file.
fn nothing_answered_is_lost(database: &Connection, mut known: Known) -> usize {
    let count = known.answered.len();
    match known.open {
        None => {}
        Some(Open::Create(addresses)) => {
            let there = addresses.iter().filter(|address| find(database, address).is_some()).count();
            assert!(there == 0 || there == addresses.len(), "{there} of {} of a bulk exist", addresses.len());
        }
        Some(Open::Update(address, target)) => {
            let (id, before) = known.answered.remove(&address).unwrap();
            let now = find(database, &address);
            assert!([Some((id, before)), Some((id, target))].contains(&now), "{address}: {now:?}");
        }
        Some(Open::Delete(address)) => {
            let before = known.answered.remove(&address).unwrap();
            let now = find(database, &address);
            assert!([None, Some(before)].contains(&now), "{address}: {now:?}");
        }
    }
    for (address, expected) in known.answered {
        assert_eq!(find(database, &address), Some(expected), "an answered write of {address} is lost");
    }
    count
}

/// Each query counts rows that may exist only together with others.
const HALVES: [(&str, &str); 8] = [
    (
        "an invitation without exactly one audit row of its creation",
        "SELECT count(*) FROM account_invitations i WHERE id > 5 AND 1 <> (SELECT count(*) FROM audit a \
         WHERE a.account_id = i.account_id AND a.subject_type = 'account_invitations' AND a.subject_id = i.id \
         AND a.action = 'account_invitation.create')",
    ),
    (
        "an audit row of a creation whose invitation neither exists nor was deleted",
        "SELECT count(*) FROM audit a WHERE action = 'account_invitation.create' \
         AND NOT EXISTS (SELECT 1 FROM account_invitations i WHERE i.id = a.subject_id) \
         AND NOT EXISTS (SELECT 1 FROM audit d WHERE d.account_id = a.account_id \
         AND d.subject_type = a.subject_type AND d.subject_id = a.subject_id AND d.action = 'account_invitation.delete')",
    ),
    (
        "an audit row of a deletion whose invitation exists",
        "SELECT count(*) FROM audit a JOIN account_invitations i ON i.id = a.subject_id \
         WHERE a.action = 'account_invitation.delete'",
    ),
    (
        "an invitation whose value is not the last one in the trail",
        "SELECT count(*) FROM account_invitations i WHERE id > 5 AND billability_target <> (SELECT \
         json_extract(after, '$.billability_target') FROM audit a WHERE a.account_id = i.account_id \
         AND a.subject_type = 'account_invitations' AND a.subject_id = i.id ORDER BY a.id DESC LIMIT 1)",
    ),
    (
        "an invitation without its invitee",
        "SELECT count(*) FROM account_invitations i LEFT JOIN users u ON u.id = i.invitee_id WHERE u.id IS NULL",
    ),
    (
        "an invitee without an invitation",
        "SELECT count(*) FROM users u WHERE id > 22 AND NOT EXISTS \
         (SELECT 1 FROM account_invitations i WHERE i.invitee_id = u.id)",
    ),
    (
        "a wrong counter of all invitations",
        "SELECT count(*) FROM tallies t WHERE name = 'account_invitations' AND total <> \
         (SELECT count(*) FROM account_invitations i WHERE i.account_id = t.account_id)",
    ),
    (
        "a wrong counter of the pending invitations",
        "SELECT count(*) FROM tallies t WHERE name = 'account_invitations.pending' AND total <> \
         (SELECT count(*) FROM account_invitations i WHERE i.account_id = t.account_id AND accepted_at IS NULL)",
    ),
];

fn nothing_is_half_done(database: &Connection) {
    let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let dangling = database.prepare("PRAGMA foreign_key_check").unwrap().query([]).unwrap().next().unwrap().is_some();
    assert!(!dangling, "a row references a missing one");
    for (what, sql) in HALVES {
        let found: i64 = database.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(found, 0, "found {what}");
    }
}

/// Kills a program while it starts, perhaps while it creates or opens the database.
fn kill_while_starting(database: &str, after: Duration) {
    let mut command = command(&["sandbox", "--json", "--listen", "127.0.0.1:0", "--database", database]);
    command.stderr(Stdio::null());
    let program = Program::start(command);
    thread::sleep(after);
    program.kill();
}

/// The same rows as seen through the API of the restarted program.
fn the_program_shows_it(address: SocketAddr, path: &Path) {
    let database = Connection::open(path).unwrap();
    let sql = "SELECT id, billability_target FROM account_invitations WHERE account_id = 1 ORDER BY id DESC LIMIT 1";
    let (id, target): (i64, Option<i64>) = database.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let mut client = Client::connect(address, token::ADMINISTRATOR).unwrap();
    let path = format!("/api/v1/account_invitations/{id}?only_pending=false");
    let (status, body) = client.send("GET", &path, "").unwrap();
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["account_invitations"][id.to_string()]["billability_target"], json!(target));
}

#[test]
fn a_process_killed_under_load_loses_no_answered_write() {
    let start = Stopwatch::start();
    let folder = TemporaryFolder::create(&Entropy::system()).unwrap();
    let path = folder.database();
    let url = sqlite(&path);
    let mut answered = 0;
    for round in 0..ROUNDS {
        if round % 10 == 0 {
            kill_while_starting(&url, Duration::from_millis(5 + round));
            continue;
        }
        let (program, greeting) = Program::sandbox(&["--database", &url]);
        let address = address(&greeting);
        the_program_shows_it(address, &path);
        let names: Vec<String> = (0..CLIENTS).map(|client| format!("r{round}c{client}")).collect();
        let known: Vec<Known> = thread::scope(|scope| {
            let clients: Vec<_> = names.iter().map(|name| scope.spawn(|| write_on(address, name))).collect();
            thread::sleep(Duration::from_millis(20 + round * 37 % 150));
            program.kill();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        // The first connection recovers the file after the crash, like the next start of the program.
        let database = Connection::open(&path).unwrap();
        nothing_is_half_done(&database);
        answered += known.into_iter().map(|known| nothing_answered_is_lost(&database, known)).sum::<usize>();
        assert!(start.elapsed() < LONGEST, "{round} rounds took {:?}", start.elapsed());
    }
    println!("{ROUNDS} rounds with {answered} answered invitations took {:?}", start.elapsed());
    assert!(answered > 200, "the load was too light to prove anything: {answered} answered invitations");
}
