//! What a mail is about, as the outbox keeps it.

use crate::ids::{InvitationId, UserId};
use crate::store;

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Invitation(InvitationId),
    /// Asks at a user's new address whether it is theirs.
    AddressConfirmation(UserId),
    /// Tells the former address of a user that it was changed.
    AddressNotice(UserId),
}

impl Topic {
    /// As the database and commands name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invitation(_) => "invitation",
            Self::AddressConfirmation(_) => "address_confirmation",
            Self::AddressNotice(_) => "address_notice",
        }
    }

    pub fn invitation_id(self) -> Option<InvitationId> {
        match self {
            Self::Invitation(id) => Some(id),
            Self::AddressConfirmation(_) | Self::AddressNotice(_) => None,
        }
    }

    pub(super) fn user_id(self) -> Option<UserId> {
        match self {
            Self::Invitation(_) => None,
            Self::AddressConfirmation(id) | Self::AddressNotice(id) => Some(id),
        }
    }

    pub(super) fn read(kind: &str, invitation: InvitationId, user: Option<UserId>) -> Result<Self, store::Error> {
        match (kind, user) {
            ("invitation", _) => Ok(Self::Invitation(invitation)),
            ("address_confirmation", Some(user)) => Ok(Self::AddressConfirmation(user)),
            ("address_notice", Some(user)) => Ok(Self::AddressNotice(user)),
            _ => Err(store::Error::Data(format!("{kind:?} is no kind of mail"))),
        }
    }
}
