//! Proof key for code exchange (RFC 7636).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// How a challenge is derived from its verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeMethod {
    Plain,
    /// SHA-256 in base64url.
    S256,
}

/// The better one first.
pub const METHODS: [(ChallengeMethod, &str); 2] = [(ChallengeMethod::S256, "S256"), (ChallengeMethod::Plain, "plain")];

impl ChallengeMethod {
    pub fn named(name: &str) -> Option<Self> {
        METHODS.iter().find(|(_, known)| *known == name).map(|(method, _)| *method)
    }

    pub fn name(self) -> &'static str {
        METHODS.iter().find(|(method, _)| *method == self).map_or("", |(_, name)| name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    pub method: ChallengeMethod,
    pub text: String,
}

/// Whether a text can be a challenge or a verifier: 43 to 128 unreserved characters.
pub fn is_well_formed(text: &str) -> bool {
    (43..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// Whether the verifier belongs to the challenge. A code requested without a challenge takes no verifier: else a stolen
/// code could be redeemed without proof.
pub fn is_proven(challenge: Option<&Challenge>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) if is_well_formed(verifier) => {
            let shown = match challenge.method {
                ChallengeMethod::Plain => verifier.to_owned(),
                ChallengeMethod::S256 => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
            };
            shown.as_bytes().ct_eq(challenge.text.as_bytes()).into()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn challenge(method: ChallengeMethod, text: &str) -> Challenge {
        Challenge { method, text: text.to_owned() }
    }

    #[test]
    fn the_example_of_the_standard_is_proven() {
        assert!(is_proven(Some(&challenge(ChallengeMethod::S256, CHALLENGE)), Some(VERIFIER)));
        assert!(is_proven(Some(&challenge(ChallengeMethod::Plain, VERIFIER)), Some(VERIFIER)));
        assert!(is_proven(None, None));
    }

    #[test]
    fn nothing_else_is() {
        let hashed = challenge(ChallengeMethod::S256, CHALLENGE);
        for verifier in [None, Some(CHALLENGE), Some("short"), Some("")] {
            assert!(!is_proven(Some(&hashed), verifier), "{verifier:?}");
        }
        assert!(!is_proven(Some(&challenge(ChallengeMethod::Plain, VERIFIER)), Some(CHALLENGE)));
        assert!(!is_proven(None, Some(VERIFIER)), "a proof of nothing");
    }
}
