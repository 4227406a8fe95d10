//! Requests to the authorization endpoint.
//!
//! Client and redirect URI are judged first: until both are valid, errors are shown to the person at the browser and
//! never sent to an address from the request. Everything else is judged afterwards, and errors go to the application.

use crate::oauth::applications::Application;
use crate::oauth::pkce::{self, Challenge, Method};
use crate::oauth::refusal::{Code, Refusal, refusal};

/// In characters. The state comes back in the URL of a redirect.
const LONGEST_STATE: usize = 1_024;

const LONGEST_SCOPE: usize = 1_024;

/// The parameters as received; blank ones are absent (RFC 6749, section 3.1).
#[derive(Clone, Debug, Default)]
pub struct AuthorizationRequest {
    pub client_id: Option<String>,
    pub redirect_uri: Option<String>,
    pub response_type: Option<String>,
    pub response_mode: Option<String>,
    pub state: Option<String>,
    pub scope: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
}

impl AuthorizationRequest {
    pub fn read(find: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            client_id: find("client_id"),
            redirect_uri: find("redirect_uri"),
            response_type: find("response_type"),
            response_mode: find("response_mode"),
            state: find("state"),
            scope: find("scope"),
            code_challenge: find("code_challenge"),
            code_challenge_method: find("code_challenge_method"),
        }
    }

    /// The given parameters, for the hidden fields of a form.
    pub fn parameters(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("response_type", &self.response_type),
            ("response_mode", &self.response_mode),
            ("state", &self.state),
            ("scope", &self.scope),
            ("code_challenge", &self.code_challenge),
            ("code_challenge_method", &self.code_challenge_method),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }

    /// The redirect URI, if it is registered.
    pub fn trusted_redirect<'a>(&'a self, application: &Application) -> Option<&'a str> {
        let asked = self.redirect_uri.as_deref()?;
        application.redirect_uris.iter().any(|known| known == asked).then_some(asked)
    }

    /// Judges the rest, once client and redirect URI are valid.
    pub fn judge(&self) -> Result<AccessRequest, Refusal> {
        if self.state.as_ref().is_some_and(|state| state.chars().count() > LONGEST_STATE) {
            return Err(refusal(Code::InvalidRequest, "The state is longer than 1024 characters."));
        }
        match self.response_type.as_deref() {
            Some("code") => {}
            None => return Err(refusal(Code::InvalidRequest, "The parameter response_type is missing.")),
            Some(_) => {
                return Err(refusal(Code::UnsupportedResponseType, "The only response type of this server is code."));
            }
        }
        if self.response_mode.as_deref().is_some_and(|mode| mode != "query") {
            return Err(refusal(Code::InvalidRequest, "The only response mode of this server is query."));
        }
        let scope = self.scope.clone().unwrap_or_default();
        if !is_scope(&scope) {
            return Err(refusal(Code::InvalidScope, "The scope is malformed or longer than 1024 characters."));
        }
        Ok(AccessRequest { scope, challenge: self.challenge()? })
    }

    fn challenge(&self) -> Result<Option<Challenge>, Refusal> {
        let method = self.code_challenge_method.as_deref();
        let Some(text) = &self.code_challenge else {
            return match method {
                Some(_) => Err(refusal(Code::InvalidRequest, "There is a code_challenge_method without a challenge.")),
                None => Ok(None),
            };
        };
        let Some(method) = Method::named(method.unwrap_or("plain")) else {
            return Err(refusal(Code::InvalidRequest, "The code_challenge_method must be S256 or plain."));
        };
        if !pkce::is_well_formed(text) {
            let sentence = "The code_challenge must have 43 to 128 letters, digits or any of - . _ ~";
            return Err(refusal(Code::InvalidRequest, sentence));
        }
        Ok(Some(Challenge { method, text: text.clone() }))
    }

    /// The `state` to send back, unless it is too long.
    pub fn returned_state(&self) -> Option<&str> {
        self.state.as_deref().filter(|state| state.chars().count() <= LONGEST_STATE)
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
