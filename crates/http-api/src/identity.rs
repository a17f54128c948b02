//! Who a request speaks for.

use std::sync::Arc;

/// The outcome of authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Authentication is switched off: all rights and no name.
    Off,
    /// A token of the server's own making without a user: all rights and no name.
    Superuser,
    /// A known, active user whose credentials were right.
    User(Arc<str>),
    /// No credentials.
    Nobody,
    /// Credentials that are not right.
    Refused,
}

impl Identity {
    /// The user's name.
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Self::User(name) => Some(name),
            _ => None,
        }
    }

    /// The user's name, to be kept.
    pub(crate) fn shared_user(&self) -> Option<Arc<str>> {
        match self {
            Self::User(name) => Some(Arc::clone(name)),
            _ => None,
        }
    }

    /// Whether every permission is given without looking.
    pub(crate) fn is_almighty(&self) -> bool {
        matches!(self, Self::Off | Self::Superuser)
    }

    /// Whether the request may go where a login is needed.
    pub(crate) fn is_known(&self) -> bool {
        !matches!(self, Self::Nobody | Self::Refused)
    }
}
