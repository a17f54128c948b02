//! Running a service's tests, and in which form their report is answered.

use foxx::TestOptions;

use super::mount;
use crate::error::Result;
use crate::message::Reply;
use crate::state::Call;

pub(super) fn run(call: &Call<'_>) -> Result<Reply> {
    let mount = mount(call)?;
    let text = |name: &str| call.request.parameter(name).filter(|text| !text.is_empty());
    let reporter = text("reporter").map_or_else(|| "default".to_owned(), |name| name.into_owned());
    let wants_text = call.request.flag("idiomatic");
    let accept = call.request.header("accept");
    let options = TestOptions {
        idiomatic: wants_text.unwrap_or_else(|| prefers_text(&reporter, accept)),
        reporter,
        filter: text("filter").map(|filter| filter.into_owned()),
    };
    let (database, user) = (&call.request.database, call.identity.user());
    let report = call.api.foxx.run_tests(database, &mount, &options, user)?;
    Ok(Reply::bytes(&report.content_type, report.body))
}

/// Whether a reporter with a text form of its own is to use it. Without the header it is: the
/// usual command-line client sends none and reads lines. `*/*` alone stands for clients that
/// take whatever there is, which read JSON.
fn prefers_text(reporter: &str, accept: Option<&str>) -> bool {
    let kinds: &[&str] = match reporter {
        "stream" => &["application/x-ldjson"],
        "tap" => &["text/plain", "text/*"],
        "xunit" => &["application/xml", "text/xml"],
        _ => return false,
    };
    let Some(accept) = accept else { return true };
    let quality = |kind: &str| {
        let found = accept.split(',').filter_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            if !parts.next()?.eq_ignore_ascii_case(kind) {
                return None;
            }
            let quality = parts.find_map(|part| part.strip_prefix("q="));
            Some(
                quality
                    .and_then(|quality| quality.parse().ok())
                    .unwrap_or(1.0),
            )
        });
        found.fold(0.0_f32, f32::max)
    };
    let text = kinds.iter().map(|kind| quality(kind)).fold(0.0, f32::max);
    text > 0.0 && text >= quality("application/json")
}

#[cfg(test)]
mod checks {
    use super::prefers_text;

    #[test]
    fn reports_are_text_where_that_was_asked_for() {
        for (reporter, accept, expected) in [
            ("tap", None, true),
            ("default", None, false),
            ("suite", Some("text/plain"), false),
            ("tap", Some("*/*"), false),
            ("tap", Some("text/*"), true),
            ("tap", Some("application/json, text/plain;q=0.5"), false),
            ("xunit", Some("application/json;q=0.1, text/xml"), true),
            ("stream", Some("application/x-ldjson"), true),
            ("stream", Some("application/x-ldjson;q=0"), false),
        ] {
            assert_eq!(
                prefers_text(reporter, accept),
                expected,
                "{reporter} {accept:?}"
            );
        }
    }
}
