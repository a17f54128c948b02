//! Requests to services and their answers, as HTTP-free as can be.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use value::json;

use crate::Error;
use crate::registry::Service;

/// A request to a service. Paths and query are raw, still percent-encoded.
#[derive(Debug, Clone)]
pub struct ServiceRequest {
    /// Who answers it.
    pub service: Arc<Service>,
    /// In upper case; never `OPTIONS`.
    pub method: String,
    /// Relative to the mount, with its leading slash ([`crate::Found`]).
    pub path: String,
    /// Without the question mark; empty if there is none.
    pub query: String,
    /// Lines `name: value\n`, names in lower case, each name once.
    pub headers: String,
    /// The body; empty if there is none.
    pub body: Bytes,
    /// The user, if the login was right.
    pub user: Option<String>,
    /// Whether the request may use the database: a right login, or none needed.
    pub authorized: bool,
    /// Whether it came over TLS.
    pub secure: bool,
    /// The peer.
    pub remote: SocketAddr,
    /// The address it arrived at.
    pub local: SocketAddr,
}

/// The answer of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceResponse {
    /// The HTTP status.
    pub status: u16,
    /// Lines `name: value\n`, names in lower case, repeated names allowed; no content-length.
    pub headers: String,
    /// The body.
    pub body: Bytes,
}

impl ServiceResponse {
    /// The headers as pairs.
    pub fn header_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .lines()
            .filter_map(|line| line.split_once(": "))
    }

    /// A JSON error answer, or a page if the client prefers HTML.
    pub(crate) fn from_error(error: &Error, development: bool, headers: &str) -> Self {
        let body = json::to_string(&error.to_body(development));
        if !prefers_html(headers) {
            let headers = "content-type: application/json; charset=utf-8\n".to_owned();
            return Self {
                status: error.status(),
                headers,
                body: body.into(),
            };
        }
        let mut details = escape(error.message());
        if let Some(exception) = error.exception().filter(|_| development) {
            details.push_str("\n\n");
            details.push_str(&escape(&exception.exception));
            for line in &exception.stacktrace {
                details.push_str("\n  ");
                details.push_str(&escape(line));
            }
        }
        let status = error.status();
        let page = format!(
            "<!doctype html>\n<meta charset=\"utf-8\">\n<title>{status}</title>\n\
             <h1>{status}</h1>\n<pre>{details}</pre>\n"
        );
        let headers = "content-type: text/html; charset=utf-8\n".to_owned();
        Self {
            status,
            headers,
            body: page.into(),
        }
    }
}

/// Whether `Accept` ranks `text/html` above `application/json`. No such header: no.
fn prefers_html(headers: &str) -> bool {
    let accept = headers
        .lines()
        .find_map(|line| line.strip_prefix("accept: "));
    let quality = |kind: &str| {
        let kinds = accept.into_iter().flat_map(|accept| accept.split(','));
        let found = kinds.filter_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            if !parts.next()?.eq_ignore_ascii_case(kind) {
                return None;
            }
            let quality = parts.find_map(|part| part.strip_prefix("q="));
            Some(quality.and_then(|q| q.parse::<f32>().ok()).unwrap_or(1.0))
        });
        found.fold(0.0, f32::max)
    };
    quality("text/html") > quality("application/json")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::prefers_html;

    #[test]
    fn only_who_ranks_html_higher_gets_html() {
        let cases = [
            ("", false),
            ("*/*", false),
            ("text/html", true),
            ("text/html,application/xhtml+xml,*/*;q=0.8", true),
            ("application/json, text/html", false),
            ("application/json;q=0.5, text/html;q=0.9", true),
        ];
        for (accept, expected) in cases {
            assert_eq!(
                prefers_html(&format!("a: b\naccept: {accept}\n")),
                expected,
                "{accept}"
            );
        }
    }
}
