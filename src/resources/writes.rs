//! The writes of all resources, each inside one transaction: find the record, judge, write, print.
//!
//! Requests and commands share them and differ in the guard: a request must pass the caller's rule on the record and
//! its `If-Match` header, an operator's command neither.

use crate::engine::context::Context;
use crate::engine::creation::{self, Written};
use crate::engine::deletion;
use crate::engine::error::Error;
use crate::engine::nested::{self, Subject};
use crate::engine::records::{self, Record};
use crate::engine::tokens::{self, Turn};
use crate::ids::RecordId;
use crate::resources::entry::{Entry, NewFile};
use crate::store::Db;
use crate::wire::changes::{Changes, Violation};
use crate::wire::describe::Verb;
use crate::wire::projection::Projection;

/// Whether a write may go on, once its record is found.
pub type Guard<'a> = &'a dyn Fn(&mut Db, &Record) -> Result<(), Error>;

pub const UNGUARDED: Guard<'static> = &|_, _| Ok(());

/// A write of one request or command.
pub struct Write<'a> {
    pub context: &'a Context,
    pub entry: &'static Entry,
    /// The record, except on create.
    pub id: Option<RecordId>,
    pub guard: Guard<'a>,
    /// What is printed.
    pub projection: &'a Projection,
}

impl Write<'_> {
    pub fn create(&self, db: &mut Db, elements: &mut [Changes]) -> Result<Vec<u8>, Error> {
        let (context, resource, behaviour) = (self.context, self.entry.resource, &self.entry.behaviour);
        for changes in elements.iter_mut() {
            creation::judge_referents(db, context, changes)?;
            if let Some(before_create) = behaviour.before_create {
                before_create(db, context, changes)?;
            }
        }
        let ids = match behaviour.create {
            Some(create) => create(db, resource, context, elements)?,
            None => self.create_described(db, elements)?,
        };
        records::show_written(db, context, self.projection, &ids)
    }

    fn create_described(&self, db: &mut Db, elements: &mut [Changes]) -> Result<Vec<RecordId>, Error> {
        let written = creation::create(db, self.entry.resource, self.context, elements)?;
        if let Some(beside_create) = self.entry.behaviour.beside_create {
            for (written, changes) in written.iter().zip(&*elements) {
                beside_create(db, self.context, *written, changes)?;
            }
        }
        Ok(written.into_iter().map(Written::id).collect())
    }

    pub fn update(&self, db: &mut Db, mut changes: Changes) -> Result<Vec<u8>, Error> {
        let (context, behaviour) = (self.context, &self.entry.behaviour);
        self.take_turn(db, behaviour.turn(Verb::Update, std::slice::from_ref(&changes)))?;
        let record = self.find(db)?;
        changes.drop_ineffective();
        changes.drop_unchanged(|name| record.stored(name));
        creation::judge_referents(db, context, &mut changes)?;
        if let Some(before_update) = behaviour.before_update {
            before_update(db, context, &record, &mut changes)?;
        }
        nested::drop_unchanged(db, context.caller.account_id, &record, &mut changes)?;
        Error::unless_valid(Changes::finish(std::slice::from_mut(&mut changes)))?;
        changes.derive_folded();
        let subject = Subject::new(context.caller.account_id, record.resource.object, record.id);
        nested::write(db, subject, &changes, context.now)?;
        if let Some(beside_update) = behaviour.beside_update {
            beside_update(db, context, &record, &changes)?;
        }
        records::update(db, context, &record, &changes, self.projection)
    }

    pub fn destroy(&self, db: &mut Db) -> Result<(), Error> {
        self.take_turn(db, self.entry.behaviour.turn(Verb::Destroy, &[]))?;
        let record = self.find(db)?;
        self.remove(db, &record)
    }

    /// Deletes all of these records, each with its place in the request, or none of them.
    pub fn destroy_many(&self, db: &mut Db, ids: &[(usize, RecordId)]) -> Result<(), Error> {
        self.take_turn(db, self.entry.behaviour.turn(Verb::Destroy, &[]))?;
        let (mut records, mut missing) = (Vec::with_capacity(ids.len()), Vec::new());
        for (place, id) in ids {
            match self.find_by(db, Some(*id)) {
                Ok(record) => records.push(record),
                Err(Error::NotFound) => {
                    let sentence = format!("There is no {} with the id {id}.", self.entry.resource.singular);
                    missing.push(Violation::of("ids", *place, &sentence));
                }
                Err(refusal) => return Err(refusal),
            }
        }
        missing.sort_by_key(|violation| violation.index);
        Error::unless_valid(missing)?;
        records.iter().try_for_each(|record| self.remove(db, record))
    }

    fn remove(&self, db: &mut Db, record: &Record) -> Result<(), Error> {
        if let Some(before_destroy) = self.entry.behaviour.before_destroy {
            before_destroy(db, self.context, record)?;
        }
        self.entry.behaviour.destroy.unwrap_or(deletion::delete)(db, self.context, record)
    }

    pub fn act(&self, db: &mut Db, action: &'static str) -> Result<Vec<u8>, Error> {
        let act = self.entry.behaviour.action(action).ok_or(Error::NotFound)?;
        self.take_turn(db, self.entry.behaviour.turn(Verb::Action(action), &[]))?;
        let record = self.find(db)?;
        act(db, self.context, &record)?;
        records::show_written(db, self.context, self.projection, &[record.id])
    }

    /// Gives the record a file, unless that was refused.
    pub fn attach(
        &self,
        db: &mut Db,
        name: &'static str,
        file: &Result<NewFile, Vec<Violation>>,
    ) -> Result<Vec<u8>, Error> {
        let rule = self.entry.behaviour.file(name).ok_or(Error::NotFound)?;
        let record = self.find(db)?;
        let file = file.as_ref().map_err(|violations| Error::Invalid(violations.clone()))?;
        (rule.attach)(db, self.context, &record, file)?;
        records::show_written(db, self.context, self.projection, &[record.id])
    }

    pub fn detach(&self, db: &mut Db, name: &'static str) -> Result<(), Error> {
        let detach = self.entry.behaviour.action(name).ok_or(Error::NotFound)?;
        let record = self.find(db)?;
        detach(db, self.context, &record)
    }

    /// Takes the turn before any row is locked, so that two writes never wait for each other.
    fn take_turn(&self, db: &mut Db, turn: Turn) -> Result<(), Error> {
        match turn {
            Turn::Shared => Ok(()),
            Turn::Alone => Ok(tokens::expect_change(db, self.context.caller.account_id)?),
        }
    }

    fn find(&self, db: &mut Db) -> Result<Record, Error> {
        self.find_by(db, self.id)
    }

    fn find_by(&self, db: &mut Db, id: Option<RecordId>) -> Result<Record, Error> {
        let record = records::find_for(db, self.entry.resource, &self.context.caller, id)?;
        (self.guard)(db, &record)?;
        Ok(record)
    }
}
