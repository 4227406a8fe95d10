//! The worker that empties the outbox: it claims mails, renders and sends them, and records the outcome of each.
//!
//! Claiming and recording are short writes; no transaction is open while a mail server is talked to. A mail is rendered
//! only now, from current data; if its invitation was answered, deleted or has expired meanwhile, it is canceled.
//!
//! Any number of workers may run, in any number of servers: a claim is exclusive for longer than sending a mail may
//! take, and the claims of a worker that dies expire.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use secrecy::SecretString;
use tokio::sync::watch;

use crate::clock::{Stopwatch, Timestamp};
use crate::engine::error::Error;
use crate::entropy::Entropy;
use crate::language::Language;
use crate::mail::Topic;
use crate::mail::message::{Cover, MailFacts, Matter};
use crate::mail::outbox::{self, QueuedMail};
use crate::mail::{Failure, Mail};
use crate::resources::addresses::{self, Claim};
use crate::resources::invitations::links::{self, LinkOrigin};
use crate::resources::invitations::offers::{self, Offer};
use crate::sandbox::faults::MailFault;
use crate::server::app::App;
use crate::store::Db;

/// How often a worker polls for mails that other processes have queued.
const POLL_EVERY: Duration = Duration::from_secs(5);

/// Pause after the database could not be read.
const REST: Duration = Duration::from_secs(1);

/// How often [`rest`] checks whether mails are being sent, and the pause between two checks.
const CHECKS: usize = 2_000;
const PAUSE: Duration = Duration::from_millis(1);

/// Time that a claim leaves for recording the outcome, beside twice the time that sending may take.
const SETTLED_WITHIN: Duration = Duration::from_secs(3);

/// A claimed mail with the data to render it from.
struct Letter {
    /// Counts as one more mail being sent while it is held.
    _under_way: Arc<()>,
    claimed: QueuedMail,
    content: Content,
}

/// What a mail is written from. Each secret is the token of its link.
enum Content {
    Invitation(Offer, SecretString),
    AddressConfirmation(Claim, SecretString),
    AddressNotice(Claim),
}

/// Sends mails as they become due, until `stop` becomes true; then finishes the ones being sent.
pub async fn work(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut under_way = FuturesUnordered::new();
    while !*stop.borrow() {
        let bell = app.outbox.bell.notified();
        let free = app.config.mail.connections.saturating_sub(under_way.len());
        let pause = match claim(&app, free).await {
            Ok(letters) => {
                under_way.extend(letters.into_iter().map(|letter| send(&app, letter)));
                let now = app.clock.now();
                next_due(&app).await.map_or(POLL_EVERY, |due| due.since(now).min(POLL_EVERY))
            }
            Err(cause) => {
                tracing::warn!(cause = cause.cause(), "cannot read the outbox; will retry");
                REST
            }
        };
        let is_full = under_way.len() >= app.config.mail.connections;
        tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => break,
            Some(()) = under_way.next(), if !under_way.is_empty() => {}
            () = bell, if !is_full => {}
            () = app.clock.passed(pause), if !is_full => {}
        }
    }
    while under_way.next().await.is_some() {}
}

/// Sends what is due and waits, for a limited time, until the worker is not sending anything either.
pub async fn rest(app: &Arc<App>) -> Result<(), Error> {
    if !app.mail.is_on() {
        return Ok(());
    }
    for _ in 0..CHECKS {
        send_due(app).await?;
        if Arc::strong_count(&app.outbox.under_way) == 1 {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Sends what is due now, one mail after the other, as the worker does. Returns the number of mails.
pub async fn send_due(app: &Arc<App>) -> Result<usize, Error> {
    let mut sent = 0;
    loop {
        let letters = claim(app, 1).await?;
        if letters.is_empty() && !is_due(app).await {
            return Ok(sent);
        }
        for letter in letters {
            send(app, letter).await;
            sent += 1;
        }
    }
}

async fn next_due(app: &App) -> Option<Timestamp> {
    let (lease, now) = (lease(app), app.clock.now());
    app.store.read(move |db| outbox::next_due(db, lease, now)).await.ok().flatten()
}

/// How long a claim lasts. Sending has its own deadline; the rest is for the database before and after it.
fn lease(app: &App) -> Duration {
    app.config.mail.timeout * 2 + SETTLED_WITHIN
}

async fn is_due(app: &App) -> bool {
    next_due(app).await.is_some_and(|due| due <= app.clock.now())
}

/// Claims mails and creates a link for each; cancels those whose invitation is no longer open.
async fn claim(app: &Arc<App>, most: usize) -> Result<Vec<Letter>, Error> {
    if most == 0 || !is_due(app).await {
        return Ok(Vec::new());
    }
    let (entropy, now, give_up) = (Arc::clone(&app.mail_entropy), app.clock.now(), app.config.mail.give_up);
    let (lease, believes, since) = (lease(app), app.clock_check(), Stopwatch::start());
    let under_way = Arc::clone(&app.outbox.under_way);
    let work = app.store.write(move |db| {
        let mut letters = Vec::new();
        for claimed in outbox::claim(db, most, lease, now)? {
            match content(db, &entropy, &claimed, now)? {
                Some(content) => letters.push(Letter { _under_way: Arc::clone(&under_way), claimed, content }),
                // A wrong clock may only make it look expired. It becomes due again, and this was no attempt.
                None if !believes(db, now)? => outbox::take_back_attempt(db, &claimed)?,
                None => {
                    outbox::settle(db, &entropy, &claimed, None, give_up, now)?;
                }
            }
        }
        Ok::<_, Error>(letters)
    });
    let letters = work.await?;
    if since.elapsed() > app.config.mail.timeout {
        // The claim might expire while a mail is being sent. Unsent, the mails become due again when it does.
        tracing::warn!(mails = letters.len(), "claiming mails took too long; they will be claimed again");
        return Ok(Vec::new());
    }
    Ok(letters)
}

/// Reads the content of a mail and makes its link; `None` if the mail is no longer wanted.
fn content(db: &mut Db, entropy: &Entropy, claimed: &QueuedMail, now: Timestamp) -> Result<Option<Content>, Error> {
    let content = match claimed.topic {
        Topic::Invitation(id) => match offers::of_invitation(db, id, now)? {
            Some(offer) => Content::Invitation(offer, links::create(db, entropy, id, LinkOrigin::Mail, now)?),
            None => return Ok(None),
        },
        Topic::AddressConfirmation(user) => match addresses::open_claim(db, user, &claimed.recipient)? {
            Some(claim) => {
                let token = addresses::create_link(db, entropy, &claim, now)?;
                Content::AddressConfirmation(claim, token)
            }
            None => return Ok(None),
        },
        Topic::AddressNotice(user) => match addresses::changed(db, user, &claimed.recipient)? {
            Some(claim) => Content::AddressNotice(claim),
            None => return Ok(None),
        },
    };
    Ok(Some(content))
}

/// Renders a mail, sends it, and records the outcome.
async fn send(app: &Arc<App>, letter: Letter) {
    let outcome = match render(app, &letter) {
        Ok(mail) => carry(app, &mail).await,
        Err(failure) => Err(failure),
    };
    let failure = outcome.as_ref().err().cloned();
    let (entropy, now, give_up) = (Arc::clone(&app.mail_entropy), app.clock.now(), app.config.mail.give_up);
    let (id, claimed) = (letter.claimed.id.get(), letter.claimed);
    let believes = app.clock_check();
    let work = move |db: &mut Db| {
        // With a wrong clock, time may only seem to have run out.
        let give_up = if outcome.is_ok() || believes(db, now)? { give_up } else { Duration::MAX };
        Ok::<_, Error>(outbox::settle(db, &entropy, &claimed, Some(&outcome), give_up, now)?)
    };
    let settled = app.store.write(work).await;
    let state = match settled {
        Ok(Some(state)) => state.name(),
        Ok(None) => "overtaken",
        Err(cause) => {
            // The claim will expire, and the mail will be sent again under the same Message-ID.
            tracing::error!(mail = id, %cause, "cannot record the outcome of a mail");
            return;
        }
    };
    app.metrics.count_mail(state, matches!(failure, Some(Failure::OfSender(_))));
    match failure {
        None => tracing::info!(mail = id, state, "mail"),
        Some(refusal @ Failure::OfSender(_)) => {
            let reason = refusal.for_log();
            tracing::error!(mail = id, state, reason, "no mail can be sent to anyone");
        }
        Some(failure) => tracing::warn!(mail = id, state, reason = failure.for_log(), "mail"),
    }
}

/// Hands a mail to the transport, unless an injected fault of a sandbox refuses it.
async fn carry(app: &App, mail: &Mail) -> Result<String, Failure> {
    let fault =
        app.sandbox.as_ref().and_then(|sandbox| sandbox.faults.meet_mail(&mail.to, &app.mail_entropy).ok().flatten());
    match fault {
        None => app.mail.send(mail).await,
        Some(MailFault::Refuse) => Err(Failure::ForGood("550 refused by a fault of the sandbox".to_owned())),
        Some(MailFault::Postpone) => Err(Failure::ForNow("450 refused for now by a fault of the sandbox".to_owned())),
    }
}

fn render(app: &App, letter: &Letter) -> Result<Mail, Failure> {
    let Letter { claimed, content, .. } = letter;
    let (now, base_url) = (app.clock.now(), app.base_url());
    let (facts, link, token) = match content {
        Content::Invitation(offer, token) => {
            let matter = Matter::Invitation {
                inviter: &offer.inviter_name,
                permission: offer.permission.name(),
                role: offer.role_name.as_deref(),
                expires_on: offer.expires_on,
            };
            let (name, account) = (offer.full_name.as_str(), offer.account_name.as_str());
            let facts = MailFacts { language: spoken(app, offer.language.as_deref()), name, account, matter };
            (facts, links::address(&base_url, token), token.clone())
        }
        Content::AddressConfirmation(claim, token) => {
            let matter = Matter::AddressConfirmation { expires_on: now.plus(addresses::LIFETIME).day() };
            (facts_about(app, claim, matter), addresses::link(&base_url, token), token.clone())
        }
        Content::AddressNotice(claim) => {
            let matter = Matter::AddressNotice { changed_on: claimed.created_at.day() };
            (facts_about(app, claim, matter), SecretString::default(), SecretString::default())
        }
    };
    let missing = || Failure::OfSender("the setting mail_from is missing".to_owned());
    let cover = Cover {
        from: app.config.mail.from.as_ref().ok_or_else(missing)?,
        to: &claimed.recipient,
        message_id: &claimed.message_id,
        invitation_id: claimed.topic.invitation_id(),
        link,
        token,
        now,
    };
    app.templates.write(&facts, cover)
}

fn facts_about<'a>(app: &App, claim: &'a Claim, matter: Matter<'a>) -> MailFacts<'a> {
    let (name, account) = (claim.full_name.as_str(), claim.account_name.as_str());
    MailFacts { language: spoken(app, claim.language.as_deref()), name, account, matter }
}

/// The language of mails and pages: the account's, if it has chosen one.
pub fn spoken(app: &App, of_account: Option<&str>) -> Language {
    of_account.and_then(Language::of_code).unwrap_or(app.config.mail_language)
}
