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
  --only NAME[,NAME]  only these operations: hello, show, list, memberships, users, update, create, bulk, page,
                      start, mail
  --folder PATH       where the databases and the disk's measurement are, in a new folder that is removed at the
                      end (default: the folder of the built program, since /tmp is often no disk)
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

/// How a run goes.
#[derive(Clone, Debug)]
pub(crate) struct Options {
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

    /// Invitations of the long list of `page`.
    pub(crate) fn long_list(&self) -> u32 {
        if self.quick { 100_000 } else { 1_000_000 }
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == name)
    }
}

const NAMES: [&str; 11] =
    ["hello", "show", "list", "memberships", "users", "update", "create", "bulk", "page", "start", "mail"];

/// Reads the arguments after the program's name.
pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Command> {
    let arguments: Vec<String> = arguments.collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let mut options = Options {
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
    fn what_cannot_be_measured_is_refused() {
        for wrong in [
            &["--only", "sho"][..],
            &["--rounds", "0"],
            &["--seconds", "9999"],
            &["--rounds"],
            &["floor"],
            &["--without-floor"],
        ] {
            assert!(run(wrong).is_err(), "{wrong:?}");
        }
    }
}
