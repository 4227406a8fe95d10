//! Retention: expired and finished rows are marked, and deleted after their retention period.
//!
//! [`RULES`] holds every rule; a test compares it with `docs/RETENTION.md`. A sweeper applies them periodically, in
//! small writes that no request has to wait long for. The application's clock decides, so a sandbox can let thirty days
//! pass. Every server on a database has a sweeper; they skip each other's rows, so none waits or repeats work.
//!
//! The alternative, deleting along with each write, slows writes down and never happens when there are none.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Timestamp;
use crate::engine::access::Caller;
use crate::engine::audit::AuditEntry;
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::{idempotency, records};
use crate::ids::{AccountId, InvitationId, RecordId};
use crate::mail::outbox;
use crate::oauth::sessions;
use crate::resources::invitations::{self, links};
use crate::server::app::App;
use crate::server::settings::Kept;
use crate::server::timekeeper;
use crate::store::Db;

/// Rows per write.
const AT_ONCE: i64 = 200;

/// Invitations purged per write. Each takes several statements, while other writes of the account wait.
const PURGED_AT_ONCE: i64 = 25;

const DAY: Duration = Duration::from_secs(86_400);

/// A retention period.
#[derive(Clone, Copy)]
pub enum For {
    /// The value of the named setting in days; 0 is for ever.
    Setting(&'static str, fn(&Kept) -> u32),
    Fixed(Duration),
}

/// What is deleted when.
pub struct RetentionRule {
    /// The rows, as `docs/RETENTION.md` names them.
    pub what: &'static str,
    /// The event at which the period begins, as `docs/RETENTION.md` names it.
    pub since: &'static str,
    pub kept: For,
    /// Deletes up to `?2` rows whose period began at `?1` or earlier; each statement uses an index. `{claimed}` skips
    /// rows that another sweeper is deleting or that are being changed, and so may no longer qualify.
    sql: &'static str,
}

/// Every rule except that of expired invitations, which `purge_expired` deletes with all that belongs to them.
pub const RULES: &[RetentionRule] = &[
    RetentionRule {
        what: "answers to requests with an Idempotency-Key",
        since: "the request",
        kept: For::Fixed(idempotency::KEPT_FOR),
        sql: "DELETE FROM idempotent_requests WHERE (account_id, user_id, idempotency_key) IN \
              (SELECT account_id, user_id, idempotency_key FROM idempotent_requests WHERE created_at <= ?1 \
              ORDER BY created_at LIMIT ?2{claimed})",
    },
    RetentionRule {
        what: "unused sessions",
        since: "the last use",
        kept: For::Fixed(sessions::IDLE_LIFETIME),
        sql: "DELETE FROM sessions WHERE id IN \
              (SELECT id FROM sessions WHERE seen_at <= ?1 ORDER BY seen_at LIMIT ?2{claimed})",
    },
    RetentionRule {
        what: "sessions",
        since: "the sign-in",
        kept: For::Fixed(sessions::LIFETIME),
        sql: "DELETE FROM sessions WHERE id IN \
              (SELECT id FROM sessions WHERE created_at <= ?1 ORDER BY created_at LIMIT ?2{claimed})",
    },
    RetentionRule {
        what: "sign-in links",
        since: "their end",
        kept: For::Fixed(Duration::ZERO),
        sql: "DELETE FROM sign_in_links WHERE id IN \
              (SELECT id FROM sign_in_links WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2{claimed})",
    },
    RetentionRule {
        what: "links that confirm an address",
        since: "their end",
        kept: For::Fixed(Duration::ZERO),
        sql: "DELETE FROM address_links WHERE id IN \
              (SELECT id FROM address_links WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2{claimed})",
    },
    RetentionRule {
        what: "consents whose code was never redeemed",
        since: "the code's end",
        kept: For::Fixed(DAY),
        sql: "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE code_used_at IS NULL \
              AND code_expires_at <= ?1 ORDER BY code_expires_at LIMIT ?2{claimed})",
    },
    RetentionRule {
        what: "revoked access tokens",
        since: "the revocation",
        kept: For::Setting("keep_revoked_days", |kept| kept.revoked),
        sql: "DELETE FROM access_tokens WHERE id IN (SELECT id FROM access_tokens WHERE revoked_at IS NOT NULL \
              AND revoked_at <= ?1 ORDER BY revoked_at LIMIT ?2{claimed})",
    },
    RetentionRule {
        what: "revoked consents with their refresh tokens",
        since: "the revocation",
        kept: For::Setting("keep_revoked_days", |kept| kept.revoked),
        sql: "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE revoked_at IS NOT NULL AND revoked_at <= ?1 \
              AND NOT EXISTS (SELECT 1 FROM access_tokens k WHERE k.grant_id = grants.id) \
              ORDER BY revoked_at LIMIT ?2{claimed})",
    },
    RetentionRule {
        what: "mails in the outbox that were sent, failed or canceled",
        since: "that moment",
        kept: For::Setting("keep_mails_days", |kept| kept.mails),
        sql: "DELETE FROM outbox WHERE id IN \
              (SELECT id FROM outbox WHERE due_at IS NULL AND updated_at <= ?1 ORDER BY updated_at LIMIT ?2{claimed})",
    },
    RetentionRule {
        what: "rows of the audit trail",
        since: "the change",
        kept: For::Setting("keep_audit_days", |kept| kept.audit),
        // Ids ascend with time, so this looks at no more of the oldest rows than it may delete.
        sql: "DELETE FROM audit WHERE id IN (SELECT id FROM \
              (SELECT id, occurred_at FROM audit ORDER BY id LIMIT ?2{claimed}) oldest WHERE occurred_at <= ?1)",
    },
];

impl RetentionRule {
    /// Rows whose period began until then are deleted; `None` if they are kept for ever.
    fn until(&self, kept: &Kept, now: Timestamp) -> Option<Timestamp> {
        match self.kept {
            For::Fixed(time) => Some(now.minus(time)),
            For::Setting(_, days) => Some(days(kept)).filter(|days| *days > 0).map(|days| now.minus(DAY * days)),
        }
    }
}

/// Sweeps periodically until `stop` becomes true.
pub async fn work(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let Some(interval) = app.config.sweep_interval else { return };
    loop {
        if let Err(cause) = sweep_if_believed(&app).await {
            tracing::warn!(cause = cause.cause(), "the sweep failed; will retry");
        }
        tokio::select! {
            () = app.clock.passed(interval) => {}
            _ = stop.wait_for(|stopped| *stopped) => return,
        }
    }
}

/// Records that the clock is believed, until `stop` becomes true. Without that, a server that never sweeps would doubt
/// a right clock after two days.
pub async fn keep_time(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(cause) = believes(&app, app.clock.now()).await {
            tracing::warn!(cause = cause.cause(), "cannot record that the clock is right; will retry");
        }
        tokio::select! {
            () = app.clock.passed(timekeeper::RECORDED_EVERY) => {}
            _ = stop.wait_for(|stopped| *stopped) => return,
        }
    }
}

/// Sweeps, or touches nothing and returns `None` if the clock cannot be believed.
pub async fn sweep_if_believed(app: &App) -> Result<Option<usize>, Error> {
    app.require_writes()?;
    app.follow_database_clock().await?;
    let now = app.clock.now();
    if believes(app, now).await? { sweep(app, now).await.map(Some) } else { Ok(None) }
}

/// Whether the clock is believed at this moment.
async fn believes(app: &App, now: Timestamp) -> Result<bool, Error> {
    let believes = app.clock_check();
    app.store.patient().write(move |db| Ok(believes(db, now)?)).await
}

/// Marks and deletes everything that is due at this moment, and returns the number of rows.
pub async fn sweep(app: &App, now: Timestamp) -> Result<usize, Error> {
    app.require_writes()?;
    let mut swept = until_done(app, move |db| mark_expired(db, now)).await?;
    if app.config.kept.expired > 0 {
        let last_day = now.day() - i64::from(app.config.kept.expired);
        let template = Context { now, ..app.context(&Arc::new(Caller::operator(AccountId::new(0))), None) };
        swept += until_done(app, move |db| purge_expired(db, &template, last_day)).await?;
    }
    for rule in RULES {
        if let Some(until) = rule.until(&app.config.kept, now) {
            let remove = move |db: &mut Db| {
                let sql = rule.sql.replace("{claimed}", db.dialect().skip_locked());
                let removed = db.exec(&sql, &[until.0.into(), AT_ONCE.into()])?;
                Ok(Some(removed).filter(|rows| *rows > 0))
            };
            swept += until_done(app, remove).await?;
        }
    }
    Ok(swept)
}

/// Repeats a small write until it returns `None`, having found nothing more to do. Returns the number of rows swept.
async fn until_done(
    app: &App,
    work: impl Fn(&mut Db) -> Result<Option<usize>, Error> + Clone + Send + 'static,
) -> Result<usize, Error> {
    let mut all = 0;
    loop {
        let work = work.clone();
        match app.store.patient().write(move |db| work(db)).await? {
            None => return Ok(all),
            Some(rows) => all += rows,
        }
    }
}

/// Marks the expired invitations of one account, and ends their links and mails; the invitations stay. Each account
/// records the day through which this was done, so only later days are searched.
fn mark_expired(db: &mut Db, now: Timestamp) -> Result<Option<usize>, Error> {
    let yesterday = now.day() - 1;
    // One sweeper per account at a time: only then does finding nothing mean that the account is done.
    let claimed = db.dialect().skip_locked();
    let sql = format!(
        "SELECT id, expired_through FROM accounts WHERE expired_through IS NULL OR expired_through < ?1 \
         ORDER BY id LIMIT 1{claimed}"
    );
    let account = db.maybe(&sql, &[yesterday.into()], |row| Ok((row.id::<AccountId>(0)?, row.maybe_int(1)?)))?;
    let Some((account, through)) = account else { return Ok(None) };
    let mut expired: Vec<InvitationId> = db.all(
        "UPDATE account_invitations SET expired_at = ?4 WHERE id IN (SELECT id FROM account_invitations \
         WHERE account_id = ?1 AND accepted_at IS NULL AND expires_on > ?2 AND expires_on <= ?3 AND expired_at IS NULL \
         ORDER BY expires_on LIMIT ?5) AND accepted_at IS NULL AND +expires_on <= ?3 RETURNING id",
        &[account.into(), through.unwrap_or(i64::MIN).into(), yesterday.into(), now.0.into(), AT_ONCE.into()],
        |row| row.id(0),
    )?;
    expired.sort_unstable();
    for id in &expired {
        links::end(db, *id)?;
        outbox::cancel(db, *id, now)?;
        AuditEntry::new(account, now, "account_invitation.expire", "account_invitations", *id).write(db)?;
    }
    if expired.is_empty() {
        let sql = "UPDATE accounts SET expired_through = ?2 WHERE id = ?1";
        db.exec(sql, &[account.into(), yesterday.into()])?;
    }
    // Not `None` for an account without any: the next one may have some.
    Ok(Some(expired.len()))
}

/// Deletes invitations that expired on this day or earlier, with their invitees unless something else refers to those.
fn purge_expired(db: &mut Db, template: &Context, last_day: i64) -> Result<Option<usize>, Error> {
    let claimed = db.dialect().skip_locked();
    let sql = format!(
        "SELECT account_id, id FROM account_invitations WHERE id IN (SELECT i.id FROM accounts a \
         JOIN account_invitations i ON i.account_id = a.id AND i.accepted_at IS NULL AND i.expires_on <= ?1 \
         ORDER BY a.id, i.expires_on, i.id LIMIT ?2) \
         AND accepted_at IS NULL AND +expires_on <= ?1 ORDER BY account_id, expires_on, id{claimed}"
    );
    let params = [last_day.into(), PURGED_AT_ONCE.into()];
    let found: Vec<(AccountId, RecordId)> = db.all(&sql, &params, |row| Ok((row.id(0)?, row.id(1)?)))?;
    for (account, id) in &found {
        let context = template.for_caller(Caller::operator(*account));
        let record = records::find(db, &invitations::RESOURCE, *account, Some(*id))?;
        invitations::remove_pending(db, &context, &record, "purge")?;
    }
    Ok(Some(found.len()).filter(|invitations| *invitations > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_a_line_for_each_rule_and_no_other() {
        let document = include_str!("../../docs/RETENTION.md");
        let (_, table) = document.split_once("|---|---|---|\n").unwrap_or_default();
        let lines: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
        for rule in RULES {
            let kept = match rule.kept {
                For::Setting(name, _) => format!("`{name}`"),
                For::Fixed(time) => match time.as_secs() {
                    0 => "not at all".to_owned(),
                    seconds if seconds % 3_600 == 0 => format!("{} hours", seconds / 3_600),
                    seconds => format!("{} minutes", seconds / 60),
                },
            };
            let line = format!("| {} | {} | {kept} |", rule.what, rule.since);
            assert!(lines.contains(&line.as_str()), "{line} is not in the document");
        }
        // The last line is about `purge_expired`.
        assert_eq!(lines.len(), RULES.len() + 1);
    }
}
