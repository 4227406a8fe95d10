//! The database of one test: an SQLite file, or its own database on a PostgreSQL server.
//!
//! `INVITED_TEST_DATABASE` decides: unset means files, otherwise it is the URL of a server on which databases can be
//! created. The first test creates a template, and each test gets a copy, so none sees another's rows.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use invited::testing::{Config, Entropy, MIGRATIONS, TemporaryFolder, Timestamp, Values, migrate, open_store};
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::types::Value as Cell;
use rusqlite::{Batch, Connection, OpenFlags};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// The advisory lock under which the template is created.
const TEMPLATE_LOCK: i64 = 727_274;

static MADE: AtomicU64 = AtomicU64::new(0);

/// A database removed with its test.
pub(crate) enum Database {
    /// A file in its own folder.
    File(TemporaryFolder),
    /// A database on a server.
    OnServer {
        /// The server's URL, without a database name.
        server: String,
        name: String,
        session: OnceLock<Session>,
    },
    /// The URL of a database that is created and removed elsewhere.
    Elsewhere(String),
}

/// The URL, without a database, of the server that tests use, if any.
pub(crate) fn server() -> Option<String> {
    let url = std::env::var("INVITED_TEST_DATABASE").ok().filter(|url| url.contains("://"))?;
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    Some(url[..end].to_owned())
}

/// Whether tests use a database server.
pub(crate) fn is_on_server() -> bool {
    server().is_some()
}

impl Database {
    /// Creates one without accounts.
    pub(crate) fn create() -> Self {
        match server() {
            Some(server) => Self::on_server(&server),
            None => Self::in_file(),
        }
    }

    /// Creates one on a server, whatever the other tests use.
    pub(crate) fn on_server(server: &str) -> Self {
        let template = template(server);
        Self::made_on(server, "story", &format!("TEMPLATE {template}"))
    }

    /// Creates one on a server, without a schema.
    pub(crate) fn empty_on(server: &str) -> Self {
        Self::made_on(server, "empty", "")
    }

    fn made_on(server: &str, kind: &str, more: &str) -> Self {
        let name = format!("{kind}_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        on(server, "postgres", &format!("CREATE DATABASE {name} {more}"));
        Self::OnServer { server: server.to_owned(), name, session: OnceLock::new() }
    }

    /// Creates a file.
    pub(crate) fn in_file() -> Self {
        Self::File(TemporaryFolder::create(&Entropy::system()).unwrap())
    }

    /// The value of the setting `database`.
    pub(crate) fn setting(&self) -> String {
        match self {
            Self::File(folder) => format!("sqlite:{}", folder.database().display()),
            Self::OnServer { server, name, .. } => format!("{server}/{name}"),
            Self::Elsewhere(url) => url.clone(),
        }
    }

    /// The path of a file database.
    pub(crate) fn path(&self) -> PathBuf {
        match self {
            Self::File(folder) => folder.database(),
            Self::OnServer { .. } | Self::Elsewhere(_) => {
                panic!("a database on a server has no file: this test is about SQLite")
            }
        }
    }

    /// The rows that statements find, each as one text.
    #[track_caller]
    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        match self {
            Self::File(folder) => rows_in_file(&folder.database(), sql),
            Self::OnServer { session, .. } => {
                let rows = session.get_or_init(|| Session::open(self.setting()).0).execute(sql);
                rows.unwrap_or_else(|cause| panic!("{sql}: {cause}"))
            }
            Self::Elsewhere(url) => execute(url, sql),
        }
    }

    /// Executes statements directly.
    #[track_caller]
    pub(crate) fn alter(&self, sql: &str) {
        match self {
            // Any tag will do that the statements do not contain.
            Self::OnServer { .. } | Self::Elsewhere(_) => {
                drop(self.rows(&sql.replace("randomblob(32)", "sha256(convert_to(random()::text, 'UTF8'))")));
            }
            Self::File(folder) => {
                let connection = Connection::open(folder.database()).expect("the database opens");
                connection.busy_timeout(Duration::from_secs(5)).expect("the connection can wait");
                connection.execute_batch(sql).expect("the statement runs");
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::OnServer { server, name, .. } = self {
            on(server, "postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// The rows of a file that statements find, each as one text.
#[track_caller]
pub(crate) fn rows_in_file(database: &Path, sql: &str) -> Vec<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(database, flags).expect("the database opens");
    let mut statements = Batch::new(&connection, sql);
    let mut found = Vec::new();
    while let Some(mut statement) = statements.next().expect("the statement is valid") {
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let cells: rusqlite::Result<Vec<String>> =
                (0..columns).map(|column| Ok(print(&row.get(column)?))).collect();
            Ok(cells?.join("|"))
        });
        found.extend(rows.expect("the statement runs").map(|row| row.expect("every row can be read")));
    }
    found
}

fn print(cell: &Cell) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Blob(bytes) => format!("{bytes:02x?}"),
    }
}

/// Runs statements on a server's database and returns their rows.
#[track_caller]
pub(crate) fn on(server: &str, database: &str, sql: &str) -> Vec<String> {
    execute(&format!("{server}/{database}"), sql)
}

/// The same on a database that is named by its URL, on a connection of its own.
#[track_caller]
pub(crate) fn execute(url: &str, sql: &str) -> Vec<String> {
    let (session, thread) = Session::open(url.to_owned());
    let rows = session.execute(sql);
    drop(session);
    // The connection is closed when this returns: some stories count connections.
    let _ = thread.join();
    rows.unwrap_or_else(|cause| panic!("{sql}: {cause}"))
}

/// A statement, and where its rows or the reason of its failure go.
type Statement = (String, Sender<Result<Vec<String>, String>>);

/// A connection on a thread of its own, since a story may stand inside another runtime. It is closed with this.
pub(crate) struct Session(UnboundedSender<Statement>);

impl Session {
    pub(crate) fn open(url: String) -> (Self, JoinHandle<()>) {
        let (sender, mut asked) = unbounded_channel::<(String, Sender<_>)>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let client = connect(&url).await;
                while let Some((sql, answer)) = asked.recv().await {
                    let messages = client.simple_query(&sql).await.map_err(|cause| format!("{cause:?}"));
                    // A story that has ended waits for no answer.
                    let _ = answer.send(messages.map(|messages| messages.iter().filter_map(row).collect()));
                }
            });
        });
        (Self(sender), thread)
    }

    pub(crate) fn execute(&self, sql: &str) -> Result<Vec<String>, String> {
        let (answer, rows) = channel();
        let is_asked = self.0.send((sql.to_owned(), answer)).is_ok();
        rows.recv().ok().filter(|_| is_asked).unwrap_or_else(|| Err("the connection is lost".to_owned()))
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the database server can be reached");
    tokio::spawn(connection);
    client
}

fn row(message: &SimpleQueryMessage) -> Option<String> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    let cells: Vec<&str> = (0..row.len()).map(|column| row.get(column).unwrap_or("null")).collect();
    Some(cells.join("|"))
}

/// The name of the template database, created if missing.
fn template(server: &str) -> String {
    let newest = MIGRATIONS.last().map_or(0, |migration| migration.version);
    let script: usize = MIGRATIONS.iter().map(|migration| migration.script.len()).sum();
    let name = format!("stories_{newest}_{script}");
    let is_known = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
    if !on(server, "postgres", &is_known).is_empty() {
        return name;
    }
    let (server, wanted) = (server.to_owned(), name.clone());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = connect(&format!("{server}/postgres")).await;
            // Every process of a run gets here at once; one of them creates it.
            client.batch_execute(&format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})")).await.unwrap();
            if !client.simple_query(&is_known).await.unwrap().iter().any(|message| row(message).is_some()) {
                client.batch_execute("DROP DATABASE IF EXISTS stories_unfinished WITH (FORCE)").await.unwrap();
                client.batch_execute("CREATE DATABASE stories_unfinished").await.unwrap();
                let values = Values::from([("database".to_owned(), format!("{server}/stories_unfinished"))]);
                let store = open_store(&Config::defaults().unwrap().with(&values).unwrap()).unwrap();
                migrate::apply(&store, MIGRATIONS, Timestamp(0)).await.unwrap();
                tokio::task::spawn_blocking(move || store.close()).await.unwrap();
                client.batch_execute(&format!("ALTER DATABASE stories_unfinished RENAME TO {wanted}")).await.unwrap();
            }
        });
    })
    .join()
    .expect("the template is made");
    name
}
