//! The order in which things are measured.
//!
//! What is compared stands side by side: a floor cell, then the same cell of `invited`, and the other way round in
//! every second round. A round goes through all operations and numbers of connections, so that a slow minute of the
//! machine falls on one round of many rows instead of on all rounds of one. Operations that make the database grow come
//! last. The disk is measured in each round, right before its updates.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::against;
use crate::arguments::{Engine, Options};
use crate::data::{self, Size};
use crate::database::Database;
use crate::disk;
use crate::driver::{self, Load};
use crate::figures::{Column, Figures, PageRow, Row, Sample, Spent};
use crate::folder::Folder;
use crate::interrupt::Interrupt;
use crate::mail;
use crate::operation::{Operation, Requests};
use crate::postgres::{self, Postgres};
use crate::process::{RequestLines, Server};
use crate::same_answers;
use crate::start;

/// Numbers of connections at which everything is measured.
pub(crate) const CONNECTIONS: [usize; 3] = [1, 16, 64];

/// The highest of them.
pub(crate) const MOST_CONNECTIONS: usize = 64;

/// Numbers of connections of the comparison of two lists.
const PAGE_CONNECTIONS: [usize; 2] = [1, 16];

/// Operations that leave the size of the database as it is, then those that make it grow.
const PASSES: [&[Operation]; 2] = [
    &[Operation::Hello, Operation::Show, Operation::List, Operation::Memberships, Operation::Users, Operation::Update],
    &[Operation::Create, Operation::Bulk],
];

/// Runs everything that is asked for.
pub(crate) fn run(options: &Options, program: PathBuf, interrupt: &Interrupt) -> Result<Figures> {
    let folder = Folder::make(options.folder.as_deref())?;
    let postgres = match options.engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(Postgres::start(folder.path())?),
    };
    let bench = Bench { program, postgres, folder, options, interrupt };
    let mut figures = Figures { long_list: options.long_list(), short_list: Options::SHORT_LIST, ..Figures::default() };
    if options.wants("start") && !options.without_floor {
        progress("start to first answer, idle memory");
        start::measure(&bench.program, bench.folder.path(), interrupt, &mut figures)?;
    }
    if options.wants("mail") && !options.without_floor {
        figures.mail = Some(mail::measure(&bench)?);
    }
    if let Some(older) = &options.against {
        against::measure(&bench, older, &mut figures)?;
    }
    if options.without_floor {
        return Ok(figures);
    }
    if let Some(postgres) = bench.postgres.as_ref().filter(|_| options.wants("pgbench")) {
        figures.pgbench = Some(postgres::comparison::measure(&bench, postgres)?);
    }
    if PASSES.concat().iter().any(|operation| options.wants(operation.name())) {
        bench.compare_with_floor(&mut figures)?;
    }
    if options.wants(Operation::Page.name()) {
        bench.compare_pages(&mut figures)?;
    }
    Ok(figures)
}

/// The program that is measured: the one that is named, or the one that was built beside this one.
pub(crate) fn server_program(options: &Options) -> Result<PathBuf> {
    let program = match &options.server {
        Some(program) => program.clone(),
        None => std::env::current_exe()?.with_file_name(format!("invited{}", std::env::consts::EXE_SUFFIX)),
    };
    if !program.is_file() {
        bail!("there is no {}: start this with `cargo xtask bench`, which builds both", program.display());
    }
    if let Some(older) = options.against.as_deref().filter(|older| !older.is_file()) {
        bail!("there is no {}, which --against names", older.display());
    }
    Ok(program)
}

/// Tells the one who waits what is going on.
pub(crate) fn progress(text: &str) {
    eprintln!("bench: {text}");
}

/// What every measurement of a run needs.
pub(crate) struct Bench<'a> {
    /// The program that is measured.
    pub(crate) program: PathBuf,
    /// The database server, on that engine. It is in the folder, so it ends before that is removed.
    postgres: Option<Postgres>,
    pub(crate) folder: Folder,
    pub(crate) options: &'a Options,
    pub(crate) interrupt: &'a Interrupt,
}

/// The servers that are compared, each over its own copy of one database. PostgreSQL has no floor.
struct Compared {
    floor: Option<Server>,
    invited: Server,
    with_request_lines: Server,
}

impl Bench<'_> {
    fn compare_with_floor(&self, figures: &mut Figures) -> Result<()> {
        let servers = self.start_compared()?;
        let mut requests = Requests::new(Options::SIZE.invitations);
        if let Some(floor) = &servers.floor {
            same_answers::check(floor.address, servers.invited.address, &mut requests)?;
        }
        for pass in PASSES {
            let mut rows: Vec<Row> = pass
                .iter()
                .filter(|operation| self.options.wants(operation.name()))
                .flat_map(|operation| CONNECTIONS.map(|connections| Row::new(*operation, connections)))
                .collect();
            for round in 1..=self.options.rounds {
                self.compare_round(round, &servers, &mut requests, &mut rows, figures)?;
            }
            figures.rows.extend(rows);
        }
        let floor = servers.floor.as_ref().map(Server::memory).transpose()?;
        figures.memory_after_load = Some((floor, servers.invited.memory()?));
        Ok(())
    }

    fn start_compared(&self) -> Result<Compared> {
        let original = self.generate(&self.program, "original", Options::SIZE)?;
        let floor = match &original {
            Database::File(path) => {
                let copy = self.folder.database("floor");
                data::copy(path, &copy)?;
                Some(Server::floor(&copy)?)
            }
            Database::OnServer { .. } => None,
        };
        let compared = Compared {
            floor,
            invited: self.sandbox(&self.copy("original", "invited")?, RequestLines::Off)?,
            with_request_lines: self.sandbox(&self.copy("original", "request-lines")?, RequestLines::On)?,
        };
        self.folder.remove_database("original");
        Ok(compared)
    }

    fn compare_round(
        &self,
        round: usize,
        servers: &Compared,
        requests: &mut Requests,
        rows: &mut [Row],
        figures: &mut Figures,
    ) -> Result<()> {
        for row in rows {
            let operation = row.operation;
            if operation == Operation::Update && row.connections == CONNECTIONS[0] {
                figures.disk.push(disk::measure(self.folder.path(), self.options.cell / 2)?);
            }
            progress(&format!(
                "round {round} of {}: {}, connections: {}",
                self.options.rounds,
                operation.title(),
                row.connections
            ));
            let sides: &mut [(Option<&Server>, &mut Column)] = &mut [
                (servers.floor.as_ref(), &mut row.floor),
                (Some(&servers.invited).filter(|_| operation != Operation::Hello), &mut row.invited),
            ];
            if round.is_multiple_of(2) {
                sides.reverse();
            }
            for (server, column) in sides {
                if let Some(server) = server {
                    column.0.push(self.cell(server, operation, row.connections, requests)?);
                }
            }
            if operation == Operation::Hello {
                continue;
            }
            if row.connections == MOST_CONNECTIONS && operation != Operation::Bulk {
                let sample = self.cell(&servers.with_request_lines, operation, row.connections, requests)?;
                row.with_request_lines.0.push(sample);
            }
        }
        Ok(())
    }

    fn compare_pages(&self, figures: &mut Figures) -> Result<()> {
        let mut servers = Vec::new();
        for (name, invitations) in [("short", Options::SHORT_LIST), ("long", self.options.long_list())] {
            let database = self.generate(&self.program, name, Size { invitations, members: 0 })?;
            servers.push(self.sandbox(&database, RequestLines::Off)?);
        }
        let [short, long] = servers.as_slice() else {
            bail!("two servers were to be compared");
        };
        let mut requests = Requests::new(Options::SHORT_LIST);
        let mut rows =
            PAGE_CONNECTIONS.map(|connections| PageRow { connections, short: <_>::default(), long: <_>::default() });
        for round in 1..=self.options.rounds {
            for row in &mut rows {
                progress(&format!(
                    "round {round} of {}: a page of a long and of a short list, connections: {}",
                    self.options.rounds, row.connections
                ));
                let mut cell = |server| self.cell(server, Operation::Page, row.connections, &mut requests);
                let (first, second) = if round % 2 == 1 { (short, long) } else { (long, short) };
                let (first, second) = (cell(first)?, cell(second)?);
                let (of_short, of_long) = if round % 2 == 1 { (first, second) } else { (second, first) };
                row.short.0.push(of_short);
                row.long.0.push(of_long);
            }
        }
        figures.pages.extend(rows);
        Ok(())
    }

    /// Drives a server with one operation for the time of a cell.
    pub(crate) fn cell(
        &self,
        server: &Server,
        operation: Operation,
        connections: usize,
        requests: &mut Requests,
    ) -> Result<Sample> {
        let load = Load {
            address: server.address,
            connections,
            warm_up: (self.options.cell / 5).min(Duration::from_millis(300)),
            duration: self.options.cell,
            expected_status: 200,
        };
        let spent = |server: &Server| -> Result<Spent> {
            let commits = if operation.writes() { Some(server.commits()?) } else { None };
            Ok(Spent { microseconds: server.processor_time()?, commits })
        };
        let before = spent(server)?;
        let measured = driver::drive(&load, self.interrupt, &mut |out| requests.write(operation, out))
            .with_context(|| format!("{} at {connections} connections", operation.title()))?;
        let after = spent(server)?;
        if let Some(fault) = &measured.first_fault {
            progress(&format!("{} answers were wrong, the first: {fault}", measured.errors));
        }
        let spent = Spent {
            microseconds: after.microseconds - before.microseconds,
            commits: after.commits.zip(before.commits).map(|(after, before)| after - before),
        };
        Ok(Sample::of(&measured, spent))
    }

    /// Makes a database with the schema of a program.
    pub(crate) fn generate(&self, program: &Path, name: &str, size: Size) -> Result<Database> {
        progress(&format!("a database of {} invitations and {} members", size.invitations, size.members));
        let file = self.folder.database(name);
        data::generate(program, self.folder.path(), &file, size, self.interrupt)?;
        let Some(postgres) = &self.postgres else { return Ok(Database::File(file)) };
        postgres.create(name, None)?;
        let database = self.on_server(postgres, name);
        // It makes the schema and writes the seed, and is needed no longer.
        drop(Server::sandbox(program, self.folder.path(), Some(&database), RequestLines::Off)?);
        postgres.fill(&file, name, self.interrupt)?;
        self.folder.remove_database(name);
        Ok(database)
    }

    /// Copies a database that nobody has open.
    fn copy(&self, original: &str, name: &str) -> Result<Database> {
        match &self.postgres {
            None => {
                let path = self.folder.database(name);
                data::copy(&self.folder.database(original), &path)?;
                Ok(Database::File(path))
            }
            Some(postgres) => {
                postgres.create(name, Some(original))?;
                Ok(self.on_server(postgres, name))
            }
        }
    }

    fn on_server(&self, postgres: &Postgres, name: &str) -> Database {
        let writing_connections = self.options.writing_connections.first().copied();
        Database::OnServer { url: postgres.url(name), writing_connections }
    }

    fn sandbox(&self, database: &Database, request_lines: RequestLines) -> Result<Server> {
        Server::sandbox(&self.program, self.folder.path(), Some(database), request_lines)
    }
}
