//! The table of resources and how a path finds its handler.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use database::LockRequest;
use hyper::Method;

use crate::error::Result;
use crate::message::Reply;
use crate::resources;
use crate::state::{Api, Call};

/// What a caller must be allowed to before a handler runs. Handlers check collections themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody, also without a login.
    Open,
    /// Anybody who is logged in, whatever the database says.
    Login,
    /// At least reading in the request's database.
    Read,
    /// Administration of the request's database.
    Write,
    /// Administration of the server, which is writing in `_system`.
    Server,
    /// Who knows the server's secret.
    Superuser,
}

/// What answers. It may block, but not for locks that another request holds.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// Answers at once.
    Now(fn(&Call<'_>) -> Result<Reply>),
    /// Says what locks are needed and what is to be done with them.
    AfterLocks(fn(&Call<'_>) -> Result<Waiting>),
}

/// What to do with locks.
pub(crate) type Then = dyn FnOnce(&Arc<Api>, LockRequest) -> Result<Reply> + Send;

/// The rest of a request, to be done when it has its locks.
pub(crate) struct Waiting {
    /// A place in the queue for locks.
    pub(crate) locks: LockRequest,
    /// How long to wait.
    pub(crate) timeout: Duration,
    /// What to do with them; it may block.
    pub(crate) then: Box<Then>,
}

/// One row of a resource's table.
pub(crate) struct Route {
    /// The method.
    pub(crate) method: Method,
    /// Segments with a leading slash; `{}` stands for any one segment, `{..}` for
    /// any number of them at the end.
    pub(crate) pattern: &'static str,
    /// Who may call it.
    pub(crate) access: Access,
    /// What answers.
    pub(crate) handler: Handler,
    /// Whether it may be answered on a network thread if its like was quick: it reads and does not
    /// wait for a sync.
    pub(crate) reads: bool,
}

impl Route {
    /// A row.
    pub(crate) const fn new(
        method: Method,
        pattern: &'static str,
        access: Access,
        handler: fn(&Call<'_>) -> Result<Reply>,
    ) -> Self {
        Self {
            reads: matches!(method, Method::GET),
            method,
            pattern,
            access,
            handler: Handler::Now(handler),
        }
    }

    /// A row whose handler mostly reads, although its method does not say so.
    pub(crate) const fn reading(
        method: Method,
        pattern: &'static str,
        access: Access,
        handler: fn(&Call<'_>) -> Result<Reply>,
    ) -> Self {
        Self {
            method,
            pattern,
            access,
            handler: Handler::Now(handler),
            reads: true,
        }
    }

    /// A row whose handler needs locks.
    pub(crate) const fn after_locks(
        method: Method,
        pattern: &'static str,
        access: Access,
        handler: fn(&Call<'_>) -> Result<Waiting>,
    ) -> Self {
        Self {
            method,
            pattern,
            access,
            handler: Handler::AfterLocks(handler),
            reads: false,
        }
    }
}

/// How a path and method fit the table.
pub(crate) enum Found {
    /// This row; the texts are what stood in place of `{}`.
    Route(&'static Route, Vec<String>),
    /// The path is known with other methods.
    OtherMethods(Vec<Method>),
    /// No row has this path.
    Nothing,
}

/// Finds the row for a request. `segments` are decoded.
pub(crate) fn find(method: &Method, segments: &[Cow<'_, str>]) -> Found {
    let wanted = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let mut others = Vec::new();
    for route in resources::ALL.iter().flat_map(|table| table.iter()) {
        let Some(arguments) = fit(route.pattern, segments) else {
            continue;
        };
        if route.method == *method || route.method == *wanted {
            return Found::Route(route, arguments);
        }
        others.push(route.method.clone());
    }
    if others.is_empty() {
        Found::Nothing
    } else {
        Found::OtherMethods(others)
    }
}

/// As a pattern's last part: any number of further segments, which are no arguments.
const REST: &str = "{..}";

fn fit(pattern: &str, segments: &[Cow<'_, str>]) -> Option<Vec<String>> {
    let mut arguments = Vec::new();
    let mut segments = segments.iter();
    for part in pattern.split('/').skip(1) {
        if part == REST {
            return Some(arguments);
        }
        let segment = segments.next()?;
        if part == "{}" {
            arguments.push(segment.to_string());
        } else if part != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_paths() {
        let segments = |path: &'static str| crate::message::segments(path);
        assert_eq!(
            fit("/_api/x/{}", &segments("/_api/x/a%2Fb")),
            Some(vec!["a/b".to_owned()])
        );
        assert_eq!(fit("/_api/x/{}", &segments("/_api/x")), None);
        assert_eq!(fit("/_api/x", &segments("/_api/x/y")), None);
        for path in ["/_api/x", "/_api/x/y", "/_api/x/y/z"] {
            assert_eq!(fit("/_api/x/{..}", &segments(path)), Some(Vec::new()));
        }
        assert_eq!(fit("/_api/x/{..}", &segments("/_api/y")), None);
    }
}
