//! Mail in memory: the mailbox of the sandbox, in which integrators find what would have been sent.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::mail::Mail;
use crate::wire::fold::fold;

/// The oldest mails beyond this many are dropped.
const KEPT: usize = 10_000;

/// Newest first.
#[derive(Default)]
pub struct Mailbox {
    mails: Mutex<VecDeque<Mail>>,
    arrived: Notify,
}

impl Mailbox {
    /// Replaces a mail with the same Message-ID.
    pub(super) fn put(&self, mail: &Mail) {
        let mut mails = self.mails.lock();
        mails.retain(|known| known.message_id != mail.message_id);
        mails.push_front(mail.clone());
        mails.truncate(KEPT);
        drop(mails);
        self.arrived.notify_waiters();
    }

    /// Replaces the contents; newest first.
    pub fn put_back(&self, mails: Vec<Mail>) {
        *self.mails.lock() = mails.into();
        self.arrived.notify_waiters();
    }

    pub fn empty(&self) {
        self.mails.lock().clear();
    }

    /// The mails to an address, in any letter case, or all.
    pub fn mails(&self, to: Option<&str>) -> Vec<Mail> {
        let wanted = to.map(|address| fold(address.trim()));
        let mails = self.mails.lock();
        let is_wanted = |mail: &&Mail| wanted.as_ref().is_none_or(|address| fold(&mail.to) == *address);
        mails.iter().filter(is_wanted).cloned().collect()
    }

    /// The same, waiting for a first one.
    pub async fn wait_for(&self, to: Option<&str>, at_most: Duration) -> Vec<Mail> {
        let found = async {
            loop {
                let arrived = self.arrived.notified();
                tokio::pin!(arrived);
                // Registered before the look, so a mail that arrives in between is not missed.
                arrived.as_mut().enable();
                let mails = self.mails(to);
                if !mails.is_empty() {
                    return mails;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(at_most, found).await.unwrap_or_default()
    }
}
