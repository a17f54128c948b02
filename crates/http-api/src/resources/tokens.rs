//! `/_api/token`: access tokens, which a user's programs give in place of the password.
//! Source: public documentation, "HTTP API / Authentication / Access tokens".

use database::AccessToken;
use hyper::{Method, StatusCode};
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::resources::users;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_api/token/{}", Access::Login, list),
    Route::new(Method::POST, "/_api/token/{}", Access::Login, create),
    Route::new(Method::DELETE, "/_api/token/{}/{}", Access::Login, remove),
];

fn to_object(call: &Call<'_>, token: &AccessToken) -> Object {
    let now_s = call.api.platform.clock.unix_ms() / 1000;
    let mut object = Object::new();
    object.insert("id", token.id);
    object.insert("name", token.name.as_str());
    object.insert("valid_until", token.valid_until_s);
    object.insert("created_at", token.created_s);
    object.insert("fingerprint", token.fingerprint.as_str());
    object.insert("active", token.is_valid(now_s));
    object
}

fn list(call: &Call<'_>) -> Result<Reply> {
    let user = call.api.databases.users().get(users::target(call)?)?;
    let tokens = user.tokens.iter();
    let tokens: Vec<Value> = tokens.map(|token| to_object(call, token).into()).collect();
    let object: Object = [("tokens", tokens)].into_iter().collect();
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

fn create(call: &Call<'_>) -> Result<Reply> {
    let user = users::target(call)?;
    let body = call.request.json()?;
    let Some(name) = body.get("name").as_str() else {
        return Err(Error::bad_parameter("name must be a text"));
    };
    let valid_until_s = match body.get("valid_until") {
        Value::Null => None,
        given => {
            let seconds = given
                .as_i64()
                .and_then(|seconds| u64::try_from(seconds).ok());
            let wrong = || Error::bad_parameter("valid_until must be seconds since 1970");
            Some(seconds.ok_or_else(wrong)?)
        }
    };
    let users = call.api.databases.users();
    let (token, text) = users.create_token(user, name, valid_until_s)?;
    let mut object = to_object(call, &token);
    object.insert("token", text);
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

fn remove(call: &Call<'_>) -> Result<Reply> {
    let user = users::target(call)?;
    let id = call.argument(1).parse();
    let id = id.map_err(|_| Error::bad_parameter("the id of an access token is a number"))?;
    call.api.databases.users().remove_token(user, id)?;
    Ok(Reply::json(StatusCode::OK, &Object::new().into()))
}
