//! `/_admin/options`: how the server was started.
//! Source: public documentation, "HTTP API / Administration / Startup options".

use hyper::{Method, StatusCode};
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::options::StartupOption;
use crate::route::{Access, Route};
use crate::settings::Audience;
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_admin/options", Access::Read, values),
    Route::new(
        Method::GET,
        "/_admin/options-description",
        Access::Read,
        descriptions,
    ),
];

fn options<'c>(call: &'c Call<'_>) -> Result<&'c [StartupOption]> {
    let audience = call.api.settings.options_api;
    if audience == Audience::Nobody {
        return Err(Error::unknown_path(call.request.path()));
    }
    call.only_in_system()?;
    call.check_audience(audience)?;
    Ok(&call.api.options)
}

fn values(call: &Call<'_>) -> Result<Reply> {
    let options = options(call)?.iter();
    let object: Object = options
        .map(|option| (option.name.as_str(), option.value.clone()))
        .collect();
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

fn descriptions(call: &Call<'_>) -> Result<Reply> {
    let described = |option: &StartupOption| -> (String, Object) {
        let section = option.name.split_once('.').map_or("", |(before, _)| before);
        let mut object = Object::new();
        object.insert("section", section);
        object.insert("description", option.description.as_str());
        object.insert("category", "option");
        object.insert("hidden", false);
        object.insert("type", option.type_name);
        object.insert("experimental", false);
        object.insert("obsolete", false);
        object.insert("enterpriseOnly", false);
        object.insert("requiresValue", true);
        object.insert("os", vec![Value::from("linux"), "macos".into()]);
        object.insert(
            "component",
            vec![Value::from("single"), "coordinator".into()],
        );
        object.insert("introducedIn", Value::Null);
        object.insert("deprecatedIn", Value::Null);
        object.insert("dynamic", false);
        object.insert("required", false);
        if !option.default.is_null() {
            object.insert("default", option.default.clone());
        }
        (option.name.clone(), object)
    };
    let object: Object = options(call)?.iter().map(described).collect();
    Ok(Reply::json(StatusCode::OK, &object.into()))
}
