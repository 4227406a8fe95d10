//! Randomness. This file holds the only caller of the system's random source; everything else is handed an [`Entropy`].

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// A source of random bytes.
pub struct Entropy(Source);

enum Source {
    System,
    /// The hash of the seed and a counter: the same bytes in every run, for tests.
    Seeded {
        seed: u64,
        draws: AtomicU64,
    },
}

/// The system has no random bytes to give, so that no secret can be made.
#[derive(Debug, thiserror::Error)]
#[error("the system's random source failed: {0}")]
pub struct NoEntropy(String);

impl Entropy {
    /// The system's source, fit for secrets.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A source that repeats itself from run to run. Never for production.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded { seed, draws: AtomicU64::new(0) })
    }

    /// 256 random bits.
    pub fn bytes(&self) -> Result<[u8; 32], NoEntropy> {
        let mut bytes = [0; 32];
        match &self.0 {
            Source::System => fill(&mut bytes)?,
            Source::Seeded { seed, draws } => {
                let draw = draws.fetch_add(1, Ordering::Relaxed);
                let hash = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(draw.to_be_bytes());
                bytes.copy_from_slice(&hash.finalize());
            }
        }
        Ok(bytes)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that may ask the system for randomness")]
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
}
