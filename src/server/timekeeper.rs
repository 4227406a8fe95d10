//! Whether the clock can be believed before something that cannot be undone.
//!
//! A clock that is days ahead for some seconds, because of a dead battery or a wrong time server, would end every
//! invitation and delete what looks old. So the database records when the clock was last believed. Far beyond that,
//! nothing expires, is deleted or given up until the clock has kept running for a while, or an operator confirms it. A
//! server that was off for days waits as well, which does no harm.
//!
//! A clock that is put back needs no such care: what was due later is due later still. In a sandbox the clock is moved
//! on purpose and always believed.

use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{Stopwatch, Timestamp};
use crate::store::{Db, Error, Param};
use crate::wire::kind::time;

/// The largest step of the clock, since it was last believed, that is not doubted.
const FURTHEST_STEP: Duration = Duration::from_secs(2 * 86_400);

/// How long a clock beyond that must keep running to be believed.
const BELIEVED_AFTER: Duration = Duration::from_secs(3_600);

/// Far less than [`FURTHEST_STEP`], and rarely enough to cost nothing.
const RECORDED_EVERY: Duration = Duration::from_secs(3_600);

const MARKER: &str = "clock_believed_at";

#[derive(Default)]
pub struct Timekeeper {
    /// Since when the clock has been too far ahead.
    doubt: Mutex<Option<Stopwatch>>,
}

impl Timekeeper {
    pub fn is_doubting(&self) -> bool {
        self.doubt.lock().is_some()
    }

    /// Whether something that cannot be undone may be done now.
    pub fn believes(&self, db: &mut Db, now: Timestamp) -> Result<bool, Error> {
        let last = last_believed(db)?;
        let mut doubt = self.doubt.lock();
        if let Some(last) = last.filter(|last| now > last.plus(FURTHEST_STEP)) {
            let since = doubt.get_or_insert_with(|| {
                tracing::warn!(
                    now = time(now.0),
                    last = time(last.0),
                    "the clock is days ahead of when it was last believed: nothing expires, is deleted or given up for \
                     an hour, unless `invited sweep --trust-clock` says that it is right"
                );
                Stopwatch::start()
            });
            if since.elapsed() < BELIEVED_AFTER {
                return Ok(false);
            }
        }
        if doubt.take().is_some() {
            tracing::warn!(now = time(now.0), "the clock is believed again");
        }
        drop(doubt);
        if last.is_none_or(|last| now < last || now >= last.plus(RECORDED_EVERY)) {
            believe(db, now)?;
        }
        Ok(true)
    }
}

fn last_believed(db: &mut Db) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT value FROM markers WHERE name = ?1";
    let value = db.maybe(sql, &[Param::Text(MARKER)], |row| row.text(0).map(str::to_owned))?;
    Ok(value.and_then(|value| value.parse().ok()).map(Timestamp))
}

/// Records that the clock is right.
pub fn believe(db: &mut Db, now: Timestamp) -> Result<(), Error> {
    let sql =
        "INSERT INTO markers (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    db.exec(sql, &[Param::Text(MARKER), Param::Text(&now.0.to_string())]).map(drop)
}
