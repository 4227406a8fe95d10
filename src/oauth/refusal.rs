//! What an application is told when it is refused: one of the codes of RFC 6749, and a sentence.

/// A code of RFC 6749, sections 4.1.2.1 and 5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The member, or the server in its place, said no.
    AccessDenied,
    /// The application is unknown or has not proven who it is.
    InvalidClient,
    /// A code or a refresh token that does not work, or no longer.
    InvalidGrant,
    /// A parameter is missing, malformed or contradicts another.
    InvalidRequest,
    /// A scope that is malformed, or wider than what was granted.
    InvalidScope,
    ServerError,
    /// The server has too much to do, or the application asks too often.
    TemporarilyUnavailable,
    /// The application may not have this grant at the moment.
    UnauthorizedClient,
    /// A grant that this server does not know.
    UnsupportedGrantType,
    /// A response type that this server does not know.
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

/// Why an application is refused. The sentence is ASCII without quotes and backslashes (RFC 6749, section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    pub description: &'static str,
}

pub const fn refusal(code: Code, description: &'static str) -> Refusal {
    Refusal { code, description }
}
