//! The command line of the bench.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::data::Size;

pub(crate) const HELP: &str = "\
Measures invited and a floor on the same stack, interleaved, and says which targets are reached.

  cargo xtask bench [OPTIONS]

  --quick             shorter cells, fewer rounds, 100,000 invitations for the long list instead of 1,000,000
  --json              the figures as JSON on standard output instead of the table
  --rounds COUNT      rounds; every figure is the median of its rounds (default 5)
  --seconds SECONDS   counted time of a cell (default 1.5)
  --engine ENGINE     sqlite (the default) or postgres: a PostgreSQL server of the run's own, and pgbench in place of
                      the floor
  --connections COUNT[,COUNT]
                      connections of the server that write to PostgreSQL; with several numbers, the comparison with
                      pgbench has a row for each, and everything else is measured with the first
  --only NAME[,NAME]  only these operations: hello, show, list, memberships, users, update, create, bulk, page,
                      start, mail (the first and the last two only on SQLite), pgbench (only on PostgreSQL)
  --folder PATH       where the databases and the disk's measurement are, in a new folder that is removed at the
                      end (default: the folder of the built program, since /tmp is often no disk). Where PostgreSQL
                      runs as another user, that one has to be able to enter it
  --server PATH       the invited program (default: the one beside this program)
  --against PATH      compare it with an older build of the invited program as well: show, list, page, update, create
                      and bulk, each build over a database that it has made
  --without-floor     only that comparison, without the floor and the other targets

  cargo xtask bench floor --database PATH
                      only starts the floor and prints where it listens
";

/// What is asked of this process.
pub(crate) enum Command {
    Help,
    Run(Options),
    Floor { database: PathBuf },
}

/// What the servers keep their data in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    fn of_name(name: &str) -> Result<Engine> {
        match name {
            "sqlite" => Ok(Engine::Sqlite),
            "postgres" => Ok(Engine::Postgres),
            unknown => bail!("--engine knows sqlite and postgres, not {unknown}"),
        }
    }

    /// Whether something that `--only` can name is measured on it.
    fn has(self, name: &str) -> bool {
        match self {
            Engine::Sqlite => name != "pgbench",
            // The floor alone greets the world, and a sandbox that is started without a database has one of SQLite.
            Engine::Postgres => !["hello", "start", "mail"].contains(&name),
        }
    }
}

/// How a run goes.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) engine: Engine,
    /// Numbers of connections that write to PostgreSQL; none for the default of the server.
    pub(crate) writing_connections: Vec<usize>,
    pub(crate) json: bool,
    pub(crate) quick: bool,
    pub(crate) rounds: usize,
    pub(crate) cell: Duration,
    pub(crate) only: Vec<String>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) server: Option<PathBuf>,
    /// An older build to compare with.
    pub(crate) against: Option<PathBuf>,
    pub(crate) without_floor: bool,
}

impl Options {
    /// The database that all operations but `page` work on.
    pub(crate) const SIZE: Size = Size { invitations: 100_000, members: 10_000 };

    /// Invitations of the short list of `page`.
    pub(crate) const SHORT_LIST: u32 = 10_000;

    /// Every number of connections that write to PostgreSQL, the default of the server if none was given.
    pub(crate) fn all_writing_connections(&self) -> Vec<Option<usize>> {
        match self.writing_connections.as_slice() {
            [] => vec![None],
            given => given.iter().copied().map(Some).collect(),
        }
    }

    /// Invitations of the long list of `page`.
    pub(crate) fn long_list(&self) -> u32 {
        if self.quick { 100_000 } else { 1_000_000 }
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.engine.has(name) && (self.only.is_empty() || self.only.iter().any(|wanted| wanted == name))
    }
}

const NAMES: [&str; 12] =
    ["hello", "show", "list", "memberships", "users", "update", "create", "bulk", "page", "start", "mail", "pgbench"];

/// Reads the arguments after the program's name.
pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Command> {
    let arguments: Vec<String> = arguments.collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let mut options = Options {
        engine: Engine::Sqlite,
        writing_connections: Vec::new(),
        json: false,
        quick,
        rounds: if quick { 3 } else { 5 },
        cell: Duration::from_millis(if quick { 500 } else { 1_500 }),
        only: Vec::new(),
        folder: None,
        server: None,
        against: None,
        without_floor: false,
    };
    let mut is_floor = false;
    let mut database = None;
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "floor" => is_floor = true,
            "--quick" => {}
            "--engine" => options.engine = Engine::of_name(&value()?)?,
            "--connections" => options.writing_connections = numbers(&value()?)?,
            "--json" => options.json = true,
            "--rounds" => options.rounds = value()?.parse().context("--rounds takes a number")?,
            "--seconds" => {
                let seconds: f64 = value()?.parse().context("--seconds takes a number")?;
                options.cell = Duration::try_from_secs_f64(seconds).context("--seconds takes a time")?;
            }
            "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
            "--folder" => options.folder = Some(PathBuf::from(value()?)),
            "--server" => options.server = Some(PathBuf::from(value()?)),
            "--against" => options.against = Some(PathBuf::from(value()?)),
            "--without-floor" => options.without_floor = true,
            "--database" => database = Some(PathBuf::from(value()?)),
            unknown => bail!("{unknown} is no option of the bench; see --help"),
        }
    }
    if let Some(unknown) = options.only.iter().find(|name| !NAMES.contains(&name.as_str())) {
        bail!("--only knows {}, not {unknown}", NAMES.join(", "));
    }
    if let Some(other) = options.only.iter().find(|name| !options.engine.has(name)) {
        bail!("{other} is not measured on this engine; see --help");
    }
    if options.engine == Engine::Sqlite && !options.writing_connections.is_empty() {
        bail!("--connections belongs to --engine postgres: SQLite has one writer");
    }
    // Bounded in time and number: the load is a measurement, not an attack on the machine.
    if !(1..=100).contains(&options.rounds) || !(0.05..=60.0).contains(&options.cell.as_secs_f64()) {
        bail!("--rounds goes from 1 to 100 and --seconds from 0.05 to 60");
    }
    if options.without_floor && options.against.is_none() {
        bail!("--without-floor leaves nothing to measure but what --against PATH asks for");
    }
    match (is_floor, database) {
        (true, Some(database)) => Ok(Command::Floor { database }),
        (true, None) => bail!("floor needs --database PATH"),
        (false, None) => Ok(Command::Run(options)),
        (false, Some(_)) => bail!("--database belongs to floor"),
    }
}

/// Numbers of connections with commas, bounded by what the database server takes.
fn numbers(text: &str) -> Result<Vec<usize>> {
    let numbers: Vec<usize> =
        text.split(',').map(str::parse).collect::<Result<_, _>>().context("--connections takes numbers")?;
    if numbers.len() > 8 || numbers.iter().any(|number| !(1..=128).contains(number)) {
        bail!("--connections takes up to 8 numbers, each from 1 to 128");
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Result<Options> {
        match read(arguments.iter().map(|&argument| argument.to_owned()))? {
            Command::Run(options) => Ok(options),
            Command::Help | Command::Floor { .. } => bail!("another command"),
        }
    }

    #[test]
    fn quick_is_shorter_wherever_it_stands_and_explicit_values_win() {
        let options = run(&["--rounds", "7", "--quick", "--json"]).unwrap();
        assert_eq!((options.rounds, options.quick, options.json), (7, true, true));
        assert_eq!(options.cell, Duration::from_millis(500));
    }

    #[test]
    fn an_older_build_is_compared_beside_the_floor_or_alone() {
        let beside = run(&["--against", "old/invited"]).unwrap();
        assert_eq!((beside.against, beside.without_floor), (Some(PathBuf::from("old/invited")), false));
        assert!(run(&["--without-floor", "--against", "old/invited"]).unwrap().without_floor);
    }

    #[test]
    fn each_engine_has_what_it_can_be_compared_with() {
        let postgres = run(&["--engine", "postgres", "--connections", "8,64"]).unwrap();
        assert_eq!(postgres.writing_connections, [8, 64]);
        assert!(postgres.wants("pgbench") && postgres.wants("update") && !postgres.wants("hello"));
        let sqlite = run(&[]).unwrap();
        assert!(!sqlite.wants("pgbench") && sqlite.wants("update") && sqlite.wants("hello"));
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        for wrong in [
            &["--only", "sho"][..],
            &["--rounds", "0"],
            &["--seconds", "9999"],
            &["--rounds"],
            &["floor"],
            &["--without-floor"],
            &["--engine", "mysql"],
            &["--engine", "postgres", "--only", "hello"],
            &["--only", "pgbench"],
            &["--connections", "8"],
            &["--engine", "postgres", "--connections", "0"],
        ] {
            assert!(run(wrong).is_err(), "{wrong:?}");
        }
    }
}
