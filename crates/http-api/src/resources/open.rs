//! `/_open/auth`: tokens for passwords.

use error_codes::codes;
use hyper::{Method, StatusCode};
use value::Value;

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::POST, "/_open/auth", Access::Open, login),
    Route::new(Method::POST, "/_open/auth/renew", Access::Login, renew),
];

fn login(call: &Call<'_>) -> Result<Reply> {
    check_enabled(call)?;
    let body = call.request.json()?;
    let (user, password) = (body.get("username"), body.get("password"));
    let (Some(user), Some(password)) = (user.as_str(), password.as_str()) else {
        return Err(Error::bad_parameter("username and password must be texts"));
    };
    match call.api.databases.users().authenticate(user, password)? {
        Some(user) => Ok(token(call, &user.name)),
        None => Err(Error::plain(codes::HTTP_UNAUTHORIZED)),
    }
}

fn renew(call: &Call<'_>) -> Result<Reply> {
    check_enabled(call)?;
    match call.identity.user() {
        Some(user) => Ok(token(call, user)),
        None => Err(Error::unauthorized()),
    }
}

fn check_enabled(call: &Call<'_>) -> Result<()> {
    if call.api.settings.authentication {
        return Ok(());
    }
    Err(Error::unknown_path(call.request.path()))
}

fn token(call: &Call<'_>, user: &str) -> Reply {
    let jwt = call.api.issue_token(user);
    Reply::json(
        StatusCode::OK,
        &Value::object([("jwt", jwt)].into_iter().collect()),
    )
}
