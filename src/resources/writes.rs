//! The writes of all resources, each inside one transaction: find the record, judge, write, print.
//!
//! Requests and commands share them and differ in the guard: a request must pass the caller's rule on the record and
//! its `If-Match` header, an operator's command neither.

use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::records::{self, Record};
use crate::engine::tokens::{self, Turn};
use crate::ids::RecordId;
use crate::resources::entry::Entry;
use crate::store::Db;
use crate::wire::changes::Changes;
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
        let create = self.entry.behaviour.create.ok_or(Error::NotFound)?;
        let ids = create(db, self.entry.resource, self.context, elements)?;
        records::show_written(db, self.context, self.projection, &ids)
    }

    pub fn update(&self, db: &mut Db, mut changes: Changes) -> Result<Vec<u8>, Error> {
        let behaviour = &self.entry.behaviour;
        let before_update = behaviour.before_update.ok_or(Error::NotFound)?;
        self.take_turn(db, behaviour.turn(Verb::Update, std::slice::from_ref(&changes)))?;
        let record = self.find(db)?;
        changes.drop_unchanged(|name| record.get(name));
        before_update(db, self.context, &record, &mut changes)?;
        Error::unless_valid(Changes::finish(std::slice::from_mut(&mut changes)))?;
        if let Some(beside_update) = behaviour.beside_update {
            beside_update(db, self.context, &record, &changes)?;
        }
        records::update(db, self.context, &record, &changes, self.projection, behaviour.conflicts)
    }

    pub fn destroy(&self, db: &mut Db) -> Result<(), Error> {
        let destroy = self.entry.behaviour.destroy.ok_or(Error::NotFound)?;
        self.take_turn(db, self.entry.behaviour.turn(Verb::Destroy, &[]))?;
        let record = self.find(db)?;
        destroy(db, self.context, &record)
    }

    pub fn act(&self, db: &mut Db, action: &'static str) -> Result<Vec<u8>, Error> {
        let act = self.entry.behaviour.action(action).ok_or(Error::NotFound)?;
        self.take_turn(db, self.entry.behaviour.turn(Verb::Action(action), &[]))?;
        let record = self.find(db)?;
        act(db, self.context, &record)?;
        records::show_written(db, self.context, self.projection, &[record.id])
    }

    /// Takes the turn before any row is locked, so that two writes never wait for each other.
    fn take_turn(&self, db: &mut Db, turn: Turn) -> Result<(), Error> {
        match turn {
            Turn::Shared => Ok(()),
            Turn::Alone => Ok(tokens::expect_change(db, self.context.caller.account_id)?),
        }
    }

    fn find(&self, db: &mut Db) -> Result<Record, Error> {
        let record = records::find_for(db, self.entry.resource, &self.context.caller, self.id)?;
        (self.guard)(db, &record)?;
        Ok(record)
    }
}
