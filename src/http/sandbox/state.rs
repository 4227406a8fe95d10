//! `/sandbox/reset` and `/sandbox/snapshots`: back to the beginning, or to where a test has been.
//!
//! Rows change in one transaction. What is in memory follows it before anybody is answered: whoever was remembered as a caller, mails,
//! rate limits, the clock.

use std::sync::Arc;

use hyper::{Response, StatusCode};

use crate::engine::error::Error;
use crate::http::endpoints::segment;
use crate::http::headers;
use crate::http::object::{Object, array};
use crate::http::sandbox::Asked;
use crate::mail::Transport;
use crate::sandbox::seed;
use crate::sandbox::snapshots::State;
use crate::server::app::App;
use crate::server::delivery;
use crate::server::listen::{Body, RequestBody};
use crate::transfer::snapshot::{self, Snapshot};
use crate::wire::kind;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Goes back to the seed: rows, ids, mails, clock, settings, faults, requests, limits. Snapshots stay.
pub(super) async fn reset(asked: &Asked<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    let Nothing {} = asked.body(body).await?;
    let app = Arc::clone(asked.visit.app);
    settle(&app).await?;
    let tuning = asked.sandbox.first_tuning.get().cloned().unwrap_or_else(|| (*app.tuned.get()).clone());
    let (now, sandbox, shared) = (app.clock.at_start(), Arc::clone(asked.sandbox), Arc::clone(&app));
    let work = app.store.write(move |db| {
        snapshot::empty(db)?;
        seed::plant(db, &sandbox.seed, now, tuning.invitation_days)?;
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
        Ok::<_, Error>(())
    });
    work.await?;
    Ok(headers::empty())
}

/// Waits for mails that are under way: a state holds none that is half sent, and none of before arrives in the next.
async fn settle(app: &Arc<App>) -> Result<(), Error> {
    if app.mail.is_on() { delivery::rest(app).await } else { Ok(()) }
}

/// Forgets what is in memory of the rows that were there.
fn forget(app: &App) {
    app.callers.forget();
    app.limits.forget();
    if let Transport::Memory(mailbox) = &app.mail {
        mailbox.empty();
    }
}

/// Every snapshot.
pub(super) fn list(asked: &Asked<'_>) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    let snapshots = asked.sandbox.snapshots.all();
    let snapshots = array(snapshots.iter().map(|(name, state)| object(name, state)));
    Ok(Object::new().raw("snapshots", &snapshots).answer(StatusCode::OK))
}

/// Keeps the present state under a name.
pub(super) async fn keep(asked: &Asked<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    let Nothing {} = asked.body(body).await?;
    let (name, app) = (name(asked)?, asked.visit.app);
    settle(app).await?;
    let rows = app.store.read(Snapshot::take).await?;
    let mails = match &app.mail {
        Transport::Memory(mailbox) => mailbox.mails(None),
        _ => Vec::new(),
    };
    let state = State { rows, mails, clock: app.clock.setting(), taken_at: app.clock.now() };
    match asked.sandbox.snapshots.keep(name, state) {
        true => show(asked),
        false => Err(Error::Syntax("There are too many snapshots; take some away first.".to_owned())),
    }
}

/// What is kept under a name.
pub(super) fn show(asked: &Asked<'_>) -> Result<Response<Body>, Error> {
    let name = name(asked)?;
    let state = asked.sandbox.snapshots.find(name).ok_or(Error::NotFound)?;
    Ok(object(name, &state).answer(StatusCode::OK))
}

/// Forgets it.
pub(super) fn remove(asked: &Asked<'_>) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    if asked.sandbox.snapshots.forget(name(asked)?) { Ok(headers::empty()) } else { Err(Error::NotFound) }
}

/// Returns to it.
pub(super) async fn restore(asked: &Asked<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    let Nothing {} = asked.body(body).await?;
    let state = asked.sandbox.snapshots.find(name(asked)?).ok_or(Error::NotFound)?;
    let app = Arc::clone(asked.visit.app);
    settle(&app).await?;
    let (shared, kept) = (Arc::clone(&app), Arc::clone(&state));
    let work = app.store.write(move |db| {
        kept.rows.put_back(db)?;
        let (app, state) = (Arc::clone(&shared), Arc::clone(&kept));
        db.after_commit(move || {
            forget(&app);
            app.clock.set(Some(state.clock.now), Some(state.clock.is_frozen));
            if let Transport::Memory(mailbox) = &app.mail {
                mailbox.put_back(state.mails.clone());
            }
        });
        Ok::<_, Error>(())
    });
    work.await?;
    Ok(headers::empty())
}

fn name<'a>(asked: &'a Asked<'_>) -> Result<&'a str, Error> {
    let name = segment(asked.visit.head.uri.path(), 3);
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if name.len() <= 100 && name.chars().all(is_plain) {
        return Ok(name);
    }
    Err(Error::Syntax("The name of a snapshot is up to 100 letters, digits, dots, hyphens and underscores.".to_owned()))
}

fn object(name: &str, state: &State) -> Object {
    Object::new()
        .text("name", name)
        .int("rows", i64::try_from(state.rows.rows()).unwrap_or(i64::MAX))
        .int("mails", i64::try_from(state.mails.len()).unwrap_or(i64::MAX))
        .text("taken_at", &kind::time(state.taken_at.0))
}
