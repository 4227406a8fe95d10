//! `/sandbox/reset` and `/sandbox/snapshots`: back to the seed, or to a saved state.
//!
//! Rows change in one transaction. What is in memory (known callers, mail, rate limits, the clock) follows it before
//! any request is answered. Mail that is being sent is waited for: a state holds no half-sent mail, and none arrives
//! after a change of state.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::http::json::Json;
use crate::http::sandbox::extract::{Control, JsonBody, NameInPath, Nothing};
use crate::mail::Transport;
use crate::sandbox::seed;
use crate::sandbox::snapshots::State as Saved;
use crate::server::app::App;
use crate::server::delivery;
use crate::transfer::snapshot::{self, Snapshot};

#[derive(Serialize, JsonSchema)]
pub struct SnapshotList {
    snapshots: Vec<SnapshotInfo>,
}

/// A snapshot.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Snapshot")]
pub struct SnapshotInfo {
    name: String,
    rows: usize,
    mails: usize,
    taken_at: Timestamp,
}

impl SnapshotInfo {
    fn of(name: String, saved: &Saved) -> Self {
        Self { name, rows: saved.rows.rows(), mails: saved.mails.len(), taken_at: saved.taken_at }
    }
}

/// Goes back to the seed. Snapshots stay.
pub async fn reset(Control { app, sandbox }: Control, _: JsonBody<Nothing>) -> Result<StatusCode, Error> {
    delivery::rest(&app).await?;
    let tuning = sandbox.first_tuning.get().cloned().unwrap_or_else(|| (*app.tuned.get()).clone());
    let (now, shared) = (app.clock.at_start(), Arc::clone(&app));
    let store = app.store.patient();
    let work = store.write(move |db| {
        snapshot::empty(db)?;
        seed::plant(db, &sandbox.seed, now, tuning.invitation_days, &AtomicU64::new(0))?;
        let (app, sandbox, tuning) = (Arc::clone(&shared), Arc::clone(&sandbox), tuning.clone());
        db.after_commit(move || {
            forget(&app);
            app.tuned.set(tuning);
            app.clock.restart();
            app.entropy.restart();
            app.mail_entropy.restart();
            sandbox.faults.clear();
            sandbox.journal.clear();
        });
        Ok(())
    });
    work.await.map(|()| StatusCode::NO_CONTENT)
}

/// Drops what is in memory about the rows of before.
fn forget(app: &App) {
    app.callers.forget();
    app.limits.forget();
    if let Transport::Memory(mailbox) = &app.mail {
        mailbox.empty();
    }
}

pub async fn list(control: Control) -> Json<SnapshotList> {
    let snapshots = control.sandbox.snapshots.all().into_iter();
    Json(SnapshotList { snapshots: snapshots.map(|(name, saved)| SnapshotInfo::of(name, &saved)).collect() })
}

pub async fn keep(
    Control { app, sandbox }: Control,
    name: NameInPath,
    _: JsonBody<Nothing>,
) -> Result<Json<SnapshotInfo>, Error> {
    let name = checked(name)?;
    delivery::rest(&app).await?;
    let rows = app.store.patient().read(Snapshot::take).await?;
    let mails = match &app.mail {
        Transport::Memory(mailbox) => mailbox.mails(None),
        _ => Vec::new(),
    };
    let saved = Saved { rows, mails, taken_at: app.clock.now(), is_frozen: app.clock.is_frozen() };
    let info = SnapshotInfo::of(name.clone(), &saved);
    match sandbox.snapshots.keep(&name, saved) {
        true => Ok(Json(info)),
        false => Err(Error::Syntax("There are too many snapshots; delete some first.".to_owned())),
    }
}

pub async fn show(control: Control, name: NameInPath) -> Result<Json<SnapshotInfo>, Error> {
    let name = checked(name)?;
    let saved = control.sandbox.snapshots.find(&name).ok_or(Error::NotFound)?;
    Ok(Json(SnapshotInfo::of(name, &saved)))
}

pub async fn remove(control: Control, name: NameInPath) -> Result<StatusCode, Error> {
    let is_removed = control.sandbox.snapshots.forget(&checked(name)?);
    is_removed.then_some(StatusCode::NO_CONTENT).ok_or(Error::NotFound)
}

pub async fn restore(
    Control { app, sandbox }: Control,
    name: NameInPath,
    _: JsonBody<Nothing>,
) -> Result<StatusCode, Error> {
    let saved = sandbox.snapshots.find(&checked(name)?).ok_or(Error::NotFound)?;
    delivery::rest(&app).await?;
    let shared = Arc::clone(&app);
    let store = app.store.patient();
    let work = store.write(move |db| {
        saved.rows.put_back(db)?;
        let (app, saved) = (Arc::clone(&shared), Arc::clone(&saved));
        db.after_commit(move || {
            forget(&app);
            app.clock.set(Some(saved.taken_at), Some(saved.is_frozen));
            if let Transport::Memory(mailbox) = &app.mail {
                mailbox.put_back(saved.mails.clone());
            }
        });
        Ok(())
    });
    work.await.map(|()| StatusCode::NO_CONTENT)
}

fn checked(NameInPath(name): NameInPath) -> Result<String, Error> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if name.len() <= 100 && name.chars().all(is_plain) {
        return Ok(name);
    }
    Err(Error::Syntax("The name of a snapshot is up to 100 letters, digits, dots, hyphens and underscores.".to_owned()))
}
