//! Refusals of OAuth requests: a code of RFC 6749 and a sentence.

/// A code of RFC 6749, sections 4.1.2.1 and 5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    AccessDenied,
    InvalidClient,
    /// The code or refresh token does not work.
    InvalidGrant,
    InvalidRequest,
    /// Malformed, or wider than granted.
    InvalidScope,
    ServerError,
    /// Overload, or a rate limit.
    TemporarilyUnavailable,
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
}

impl Code {
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
        }
    }
}

/// The description is ASCII without quotes and backslashes (RFC 6749, section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    pub description: &'static str,
}

pub const fn refusal(code: Code, description: &'static str) -> Refusal {
    Refusal { code, description }
}
