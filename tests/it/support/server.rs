//! Starts a server for one test and stops it afterwards.
//!
//! It is the real server in this process: real listener, real threads, real database. Only the clock is frozen and the
//! randomness repeatable.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use invited::testing::store::Db;
use invited::testing::{App, Clock, Config, Entropy, Error, Running, Seed, Timestamp, Values};
use tokio::runtime::Runtime;

use super::database::Database;

/// 2031-01-02T03:04:05Z, the time at the start of a test; thirty days later it is 2031-02-01.
const BEGINNING: Timestamp = Timestamp(1_925_089_445_000_000);

/// A running server with the sandbox's seed.
pub(crate) struct Server {
    running: Option<Running>,
    address: SocketAddr,
    runtime: Runtime,
    database: Database,
    values: Values,
    seed: Arc<Seed>,
    /// The number of starts, so that a restart does not repeat random values.
    starts: u64,
    kind: Kind,
}

/// Which of the program's two servers it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sandbox,
    /// As `invited serve` runs it: the seed's rows, and nothing else of a sandbox.
    Plain,
}

impl Server {
    /// Starts a server with the sandbox's own settings.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with some settings changed, by name, as text.
    pub(crate) fn start_with(settings: &[(&'static str, &str)]) -> Self {
        Self::start_over(Database::create(), settings)
    }

    /// Starts a server with another seed.
    pub(crate) fn start_with_seed(seed: Seed) -> Self {
        Self::start_with_seed_over(Database::create(), &[], Arc::new(seed))
    }

    /// Starts a server that is no sandbox, over the rows of the seed. Mail stays in memory all the same.
    pub(crate) fn start_plain(settings: &[(&'static str, &str)]) -> Self {
        Self::start_kind(Kind::Plain, Database::create(), settings, Seed::standard().unwrap())
    }

    /// Starts a server on a file even if the run uses PostgreSQL, for tests about SQLite.
    pub(crate) fn start_on_file() -> Self {
        Self::start_over(Database::in_file(), &[])
    }

    /// Starts a server over the test's own database, with some settings changed.
    pub(crate) fn start_over(database: Database, settings: &[(&'static str, &str)]) -> Self {
        Self::start_with_seed_over(database, settings, Seed::standard().unwrap())
    }

    fn start_with_seed_over(database: Database, settings: &[(&'static str, &str)], seed: Arc<Seed>) -> Self {
        Self::start_kind(Kind::Sandbox, database, settings, seed)
    }

    fn start_kind(kind: Kind, database: Database, settings: &[(&'static str, &str)], seed: Arc<Seed>) -> Self {
        let mut values = texts(&[("listen", "127.0.0.1:0"), ("durability", "off"), ("database", &database.setting())]);
        // Nothing happens by itself: tests deliver mails and sweep when they need it.
        values.extend(texts(&[("mail_worker", "false"), ("sweep_interval", "0")]));
        values.extend(texts(settings));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let running = runtime.block_on(begin(&values, BEGINNING, 1, &seed, kind));
        Self { address: running.address, running: Some(running), runtime, database, values, seed, starts: 1, kind }
    }

    /// Stops the server and starts it again on the same database and at the same time.
    pub(crate) fn restart(&mut self) {
        let now = self.app().clock.now();
        self.end();
        self.starts += 1;
        let running = self.runtime.block_on(begin(&self.values, now, self.starts, &self.seed, self.kind));
        self.address = running.address;
        self.running = Some(running);
    }

    /// The same with some settings changed.
    pub(crate) fn restart_with(&mut self, settings: &[(&'static str, &str)]) {
        self.values.extend(texts(settings));
        self.restart();
    }

    fn end(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop(std::future::pending()));
        }
    }

    /// The address of the picture of people who have none.
    pub(crate) fn default_photo(&self) -> String {
        format!("http://{}/images/default_profile_photo/default.png", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The database file, to read it directly.
    pub(crate) fn database_path(&self) -> PathBuf {
        self.database.path()
    }

    /// The database, to read it directly.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn app(&self) -> &App {
        &self.running.as_ref().unwrap().app
    }

    /// Runs a write on the server's own store, for what no request can do.
    #[track_caller]
    pub(crate) fn write<T: Send + 'static>(&self, work: impl FnMut(&mut Db) -> Result<T, Error> + Send + 'static) -> T {
        match self.runtime.block_on(self.app().store.write(work)) {
            Ok(value) => value,
            Err(cause) => panic!("the write failed: {cause:?}"),
        }
    }

    /// The database work of a call: reads and writes. It decides the response time.
    pub(crate) fn work_of<T>(&self, ask: impl FnOnce() -> T) -> (T, (u64, u64)) {
        let done = || (self.app().store.statistics().reads(), self.app().store.statistics().writes());
        let (reads, writes) = done();
        let answer = ask();
        (answer, (done().0 - reads, done().1 - writes))
    }

    /// Sends the due mails in turn; returns their number.
    #[track_caller]
    pub(crate) fn deliver(&self) -> usize {
        let app = &self.running.as_ref().unwrap().app;
        self.runtime.block_on(invited::testing::send_due(app)).expect("the outbox is read")
    }

    /// Marks and removes expired rows; returns their number.
    #[track_caller]
    pub(crate) fn sweep(&self) -> usize {
        let now = self.app().clock.now();
        self.runtime.block_on(invited::testing::sweep(self.app(), now)).expect("the database is swept")
    }

    /// The same, unless the clock is doubted.
    #[track_caller]
    pub(crate) fn sweep_if_believed(&self) -> Option<usize> {
        let swept = self.runtime.block_on(invited::testing::sweep_if_believed(self.app()));
        swept.expect("the database is swept")
    }

    /// Runs the mail worker as a server that is stopping does, until it ends.
    pub(crate) fn work_while_stopping(&self) {
        let (_stop, stopped) = tokio::sync::watch::channel(true);
        let app = Arc::clone(&self.running.as_ref().unwrap().app);
        self.runtime.block_on(invited::testing::send_until(app, stopped));
    }

    pub(crate) fn advance_seconds(&self, seconds: u64) {
        self.running.as_ref().unwrap().app.clock.advance(Duration::from_secs(seconds));
    }

    /// Stops the server after it has answered running requests.
    pub(crate) fn stop(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Settings by their names.
pub(crate) fn texts(settings: &[(&str, &str)]) -> Values {
    settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn begin(values: &Values, now: Timestamp, random_seed: u64, seed: &Arc<Seed>, kind: Kind) -> Running {
    let config = Config::of_sandbox().unwrap().with(values).unwrap();
    let mut app = App::start(config, Clock::frozen(now), Entropy::seeded(random_seed)).await.unwrap();
    assert!(app.become_sandbox(seed).await.unwrap());
    if kind == Kind::Plain {
        app.sandbox = None;
    }
    Running::start(app).await.unwrap()
}
