//! Requests to the authorization endpoint.
//!
//! Client and redirect URI are judged first: until both are valid, errors are shown to the person at the browser and
//! never sent to an address from the request. Everything else is judged afterwards, and errors go to the application.

use crate::oauth::applications::Application;
use crate::oauth::pkce::{self, Challenge, ChallengeMethod};
use crate::oauth::redirects::{self, Comparison};
use crate::oauth::refusal::{Code, Refusal, refusal};

/// In characters. The state comes back in the URL of a redirect.
const LONGEST_STATE: usize = 1_024;

const LONGEST_SCOPE: usize = 1_024;

const PARAMETERS: &[&str] = &[
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "state",
    "scope",
    "code_challenge",
    "code_challenge_method",
];

/// The given parameters with their names; blank ones are absent (RFC 6749, section 3.1).
#[derive(Clone, Debug, Default)]
pub struct AuthorizationRequest(Vec<(&'static str, String)>);

impl AuthorizationRequest {
    pub fn read(find: impl Fn(&str) -> Option<String>) -> Self {
        Self(PARAMETERS.iter().filter_map(|name| Some((*name, find(name)?))).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    /// As names and values, for the hidden fields of a form.
    pub fn parameters(&self) -> Vec<(&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    pub fn client_id(&self) -> Option<&str> {
        self.get("client_id")
    }

    /// The redirect URI, if the application may use it.
    pub fn trusted_redirect(&self, application: &Application, comparison: Comparison) -> Option<&str> {
        let asked = self.get("redirect_uri")?;
        redirects::is_trusted(&application.redirect_uris, asked, comparison).then_some(asked)
    }

    /// Judges the rest, once client and redirect URI are valid.
    pub fn judge(&self) -> Result<AccessRequest, Refusal> {
        if self.get("state").is_some() && self.returned_state().is_none() {
            return Err(refusal(Code::InvalidRequest, "The state is longer than 1024 characters."));
        }
        match self.get("response_type") {
            Some("code") => {}
            None => return Err(refusal(Code::InvalidRequest, "The parameter response_type is missing.")),
            Some(_) => {
                return Err(refusal(Code::UnsupportedResponseType, "The only response type of this server is code."));
            }
        }
        if self.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(refusal(Code::InvalidRequest, "The only response mode of this server is query."));
        }
        let scope = self.get("scope").unwrap_or_default().to_owned();
        if !is_scope(&scope) {
            return Err(refusal(Code::InvalidScope, "The scope is malformed or longer than 1024 characters."));
        }
        Ok(AccessRequest { scope, challenge: self.challenge()? })
    }

    fn challenge(&self) -> Result<Option<Challenge>, Refusal> {
        let method = self.get("code_challenge_method");
        let Some(text) = self.get("code_challenge") else {
            return match method {
                Some(_) => Err(refusal(Code::InvalidRequest, "There is a code_challenge_method without a challenge.")),
                None => Ok(None),
            };
        };
        let Some(method) = ChallengeMethod::named(method.unwrap_or("plain")) else {
            return Err(refusal(Code::InvalidRequest, "The code_challenge_method must be S256 or plain."));
        };
        if !pkce::is_well_formed(text) {
            let sentence = "The code_challenge must have 43 to 128 letters, digits or any of - . _ ~";
            return Err(refusal(Code::InvalidRequest, sentence));
        }
        Ok(Some(Challenge { method, text: text.to_owned() }))
    }

    /// The `state` to send back, unless it is too long.
    pub fn returned_state(&self) -> Option<&str> {
        self.get("state").filter(|state| state.chars().count() <= LONGEST_STATE)
    }
}

/// What a consent grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRequest {
    /// Blank if none was requested.
    pub scope: String,
    pub challenge: Option<Challenge>,
}

/// Whether a text is a list of scope tokens (RFC 6749, section 3.3), or blank.
pub fn is_scope(text: &str) -> bool {
    text.len() <= LONGEST_SCOPE
        && text.bytes().all(|byte| byte == b' ' || (byte.is_ascii_graphic() && byte != b'"' && byte != b'\\'))
}

/// Whether every token of one scope is in the other.
pub fn is_within(scope: &str, granted: &str) -> bool {
    let granted: Vec<&str> = granted.split_ascii_whitespace().collect();
    scope.split_ascii_whitespace().all(|token| granted.contains(&token))
}
