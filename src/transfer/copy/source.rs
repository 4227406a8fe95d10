//! The source: one read transaction, in which a thread serves pages until the target is done.
//!
//! The target asks for a table from its beginning, so it can start again after a transaction that was rolled back.

use crate::store::{self, Db};
use crate::transfer::copy::CopyError;
use crate::transfer::rows::{Page, TableReader};
use crate::transfer::tables::{self, Table};

/// Each table of the source with its rows and the last id that it has assigned.
pub(super) type Outline = Vec<(Table, u64, Option<i64>)>;

/// A question with the channel for its answer.
pub(super) enum Question {
    Outline(flume::Sender<Outline>),
    /// A page of the table with this index: the first one, or the one after the last page that was asked for.
    Page {
        table: usize,
        is_first: bool,
        reply: flume::Sender<Page>,
    },
}

/// Asks the source. When this is dropped, the source's transaction ends.
pub(super) struct SourceClient(flume::Sender<Question>);

/// The channel has no queue: if the source ends, a question in a queue would wait for ever, and with it the target.
pub(super) fn connect() -> (SourceClient, flume::Receiver<Question>) {
    let (questions, received) = flume::bounded(0);
    (SourceClient(questions), received)
}

impl SourceClient {
    pub(super) fn outline(&self) -> Result<Outline, CopyError> {
        wait(&self.ask(Question::Outline)?)
    }

    /// Asks for a page, which is read while the caller does something else.
    pub(super) fn page(&self, table: usize, is_first: bool) -> Result<flume::Receiver<Page>, CopyError> {
        self.ask(|reply| Question::Page { table, is_first, reply })
    }

    fn ask<T>(&self, question: impl FnOnce(flume::Sender<T>) -> Question) -> Result<flume::Receiver<T>, CopyError> {
        let (reply, pending) = flume::bounded(1);
        self.0.send(question(reply)).map_err(|_| ended())?;
        Ok(pending)
    }
}

/// Waits for an answer.
pub(super) fn wait<T>(pending: &flume::Receiver<T>) -> Result<T, CopyError> {
    pending.recv().map_err(|_| ended())
}

/// The source's own error says why.
fn ended() -> CopyError {
    CopyError::Refused("the source has ended".to_owned())
}

/// Answers questions from one state of the source.
pub(super) fn serve(db: &mut Db, questions: &flume::Receiver<Question>) -> Result<(), store::Error> {
    for sql in db.dialect().begin_copy(true) {
        db.maybe(sql, &[], |_| Ok(()))?;
    }
    let tables = tables::all(db)?;
    let mut reader = None;
    // Answers are dropped if the target has ended meanwhile.
    while let Ok(question) = questions.recv() {
        match question {
            Question::Outline(reply) => drop(reply.send(outline(db, &tables)?)),
            Question::Page { table, is_first, reply } => {
                let Some(table) = tables.get(table) else { continue };
                let reader = match &mut reader {
                    Some(reader) if !is_first => reader,
                    reader => reader.insert(TableReader::new(table)),
                };
                drop(reply.send(reader.next(db, table)?));
            }
        }
    }
    Ok(())
}

fn outline(db: &mut Db, tables: &[Table]) -> Result<Outline, store::Error> {
    tables.iter().map(|table| Ok((table.clone(), table.count(db)?, table.last_id(db)?))).collect()
}
