//! What a run measures, and beside what.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::contest::{self, Contestant, Rows};
use crate::database::{self, Filling};
use crate::figures::Table;
use crate::folder::Folder;
use crate::load::{Cell, Load};
use crate::mail::MailServer;
use crate::operation::Operation;
use crate::options::{Engine, Options, Part};
use crate::pgbench::{Pace, Script, varied};
use crate::postgres::Postgres;
use crate::report::Report;
use crate::server::Server;
use crate::{machine, neighbours, progress};

const CONNECTIONS: [usize; 3] = [1, 16, 64];

/// Invitations of the short list.
const SHORT: u32 = 10_000;

pub(crate) fn run(options: &Options) -> Result<Report> {
    let program = match &options.server {
        Some(program) => program.clone(),
        None => std::env::current_exe()?.with_file_name("invited"),
    };
    for program in [Some(&program), options.against.as_ref()].into_iter().flatten() {
        if !program.is_file() {
            bail!("there is no {}", program.display());
        }
    }
    let folder = Folder::make(options.folder.as_deref())?;
    let run = Run {
        load: Load::new(folder.path(), options.seconds(), options.invitations)?,
        postgres: (options.engine == Engine::Postgres).then(|| Postgres::start(folder.path())).transpose()?,
        operations: options.operations().collect(),
        program,
        folder,
        options,
    };
    let mut report = Report {
        machine: machine::description(run.folder.path())?,
        engine: options.engine,
        rounds: options.rounds(),
        seconds: options.seconds(),
        notes: Vec::new(),
        tables: Vec::new(),
        figures: Vec::new(),
    };
    if let Some(older) = &options.against {
        run.against(older, &mut report)?;
        return Ok(report);
    }
    type Measure<'a> = fn(&Run<'a>, &mut Report) -> Result<()>;
    let parts: [(Part, Measure<'_>); 7] = [
        (Part::Start, Run::start),
        (Part::Mail, Run::mail),
        (Part::Pgbench, Run::pgbench),
        (Part::Operations, Run::operations),
        (Part::Lists, Run::lists),
        (Part::Members, Run::members),
        (Part::Neighbours, Run::neighbours),
    ];
    for (_, measure) in parts.iter().filter(|(part, _)| options.wants(*part)) {
        measure(&run, &mut report)?;
    }
    Ok(report)
}

struct Run<'a> {
    options: &'a Options,
    operations: Vec<Operation>,
    program: PathBuf,
    load: Load,
    /// It is in the folder, so it ends before that is removed.
    postgres: Option<Postgres>,
    folder: Folder,
}

impl Run<'_> {
    /// What a test suite waits for, and what an idle sandbox holds. Each over its own temporary database.
    fn start(&self, report: &mut Report) -> Result<()> {
        progress::step("start, reset, fresh account, disk")?;
        let (mut starts, mut memory, mut accounts, mut resets) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..10 {
            let server = self.sandbox(&[])?;
            server.ask("GET /api/v1/account_invitations/1", "")?;
            starts.push(milliseconds(server.started));
            // An idle server is one that has had a rest.
            sleep(Duration::from_millis(300));
            memory.push(server.memory()?);
        }
        let server = self.sandbox(&[])?;
        for _ in 0..50 {
            for (line, times) in [("POST /sandbox/accounts", &mut accounts), ("POST /sandbox/reset", &mut resets)] {
                let since = Instant::now();
                server.ask(line, "")?;
                times.push(milliseconds(since));
            }
        }
        report.figure("start to first answer", "ms", starts);
        report.figure("memory of an idle sandbox", "MiB", memory);
        report.figure("fresh account", "ms", accounts);
        report.figure("return to the seed", "ms", resets);
        report.figure("append of 4 KiB with fdatasync", "ms", disk(self.folder.path())?);
        Ok(())
    }

    /// Creates while mail is off, while a mail server takes it, and while one hangs, which then recovers.
    fn mail(&self, report: &mut Report) -> Result<()> {
        let (quick, slow) = (MailServer::start(false)?, MailServer::start(true)?);
        let start = |mail: &str| self.sandbox(&["--durability", "full", "--mail", mail, "--mail-starttls", "none"]);
        let off = start("none")?;
        let taken = start(&format!("smtp://{}", quick.address))?;
        let hanging = start(&format!("smtp://{}", slow.address))?;
        let seeded = pending(&off)?;
        let contestants = [
            Contestant::new("mail is off", |cell| self.load.drive(&off, cell)),
            Contestant::new("mail is taken", |cell| {
                let sample = self.load.drive(&taken, cell);
                // What is still to be sent must not weigh on the next cell, which may be another server's.
                quick.wait_for(pending(&taken)? - seeded);
                sample
            }),
            Contestant::new("mail hangs", |cell| self.load.drive(&hanging, cell)),
        ];
        report.tables.push(self.contest("Creates with mail", &contestants, (&[Operation::Create], &[16]))?);
        let created = pending(&hanging)? - seeded;
        let waiting = created - slow.arrived();
        progress::step(&format!("the mail server recovers, {waiting} mails wait"))?;
        let since = Instant::now();
        slow.recover();
        slow.wait_for(created);
        let (took, lost) = (since.elapsed().as_secs_f64(), created - slow.arrived());
        report.figure("mails that waited for the mail server to recover", "mails", vec![waiting as f64]);
        report.figure("their arrival", "s", vec![took]);
        report.figure("of them lost", "mails", vec![lost as f64]);
        Ok(())
    }

    /// Updates beside pgbench, on one database.
    fn pgbench(&self, report: &mut Report) -> Result<()> {
        let postgres = self.postgres.as_ref().context("pgbench without PostgreSQL")?;
        let (name, invitations) = ("pgbench", self.options.invitations);
        let url = self.database(&self.program, name, invitations, Filling::Invitations)?;
        let varied = varied(invitations);
        self.log_an_update(&url, varied.map(|varied| varied.marker))?;
        let script = |pace| Script::new(self.folder.path(), &postgres.log()?, &varied, pace);
        let (one_by_one, two_round_trips) = (script(Pace::OneByOne)?, script(Pace::TwoRoundTrips)?);
        let invited = self.over(&self.program, &url)?;
        let run = |script: &Script, cell: &Cell| script.run(postgres, name, cell.connections, self.options.seconds());
        let contestants = [
            Contestant::new("pgbench", |cell| run(&one_by_one, cell)),
            Contestant::new("pgbench, two round trips", |cell| run(&two_round_trips, cell)),
            Contestant::new("invited", |cell| self.load.drive(&invited, cell)),
        ];
        let title = format!("Updates beside pgbench of PostgreSQL {}", postgres.version()?);
        report.tables.push(self.contest(&title, &contestants, (&[Operation::Rates], &[64]))?);
        report.notes.push(format!("pgbench runs:\n\n```text\n{}```", one_by_one.text));
        Ok(())
    }

    /// Makes one update of two rates while the database logs what it is sent.
    fn log_an_update(&self, url: &str, [id, bill_rate, cost_rate]: [u32; 3]) -> Result<()> {
        let url = format!("{url}?options=-c%20log_statement%3Dall");
        let server = self.over(&self.program, &url)?;
        let change = format!(r#"{{"bill_rate_in_cents":{bill_rate},"cost_rate_in_cents":{cost_rate}}}"#);
        let body = format!(r#"{{"account_invitation":{change}}}"#);
        server.ask(&format!("PUT /api/v1/account_invitations/{id}"), &body).map(drop)
    }

    /// Each operation, on SQLite beside the floor over a copy of the database.
    fn operations(&self, report: &mut Report) -> Result<()> {
        let url = self.database(&self.program, "invited", self.options.invitations, Filling::Invitations)?;
        let mut servers = Vec::new();
        if self.postgres.is_none() {
            let copy = self.folder.path().join("floor.sqlite");
            std::fs::copy(self.folder.path().join("invited.sqlite"), &copy)?;
            servers.push(("floor".to_owned(), Server::floor(&copy)?));
        }
        servers.push(("invited".to_owned(), self.over(&self.program, &url)?));
        if let [(_, floor), (_, invited)] = &servers[..]
            && let Some(difference) = self.difference(floor, invited)?
        {
            bail!("the floor and invited cannot be compared: {difference}");
        }
        report.tables.push(self.race("Operations", &servers, (&self.operations, &CONNECTIONS))?);
        for (name, server) in &servers {
            report.figure(&format!("memory of {name} after the load"), "MiB", vec![server.memory()?]);
        }
        Ok(())
    }

    /// The default page, with its exact count, of a short and of a long list.
    fn lists(&self, report: &mut Report) -> Result<()> {
        let long = if self.options.quick { 100_000 } else { 1_000_000 };
        let mut servers = Vec::new();
        for (name, count) in [("short", SHORT), ("long", long)] {
            servers.push((format!("out of {count}"), self.filled(&self.program, name, count)?));
        }
        report.tables.push(self.race("Pages", &servers, (&[Operation::Page], &[1, 16]))?);
        Ok(())
    }

    /// Lists of members with their skills, out of many and out of few.
    fn members(&self, report: &mut Report) -> Result<()> {
        let long = if self.options.quick { 100_000 } else { 1_000_000 };
        let mut servers = Vec::new();
        for (name, count) in [("few", SHORT), ("many", long)] {
            let url = self.database(&self.program, name, count, Filling::Members)?;
            servers.push((format!("out of {count}"), self.over(&self.program, &url)?));
        }
        let operations = [Operation::Members, Operation::Holders, Operation::Skills];
        report.tables.push(self.race("Members with skills", &servers, (&operations, &[1, 16]))?);
        Ok(())
    }

    fn neighbours(&self, report: &mut Report) -> Result<()> {
        let server = self.filled(&self.program, "neighbours", self.options.invitations)?;
        neighbours::measure(&server, self.options.rounds(), report)
    }

    /// This build and an older one, each over a database that it has made, since schemas may differ.
    fn against(&self, older: &Path, report: &mut Report) -> Result<()> {
        let mut servers = Vec::new();
        for (name, program) in [("older", older), ("newer", &self.program)] {
            servers.push((name.to_owned(), self.filled(program, name, self.options.invitations)?));
        }
        report.notes.push(match self.difference(&servers[0].1, &servers[1].1)? {
            None => "The first answers to each operation were the same.".to_owned(),
            Some(difference) => format!("Not all answers were the same: {difference}"),
        });
        let title = "This build and an older one";
        report.tables.push(self.race(title, &servers, (&self.operations, &CONNECTIONS))?);
        Ok(())
    }

    /// The first operation to which two servers give different answers, or none with status 200.
    fn difference(&self, one: &Server, other: &Server) -> Result<Option<String>> {
        for &operation in &self.operations {
            progress::step(&format!("first answers to {}", operation.name()))?;
            let cell = Cell { operation, connections: 1, seed: 0 };
            let [one, other] = [one, other].map(|server| self.load.sample(server, &cell));
            let (one, other) = (one?, other?);
            if one != other || one.lines().any(|answer| !answer.starts_with("200 ")) {
                return Ok(Some(format!("{}\n{one}\n{other}", operation.name())));
            }
        }
        Ok(None)
    }

    /// A contest of servers.
    fn race(&self, title: &str, servers: &[(String, Server)], rows: Rows<'_>) -> Result<Table> {
        let mut contestants = Vec::new();
        for (name, server) in servers {
            contestants.push(Contestant::new(name, move |cell| self.load.drive(server, cell)));
        }
        self.contest(title, &contestants, rows)
    }

    fn contest(&self, title: &str, contestants: &[Contestant<'_>], rows: Rows<'_>) -> Result<Table> {
        contest::run(title, contestants, rows, self.options.rounds())
    }

    fn database(&self, program: &Path, name: &str, invitations: u32, filling: Filling) -> Result<String> {
        database::make(program, self.folder.path(), self.postgres.as_ref(), name, invitations, filling)
    }

    fn filled(&self, program: &Path, name: &str, invitations: u32) -> Result<Server> {
        self.over(program, &self.database(program, name, invitations, Filling::Invitations)?)
    }

    fn sandbox(&self, arguments: &[&str]) -> Result<Server> {
        Server::sandbox(&self.program, self.folder.path(), arguments)
    }

    /// A sandbox over a database.
    fn over(&self, program: &Path, url: &str) -> Result<Server> {
        let connections = self.options.connections.map(|connections| connections.to_string());
        let connections = connections.iter().flat_map(|connections| ["--connections", connections]);
        let arguments: Vec<&str> = ["--database", url].into_iter().chain(connections).collect();
        Server::sandbox(program, self.folder.path(), &arguments)
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// The pending invitations of the first account.
fn pending(server: &Server) -> Result<usize> {
    let page: serde_json::Value = serde_json::from_str(&server.ask("GET /api/v1/account_invitations?per_page=1", "")?)?;
    let count = page.get("count").and_then(serde_json::Value::as_u64).context("a list without its count")?;
    Ok(usize::try_from(count)?)
}

/// Times of durable appends: what a server that commits each write by itself cannot do without.
fn disk(folder: &Path) -> Result<Vec<f64>> {
    let mut file = File::create(folder.join("fdatasync"))?;
    let (start, mut times) = (Instant::now(), Vec::new());
    while start.elapsed() < Duration::from_secs(1) {
        let since = Instant::now();
        file.write_all(&[0x5a; 4096])?;
        file.sync_data()?;
        times.push(milliseconds(since));
    }
    Ok(times)
}
