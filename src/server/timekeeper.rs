//! Whether the clock can be believed before something that cannot be undone.
//!
//! A clock that is days ahead for some seconds, because of a dead battery or a wrong time server, would end every
//! invitation and delete what looks old. So the database records when the clock was last believed. Far beyond that,
//! nothing expires, is deleted or given up until the clock has kept running for a while, or an operator confirms it. A
//! server that was off for days waits as well, which does no harm.
//!
//! The database also records since when the clock has been doubted. In the memory of a process the wait would begin
//! anew with each start: a daily `invited sweep`, or a server that is restarted often, would doubt for ever.
//!
//! A clock that is put back needs no such care: what was due later is due later still. In a sandbox the clock is moved
//! on purpose and always believed.

use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{Stopwatch, Timestamp};
use crate::store::{Db, Error, Param};
use crate::wire::kind::time;

/// The largest step of the clock, since it was last believed, that is not doubted. A doubt must be as recent to count.
const FURTHEST_STEP: Duration = Duration::from_secs(2 * 86_400);

/// How long a clock beyond that must keep running to be believed.
const BELIEVED_AFTER: Duration = Duration::from_secs(3_600);

/// Far less than [`FURTHEST_STEP`], and rarely enough to cost nothing.
pub const RECORDED_EVERY: Duration = Duration::from_secs(3_600);

/// How far a clock that keeps running may be ahead of elapsed time.
const STEADY_WITHIN: Duration = Duration::from_secs(60);

const BELIEVED: &str = "clock_believed_at";
const DOUBTED: &str = "clock_doubted_since";

#[derive(Default)]
pub struct Timekeeper {
    /// When this process first saw the doubted clock.
    doubt: Mutex<Option<Sight>>,
}

#[derive(Clone, Copy)]
struct Sight {
    at: Timestamp,
    since: Stopwatch,
}

impl Sight {
    fn of(now: Timestamp) -> Self {
        Self { at: now, since: Stopwatch::start() }
    }

    /// Whether the clock has jumped ahead since then, instead of running.
    fn has_jumped(&self, now: Timestamp) -> bool {
        now.since(self.at) > self.since.elapsed() + STEADY_WITHIN
    }
}

impl Timekeeper {
    pub fn is_doubting(&self) -> bool {
        self.doubt.lock().is_some()
    }

    /// Whether something that cannot be undone may be done now. `is_frozen` says that the clock runs only when it is
    /// moved.
    pub fn believes(&self, db: &mut Db, now: Timestamp, is_frozen: bool) -> Result<bool, Error> {
        let [last, doubted] = marked(db)?;
        let mut doubt = self.doubt.lock();
        if let Some(last) = last.filter(|last| now > last.plus(FURTHEST_STEP)) {
            let sight = *doubt.get_or_insert_with(|| {
                tracing::warn!(
                    now = time(now.0),
                    last = time(last.0),
                    "the clock is days ahead of when it was last believed: nothing expires, is deleted or given up for \
                     an hour, unless `invited sweep --trust-clock` says that it is right"
                );
                Sight::of(now)
            });
            let is_steady = is_frozen || !sight.has_jumped(now);
            let since = doubted.filter(|since| is_steady && (*since..=since.plus(FURTHEST_STEP)).contains(&now));
            let Some(since) = since else {
                // This clock has only begun to run.
                *doubt = Some(Sight::of(now));
                mark(db, DOUBTED, now)?;
                return Ok(false);
            };
            if now < since.plus(BELIEVED_AFTER) {
                return Ok(false);
            }
        }
        if doubt.take().is_some() {
            tracing::warn!(now = time(now.0), "the clock is believed again");
        }
        drop(doubt);
        if doubted.is_some() || last.is_none_or(|last| now < last || now >= last.plus(RECORDED_EVERY)) {
            believe(db, now)?;
        }
        Ok(true)
    }
}

/// When the clock was last believed, and since when it has been doubted.
fn marked(db: &mut Db) -> Result<[Option<Timestamp>; 2], Error> {
    let sql = "SELECT (SELECT value FROM markers WHERE name = ?1), (SELECT value FROM markers WHERE name = ?2)";
    let read = |text: Option<&str>| text.and_then(|text| text.parse().ok()).map(Timestamp);
    db.one(sql, &[Param::Text(BELIEVED), Param::Text(DOUBTED)], |row| {
        Ok([read(row.maybe_text(0)?), read(row.maybe_text(1)?)])
    })
}

fn mark(db: &mut Db, name: &str, now: Timestamp) -> Result<(), Error> {
    let sql =
        "INSERT INTO markers (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    db.exec(sql, &[Param::Text(name), Param::Text(&now.0.to_string())]).map(drop)
}

/// Records that the clock is right.
pub fn believe(db: &mut Db, now: Timestamp) -> Result<(), Error> {
    db.exec("DELETE FROM markers WHERE name = ?1", &[Param::Text(DOUBTED)])?;
    mark(db, BELIEVED, now)
}
