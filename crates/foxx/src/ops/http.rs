//! Requests that services make: to the world as the policy allows, to this server by path.

use std::io::Read;
use std::time::Duration;

use error_codes::codes;
use ureq::http::{HeaderName, HeaderValue, Method, Request, Uri};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body};
use value::Value;

use super::{Call, OpError, OpResult, Registrar, bad};
use crate::shared::Shared;

/// Clients with their pools of connections: with and without a look at certificates.
pub(crate) struct Agents {
    strict: Agent,
    trusting: Agent,
}

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("httpRequest", request);
}

impl Agents {
    pub(crate) fn new() -> Self {
        let agent = |trusting: bool| {
            let tls = TlsConfig::builder().disable_verification(trusting).build();
            Agent::config_builder()
                .http_status_as_error(false)
                .allow_non_standard_methods(true)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .user_agent("")
                .accept("")
                .tls_config(tls)
                .build()
                .new_agent()
        };
        Self {
            strict: agent(false),
            trusting: agent(true),
        }
    }
}

/// One exchange as the service asked for it.
struct Exchange {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    timeout: Duration,
    redirects_left: u32,
    verify: bool,
}

/// What came back.
struct Answer {
    status: u16,
    message: String,
    headers: String,
    body: Vec<u8>,
}

fn request(call: &Call<'_>) -> OpResult {
    call.context.settle()?;
    let shared = &call.context.shared;
    let spec = call.json(0)?;
    let body = if call.args.get(1).is_nullish() {
        Vec::new()
    } else {
        call.data(1)?
    };
    let exchange = Exchange::read(&spec, body, shared)?;
    let pool = &shared.pool;
    let answer = pool.while_blocked(call.context.worker, || exchange.run(shared))?;
    let result = call.scope.object();
    result.set("status", &call.scope.number(answer.status))?;
    result.set("message", &call.scope.text(&answer.message))?;
    result.set("headers", &call.scope.text(&answer.headers))?;
    result.set("body", &call.scope.bytes_from_vec(answer.body)?)?;
    Ok(result)
}

impl Exchange {
    fn read(spec: &Value, body: Vec<u8>, shared: &Shared) -> Result<Self, OpError> {
        let headers = spec.get("headers").as_array().unwrap_or_default().iter();
        let headers = headers.filter_map(|pair| {
            let [name, value] = pair.as_array()? else {
                return None;
            };
            Some((name.as_str()?.to_owned(), value.to_text().to_string()))
        });
        let follow = spec.get("followRedirect").as_bool().unwrap_or(true);
        let redirects = spec
            .get("maxRedirects")
            .as_i64()
            .and_then(|n| u32::try_from(n).ok());
        let timeout_ms = spec.get("timeoutMs").as_f64().filter(|ms| *ms > 0.0);
        let timeout = timeout_ms.and_then(|ms| Duration::try_from_secs_f64(ms / 1e3).ok());
        Ok(Self {
            method: spec.get("method").as_str().unwrap_or("GET").to_owned(),
            url: spec.get("url").as_str().unwrap_or_default().to_owned(),
            headers: headers.collect(),
            body,
            timeout: timeout.unwrap_or(shared.settings.http.timeout),
            redirects_left: if follow { redirects.unwrap_or(10) } else { 0 },
            verify: spec.get("verifyCertificates").as_bool().unwrap_or(false),
        })
    }

    fn run(mut self, shared: &Shared) -> Result<Answer, OpError> {
        let deadline = shared
            .platform
            .clock
            .monotonic()
            .saturating_add(self.timeout);
        loop {
            let target = self.target(shared)?;
            let left = deadline.saturating_sub(shared.platform.clock.monotonic());
            let answer = match self.exchange(&target, left, shared)? {
                Ok(answer) => answer,
                Err(message) => {
                    let message = format!("Could not connect to {target}: {message}");
                    let (headers, body) = (String::new(), Vec::new());
                    return Ok(Answer {
                        status: 0,
                        message,
                        headers,
                        body,
                    });
                }
            };
            let location = answer
                .headers
                .lines()
                .find_map(|line| line.strip_prefix("location: "));
            match location {
                Some(location) if self.redirects_left > 0 && is_redirect(answer.status) => {
                    let next = resolve(&target, location);
                    self.follow(answer.status, &target, next);
                }
                _ => return Ok(answer),
            }
        }
    }

    /// The absolute URL, if it is allowed. A path means this very server.
    fn target(&self, shared: &Shared) -> Result<String, OpError> {
        if self.url.starts_with('/') {
            let Some(own) = shared.own_address.load_full() else {
                let message = "the server is not listening, so a path cannot be requested";
                return Err(OpError::Public(
                    codes::HTTP_SERVICE_UNAVAILABLE,
                    message.to_owned(),
                ));
            };
            return Ok(format!("http://{own}{}", self.url));
        }
        let own = shared
            .own_address
            .load_full()
            .map(|own| format!("http://{own}/"));
        let is_own = own.is_some_and(|own| self.url.starts_with(&own));
        if !is_own && !shared.endpoints.allows(&self.url) {
            let message = format!("not allowed to connect to this URL: {}", self.url);
            return Err(OpError::Public(codes::FORBIDDEN, message));
        }
        Ok(self.url.clone())
    }

    /// Outer error: the request is malformed. Inner: the network failed, with its reason.
    fn exchange(
        &self,
        target: &str,
        left: Duration,
        shared: &Shared,
    ) -> Result<Result<Answer, String>, OpError> {
        let uri: Uri = target
            .parse()
            .map_err(|_| bad(format!("Invalid URL: {target}")))?;
        if uri.host().is_none() {
            return Err(bad(format!("Invalid URL: {target}")));
        }
        let method = Method::from_bytes(self.method.as_bytes());
        let method = method.map_err(|_| bad(format!("invalid method {:?}", self.method)))?;
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            let name = name.map_err(|_| bad("invalid name of a header"))?;
            let value = HeaderValue::from_bytes(value.as_bytes());
            let value = value.map_err(|_| bad(format!("invalid value of header {name}")))?;
            request.headers_mut().append(name, value);
        }
        let agents = &shared.agents;
        let agent = if self.verify {
            &agents.strict
        } else {
            &agents.trusting
        };
        let request = agent
            .configure_request(request)
            .timeout_global(Some(left))
            .build();
        Ok(agent
            .run(request)
            .map_err(|e| e.to_string())
            .and_then(|response| read_answer(response, shared.settings.http.body_bytes_max)))
    }

    /// Turns the exchange into the one that a redirect asks for.
    fn follow(&mut self, status: u16, target: &str, next: String) {
        self.redirects_left -= 1;
        let drops_body = status == 303 || (matches!(status, 301 | 302) && self.method == "POST");
        if drops_body && self.method != "HEAD" {
            self.method = "GET".to_owned();
            self.body.clear();
            self.headers
                .retain(|(name, _)| !name.to_ascii_lowercase().starts_with("content-"));
        }
        if origin(target) != origin(&next) {
            let secret = ["authorization", "cookie"];
            self.headers
                .retain(|(name, _)| !secret.contains(&name.to_ascii_lowercase().as_str()));
        }
        self.url = next;
    }
}

fn read_answer(response: ureq::http::Response<Body>, bytes_max: u64) -> Result<Answer, String> {
    let status = response.status();
    let mut headers = String::new();
    for name in response.headers().keys() {
        let values = response.headers().get_all(name).iter();
        let values: Vec<_> = values
            .map(|v| String::from_utf8_lossy(v.as_bytes()))
            .collect();
        // One line a value where joining would change the meaning.
        let separator = if name == "set-cookie" {
            "\nset-cookie: "
        } else {
            ", "
        };
        headers.push_str(&format!("{name}: {}\n", values.join(separator)));
    }
    let mut body = Vec::new();
    let mut reader = response.into_body().into_reader().take(bytes_max + 1);
    reader.read_to_end(&mut body).map_err(|e| e.to_string())?;
    if body.len() as u64 > bytes_max {
        return Err(format!(
            "the body is over {bytes_max} bytes (setting body_bytes_max)"
        ));
    }
    let message = status.canonical_reason().unwrap_or_default().to_owned();
    Ok(Answer {
        status: status.as_u16(),
        message,
        headers,
        body,
    })
}

fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Scheme and authority of an absolute URL.
fn origin(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(after_scheme..).unwrap_or_default();
    let end = rest
        .find(['/', '?', '#'])
        .map_or(url.len(), |at| after_scheme + at);
    url.get(..end).unwrap_or(url)
}

/// The absolute URL that `location` means at `base`.
fn resolve(base: &str, location: &str) -> String {
    if location.contains("://") {
        return location.to_owned();
    }
    if let Some(rest) = location.strip_prefix("//") {
        let scheme = base.split("://").next().unwrap_or("http");
        return format!("{scheme}://{rest}");
    }
    let start = origin(base);
    if location.starts_with('/') {
        return format!("{start}{location}");
    }
    let path = base.get(start.len()..).unwrap_or_default();
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{start}{folder}/{location}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_resolve_against_the_url_before() {
        let base = "http://h:1/a/b?c";
        assert_eq!(resolve(base, "/x?y"), "http://h:1/x?y");
        assert_eq!(resolve(base, "x"), "http://h:1/a/x");
        assert_eq!(resolve(base, "//o/x"), "http://o/x");
        assert_eq!(resolve(base, "https://o/x"), "https://o/x");
        assert_eq!(resolve("http://h:1", "x"), "http://h:1/x");
        assert_eq!(origin("https://h?x"), "https://h");
    }
}
