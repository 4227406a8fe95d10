//! Uploads: a bound on the memory and the time that files take.
//!
//! A body with a file may be larger than any other, and preparing a file may take more memory than the file has bytes.
//! So only a few such bodies are read at a time, and one file is prepared at a time, on a thread that may block:
//! pictures never take more than one core. Other uploads wait, and nothing of their bodies is read meanwhile. One
//! account never has all places.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::engine::error::Error;
use crate::ids::AccountId;

/// Bodies at a time.
const PLACES: usize = 8;

/// Bodies of one account at a time.
const PLACES_OF_ACCOUNT: usize = 4;

pub struct Uploads {
    places: Arc<Semaphore>,
    /// Only those of accounts that have an upload.
    of_accounts: Mutex<HashMap<AccountId, Arc<Semaphore>>>,
    preparing: Arc<Semaphore>,
}

/// The right to have a body in memory.
pub struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_account: OwnedSemaphorePermit,
}

impl Default for Uploads {
    fn default() -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { places: semaphore(PLACES), of_accounts: Mutex::default(), preparing: semaphore(1) }
    }
}

impl Uploads {
    /// Waits for a place.
    pub async fn place(&self, account: AccountId, until: Instant) -> Result<Place, Error> {
        let of_account = self.of_account(account);
        let taken = async {
            let of_account = of_account.acquire_owned().await.ok()?;
            let of_all = Arc::clone(&self.places).acquire_owned().await.ok()?;
            Some(Place { _of_all: of_all, _of_account: of_account })
        };
        let place = timeout_at(until, taken).await.ok().flatten();
        place.ok_or_else(|| Error::Unavailable("too many files are being uploaded".to_owned()))
    }

    fn of_account(&self, account: AccountId) -> Arc<Semaphore> {
        let mut all = self.of_accounts.lock();
        all.retain(|_, places| Arc::strong_count(places) > 1);
        Arc::clone(all.entry(account).or_insert_with(|| Arc::new(Semaphore::new(PLACES_OF_ACCOUNT))))
    }

    /// Prepares the file of an upload, then frees its place.
    pub async fn prepare<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let stopped = || Error::Unavailable("files are no longer prepared".to_owned());
        let permit = Arc::clone(&self.preparing).acquire_owned().await.map_err(|_| stopped())?;
        let prepared = tokio::task::spawn_blocking(move || {
            // Held here: a client that hangs up must not make room for another file.
            let _held = (permit, place);
            work()
        });
        prepared.await.map_err(|cause| match cause.is_panic() {
            true => Error::Internal("the preparation of a file panicked".to_owned()),
            false => stopped(),
        })
    }
}
