//! What an application asks for at the authorization endpoint, judged in the order that keeps answers from going astray.
//!
//! First who asks and where the answer goes: while that is open, whatever is wrong is told to the person in front of the
//! browser and never to an address that came with the request. Only then does everything else count, and what is wrong
//! with it is told to the application.

use crate::oauth::applications::Application;
use crate::oauth::pkce::{self, Challenge, Method};
use crate::oauth::refusal::{Code, Refusal, refusal};

/// Longest `state`, in characters. It is only carried, and comes back in the address of a redirect.
const LONGEST_STATE: usize = 1_024;

/// Longest `scope`, in characters.
const LONGEST_SCOPE: usize = 1_024;

/// The parameters as they came; blank ones are absent (RFC 6749, section 3.1).
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub client_id: Option<String>,
    pub redirect_uri: Option<String>,
    pub response_type: Option<String>,
    pub response_mode: Option<String>,
    /// What the application recognises its own request by.
    pub state: Option<String>,
    pub scope: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
}

/// Names of the parameters, in the order of [`Asked::values`].
const NAMES: [&str; 8] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "state",
    "scope",
    "code_challenge",
    "code_challenge_method",
];

impl Asked {
    /// The parameters that `find` knows by name.
    pub fn read(find: impl Fn(&str) -> Option<String>) -> Self {
        let [client_id, redirect_uri, response_type, response_mode, state, scope, code_challenge, method] =
            NAMES.map(find);
        Self {
            client_id,
            redirect_uri,
            response_type,
            response_mode,
            state,
            scope,
            code_challenge,
            code_challenge_method: method,
        }
    }

    fn values(&self) -> [&Option<String>; 8] {
        [
            &self.client_id,
            &self.redirect_uri,
            &self.response_type,
            &self.response_mode,
            &self.state,
            &self.scope,
            &self.code_challenge,
            &self.code_challenge_method,
        ]
    }

    /// The parameters that are there, by name: what a form has to carry to ask the same again.
    pub fn parameters(&self) -> Vec<(&'static str, &str)> {
        NAMES.into_iter().zip(self.values()).filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }

    /// Whether the answer may go where the request wants it.
    pub fn trusted_redirect<'a>(&'a self, application: &Application) -> Option<&'a str> {
        let asked = self.redirect_uri.as_deref()?;
        application.redirect_uris.iter().any(|known| known == asked).then_some(asked)
    }

    /// Judges the rest, once the answer may go back.
    pub fn judge(&self) -> Result<Request, Refusal> {
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
        Ok(Request { scope, challenge: self.challenge()? })
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

    /// The `state` as it goes back: not at all when it is too long to be carried.
    pub fn returned_state(&self) -> Option<&str> {
        self.state.as_deref().filter(|state| state.chars().count() <= LONGEST_STATE)
    }
}

/// A request in order: what a consent to it grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The scope, recorded and told back; blank when none was asked for.
    pub scope: String,
    /// The challenge that the code is bound to.
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
