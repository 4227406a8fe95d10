//! The floor: a bare program that does the same work over the same database, and answers the same bytes.
//!
//! It is hyper and SQLite with group commit and nothing else: no tokens, no rules, no limits, no audit trail, no log.
//! The distance to it is the price of everything that `invited` does beyond storing and sending.

use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use anyhow::{Context as _, Result, anyhow};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, TransactionBehavior, params};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

const INVITATION: &str = "full_name, email_address, headline, permission, accepted_at IS NULL AS pending, \
                          date(expires_on * 86400, 'unixepoch') AS expiration_date, bill_rate_in_cents, \
                          billability_target, cost_rate_in_cents, inviter_id, invitee_id, default_role_id, id";
const USER: &str = "full_name, photo_path, email_address, headline, id";
const ROLE: &str = "name, strftime('%FT%TZ', created_at / 1000000, 'unixepoch') AS created_at, \
                    strftime('%FT%TZ', updated_at / 1000000, 'unixepoch') AS updated_at, \
                    strftime('%FT%TZ', deleted_at / 1000000, 'unixepoch') AS deleted_at, id";
const INSERT_USER: &str = "INSERT INTO users (account_id, full_name, name_key, email_address, email_key, search_key, \
                           headline, created_at, updated_at) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, 0, 0) RETURNING id";
const NOW: &str = "CAST(unixepoch('subsec') * 1e6 AS INTEGER)";
const PENDING: &str = "account_id = 1 AND accepted_at IS NULL";

/// A statement that finds records, and for each column what comes before its value, such as `,"headline":`.
struct Query {
    sql: String,
    keys: Vec<Vec<u8>>,
}

/// What an answer is made of.
#[derive(Default)]
struct Found {
    ids: Vec<i64>,
    users: Vec<i64>,
    roles: Vec<i64>,
    /// The inside of the map of the records, and of each of those that they name.
    records: Vec<u8>,
    named: Vec<(&'static str, Vec<u8>)>,
}

struct Floor {
    readers: Mutex<Vec<Connection>>,
    writer: mpsc::Sender<Job>,
    show: Query,
    page: Query,
    users: Query,
    roles: Query,
    update: Query,
    create: Query,
}

/// What writes and finds the answer, and where to send that.
type Job = (Write, oneshot::Sender<Result<Vec<u8>>>);
type Write = Box<dyn FnOnce(&Connection) -> Result<Vec<u8>> + Send>;

/// Serves a database that `invited` has made, until killed.
pub(crate) fn serve(database: &Path) -> Result<()> {
    let cores = std::thread::available_parallelism()?.get();
    let (writer, jobs) = mpsc::channel();
    let floor = Arc::new(Floor::new(database, cores, writer)?);
    let mut db = open(database)?;
    std::thread::spawn(move || {
        write_in_batches(&mut db, &jobs).inspect_err(|cause| eprintln!("floor: the writer failed: {cause:#}"))
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(cores).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{{\"base_url\":\"http://{}\"}}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let floor = Arc::clone(&floor);
            let service = service_fn(move |request| {
                let floor = Arc::clone(&floor);
                async move {
                    let answer = floor.route(request).await.inspect_err(|cause| eprintln!("floor: {cause:#}"))?;
                    let head = Response::builder().header(CONTENT_TYPE, "application/json; charset=utf-8");
                    anyhow::Ok(head.body(Full::<Bytes>::from(answer))?)
                }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A connection that breaks is of no interest.
            tokio::spawn(async { drop(connection.await) });
        }
    })
}

fn open(database: &Path) -> Result<Connection> {
    let db = Connection::open(database)?;
    // Otherwise a bound LIMIT has its statement prepared anew at each use.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY")?;
    Ok(db)
}

/// Takes the writes that came during one commit into the next, and answers them after it.
fn write_in_batches(db: &mut Connection, jobs: &mpsc::Receiver<Job>) -> Result<()> {
    let mut done = Vec::new();
    while let Ok(first) = jobs.recv() {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut next = Some(first);
        while let Some((write, reply)) = next {
            done.push((write(&transaction), reply));
            next = jobs.try_recv().ok();
        }
        transaction.commit()?;
        for (answer, reply) in done.drain(..) {
            // It fails if the client is gone.
            let _ = reply.send(answer);
        }
    }
    Ok(())
}

impl Floor {
    fn new(database: &Path, readers: usize, writer: mpsc::Sender<Job>) -> Result<Floor> {
        let db = open(database)?;
        // The plus keeps SQLite from walking through an index of the whole account instead of looking up the few ids.
        let named = |columns, table| {
            let these = "id IN (SELECT value FROM json_each(?1)) ORDER BY id";
            Query::new(&db, format!("SELECT {columns} FROM {table} WHERE +account_id = 1 AND {these}"))
        };
        let invitations = |rest| format!("SELECT {INVITATION} FROM account_invitations WHERE {PENDING} {rest}");
        let update = "UPDATE account_invitations SET permission = ?2, bill_rate_in_cents = ?3, billability_target = ?4";
        let create = format!(
            "INSERT INTO account_invitations (account_id, full_name, name_key, email_address, email_key, search_key, \
             headline, bill_rate_in_cents, invitee_id, permission, inviter_id, expires_on, created_at, updated_at) \
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'project_creator', 2, unixepoch() / 86400 + 30, {NOW}, {NOW})"
        );
        Ok(Floor {
            readers: Mutex::new((0..readers).map(|_| open(database)).collect::<Result<_>>()?),
            writer,
            show: Query::new(&db, invitations("AND id = ?1"))?,
            page: Query::new(&db, invitations("ORDER BY created_at DESC, id LIMIT ?1 OFFSET ?2"))?,
            users: named(USER, "users")?,
            roles: named(ROLE, "roles")?,
            update: Query::new(
                &db,
                format!("{update}, updated_at = {NOW} WHERE {PENDING} AND id = ?1 RETURNING {INVITATION}"),
            )?,
            create: Query::new(&db, format!("{create} RETURNING {INVITATION}"))?,
        })
    }

    async fn route(self: Arc<Self>, request: Request<Incoming>) -> Result<Vec<u8>> {
        let (head, body) = request.into_parts();
        let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
        let Some(rest) = path.strip_prefix("/api/v1/account_invitations") else { return Ok(Vec::new()) };
        let id = rest.strip_prefix('/').and_then(|id| id.parse::<i64>().ok());
        if head.method == Method::GET {
            // A read runs on the thread of its request, since handing it over would take longer.
            let readers = || self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            let db = readers().pop().context("fewer readers than threads")?;
            let answer = id.map_or_else(|| self.page(&db, query), |id| self.show.one(&db, [id]));
            readers().push(db);
            return answer;
        }
        let body: Value = serde_json::from_slice(&body.collect().await?.to_bytes())?;
        let floor = Arc::clone(&self);
        let write: Write = Box::new(move |db| {
            let one = &body["account_invitation"];
            match (id, body["account_invitations"].as_array()) {
                (Some(id), _) => {
                    let (permission, rate) = (one["permission"].as_str(), one["bill_rate_in_cents"].as_i64());
                    floor.update.one(db, params![id, permission, rate, one["billability_target"].as_i64()])
                }
                (None, None) => floor.create(db, std::slice::from_ref(one), 20),
                (None, Some(people)) => floor.create(db, people, 50),
            }
        });
        let (reply, answer) = oneshot::channel();
        self.writer.send((write, reply)).map_err(|_| anyhow!("the writer has ended"))?;
        answer.await?
    }

    fn page(&self, db: &Connection, query: &str) -> Result<Vec<u8>> {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let number = |name: &str| pairs.clone().find(|(key, _)| *key == name)?.1.parse::<i64>().ok();
        let (size, page) = (number("per_page").unwrap_or(20), number("page").unwrap_or(1));
        // Rows and count are of one moment.
        let snapshot = db.unchecked_transaction()?;
        let mut found = Found::default();
        self.page.find(db, [size, (page - 1) * size], &mut found)?;
        if pairs.any(|(key, _)| key == "include") {
            found.named.push(("roles", self.roles.among(db, &mut found.roles)?));
            found.named.push(("users", self.users.among(db, &mut found.users)?));
        }
        let count = "SELECT total FROM tallies WHERE account_id = 1 AND name = 'account_invitations.pending'";
        let count = db.prepare_cached(count)?.query_row([], |row| row.get(0))?;
        snapshot.finish()?;
        found.answer([count, page, size])
    }

    fn create(&self, db: &Connection, people: &[Value], size: i64) -> Result<Vec<u8>> {
        let mut found = Found::default();
        for person in people {
            let text = |name| person[name].as_str().with_context(|| format!("no {name}"));
            let (name, email, headline) = (text("full_name")?, text("email_address")?, person["headline"].as_str());
            let (name_key, email_key) = (name.to_lowercase(), email.to_lowercase());
            let search_key = format!("{name_key} {email_key}");
            let user = params![name, name_key, email, email_key, search_key, headline];
            let user: i64 = db.prepare_cached(INSERT_USER)?.query_row(user, |row| row.get(0))?;
            let rate = person["bill_rate_in_cents"].as_i64();
            let invitation = params![name, name_key, email, email_key, search_key, headline, rate, user];
            self.create.find(db, invitation, &mut found)?;
        }
        let made = i64::try_from(people.len())?;
        let count = "UPDATE tallies SET total = total + ?1 WHERE account_id = 1 \
                     AND name IN ('account_invitations', 'account_invitations.pending')";
        db.prepare_cached(count)?.execute([made])?;
        found.answer([made, 1, size])
    }
}

impl Query {
    fn new(db: &Connection, sql: String) -> Result<Query> {
        let keys = db.prepare(&sql)?.column_names().map(|name| format!(",\"{name}\":").into_bytes()).collect();
        Ok(Query { sql, keys })
    }

    /// The answer of the one invitation that it finds.
    fn one(&self, db: &Connection, params: impl Params) -> Result<Vec<u8>> {
        let mut found = Found::default();
        self.find(db, params, &mut found)?;
        found.ids.first().context("no such invitation")?;
        found.answer([1, 1, 20])
    }

    /// The map of the records of these ids.
    fn among(&self, db: &Connection, ids: &mut Vec<i64>) -> Result<Vec<u8>> {
        ids.sort_unstable();
        ids.dedup();
        let mut found = Found::default();
        self.find(db, [serde_json::to_string(ids)?], &mut found)?;
        Ok(found.records)
    }

    fn find(&self, db: &Connection, params: impl Params, found: &mut Found) -> Result<()> {
        let Found { ids, users, roles, records, .. } = found;
        let mut statement = db.prepare_cached(&self.sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            // The last column is the id.
            let id = row.get(self.keys.len() - 1)?;
            records.extend_from_slice(if ids.is_empty() { b"" } else { b"," });
            quoted(id, records)?;
            ids.push(id);
            records.extend_from_slice(b":{");
            for (at, key) in self.keys.iter().enumerate() {
                records.extend_from_slice(if at == 0 { &key[1..] } else { key });
                match (row.get_ref(at)?, key.as_slice()) {
                    (ValueRef::Null, _) => records.extend_from_slice(b"null"),
                    (ValueRef::Text(text), _) => serde_json::to_writer(&mut *records, std::str::from_utf8(text)?)?,
                    (flag, b",\"pending\":") => serde_json::to_writer(&mut *records, &(flag.as_i64()? == 1))?,
                    (number, key) if !key.ends_with(b"id\":") => {
                        serde_json::to_writer(&mut *records, &number.as_i64()?)?;
                    }
                    (id, key) => {
                        let id = id.as_i64()?;
                        quoted(id, records)?;
                        match key {
                            b",\"inviter_id\":" | b",\"invitee_id\":" => users.push(id),
                            b",\"default_role_id\":" => roles.push(id),
                            _ => {}
                        }
                    }
                }
            }
            records.push(b'}');
        }
        Ok(())
    }
}

fn quoted(id: i64, out: &mut Vec<u8>) -> Result<()> {
    out.push(b'"');
    serde_json::to_writer(&mut *out, &id)?;
    out.push(b'"');
    Ok(())
}

impl Found {
    fn answer(&self, [count, page, size]: [i64; 3]) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(self.records.len() * 2 + 256);
        write!(out, "{{\"count\":{count},\"results\":[")?;
        for (at, id) in self.ids.iter().enumerate() {
            out.extend_from_slice(if at == 0 { b"" } else { b"," });
            out.extend_from_slice(b"{\"key\":\"account_invitations\",\"id\":");
            quoted(*id, &mut out)?;
            out.push(b'}');
        }
        out.extend_from_slice(b"],\"account_invitations\":{");
        out.extend_from_slice(&self.records);
        write!(out, "}},\"meta\":{{\"count\":{count},\"page_count\":{},", (count + size - 1) / size)?;
        write!(out, "\"page_number\":{page},\"page_size\":{size}}}")?;
        for (name, map) in &self.named {
            write!(out, ",\"{name}\":{{")?;
            out.extend_from_slice(map);
            out.push(b'}');
        }
        out.push(b'}');
        Ok(out)
    }
}
