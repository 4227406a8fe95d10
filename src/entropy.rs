//! Randomness. This file has the only call of the system's random source; everything else is given an [`Entropy`].

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

/// A source of random bytes.
pub struct Entropy(Source);

enum Source {
    /// Read in large pieces, since every request takes some bytes and each read is a system call.
    System(Box<Mutex<Pool>>),
    /// The same bytes in every run, for tests.
    Seeded(Repeatable),
}

/// Random bytes that are the same in every run: hashes of a seed and a counter.
pub struct Repeatable {
    seed: u64,
    draws: AtomicU64,
}

impl Repeatable {
    pub fn new(seed: u64) -> Self {
        Self { seed, draws: AtomicU64::new(0) }
    }

    /// A source of its own, whose bytes do not depend on what was drawn from this one.
    #[must_use]
    pub fn branch(&self, name: &str) -> Self {
        let hash: [u8; 32] = Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(name).finalize().into();
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        Self::new(u64::from_be_bytes(first))
    }

    pub fn bytes(&self) -> [u8; 32] {
        let draw = self.draws.fetch_add(1, Ordering::Relaxed);
        Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(draw.to_be_bytes()).finalize().into()
    }
}

/// Bytes not handed out yet. Those that are, are wiped here.
struct Pool {
    bytes: [u8; POOL_LENGTH],
    left: usize,
}

const POOL_LENGTH: usize = 2_048;

impl Pool {
    fn take(&mut self) -> Result<[u8; 32], NoEntropy> {
        if self.left == 0 {
            fill(&mut self.bytes)?;
            self.left = POOL_LENGTH;
        }
        let mut taken = [0; 32];
        let from = &mut self.bytes[self.left - 32..self.left];
        taken.copy_from_slice(from);
        from.fill(0);
        self.left -= 32;
        Ok(taken)
    }
}

/// The system's random source failed, so no secret can be made.
#[derive(Debug, thiserror::Error)]
#[error("the system's random source failed: {0}")]
pub struct NoEntropy(String);

impl Entropy {
    /// Fit for secrets.
    pub fn system() -> Self {
        Self(Source::System(Box::new(Mutex::new(Pool { bytes: [0; POOL_LENGTH], left: 0 }))))
    }

    /// The same bytes in every run. Never for production.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Repeatable::new(seed)))
    }

    /// Restarts the sequence of a seeded source; does nothing to the system's.
    pub fn restart(&self) {
        if let Source::Seeded(source) = &self.0 {
            source.draws.store(0, Ordering::Relaxed);
        }
    }

    /// An independent source for concurrent work: what it draws does not depend on how much others draw meanwhile.
    #[must_use]
    pub fn branch(&self, name: &str) -> Self {
        match &self.0 {
            Source::System(_) => Self::system(),
            Source::Seeded(source) => Self(Source::Seeded(source.branch(name))),
        }
    }

    /// 256 random bits.
    pub fn bytes(&self) -> Result<[u8; 32], NoEntropy> {
        match &self.0 {
            Source::System(pool) => pool.lock().take(),
            Source::Seeded(source) => Ok(source.bytes()),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that may ask the system for randomness")]
fn fill(bytes: &mut [u8]) -> Result<(), NoEntropy> {
    getrandom::fill(bytes).map_err(|cause| NoEntropy(cause.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seeded_source_repeats_itself_but_never_within_a_run() -> Result<(), NoEntropy> {
        let (one, other) = (Entropy::seeded(7), Entropy::seeded(7));
        let first = one.bytes()?;
        assert_eq!(first, other.bytes()?);
        assert_ne!(first, one.bytes()?);
        Ok(())
    }

    #[test]
    fn a_branch_repeats_itself_whatever_was_drawn_before_it() -> Result<(), NoEntropy> {
        let (one, other) = (Entropy::seeded(7), Entropy::seeded(7));
        let first = one.bytes()?;
        assert_eq!(one.branch("a").bytes()?, other.branch("a").bytes()?);
        assert_ne!(one.branch("a").bytes()?, one.branch("b").bytes()?);
        assert_ne!(one.branch("a").bytes()?, first);
        Ok(())
    }

    #[test]
    fn the_systems_source_never_hands_out_the_same_bytes_twice() -> Result<(), NoEntropy> {
        let entropy = Entropy::system();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..3 * POOL_LENGTH / 32 {
            assert!(seen.insert(entropy.bytes()?));
        }
        assert!(!seen.contains(&[0; 32]));
        Ok(())
    }
}
