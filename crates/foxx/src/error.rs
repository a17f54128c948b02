//! The crate's error: a public number, the client's text, and what only a log may say.

use std::fmt;

use error_codes::{Code, codes};
use value::{Object, Value};

/// This crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// What the caller does about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request cannot be met as it is: answer the client; nothing to log.
    Refused,
    /// The service's own code failed: answer the client, with exception and stack trace only
    /// where the service is in development mode.
    ServiceFailed,
    /// No worker took or finished the work in time, or a limit stopped it: answer the client.
    Unavailable,
    /// Storage or the machine failed: answer without details and log the source.
    Internal,
}

/// Why an operation on services failed.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    code: Code,
    status: Option<u16>,
    message: String,
    exception: Option<ExceptionText>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What a service's code threw, as text.
#[derive(Debug, Clone, Default)]
pub struct ExceptionText {
    /// The first line: name and message.
    pub exception: String,
    /// One frame a line.
    pub stacktrace: Vec<String>,
}

impl Error {
    /// An error with the default text of `code`.
    pub fn new(kind: ErrorKind, code: Code) -> Self {
        Self(Box::new(Inner {
            kind,
            code,
            status: None,
            message: code.text().to_owned(),
            exception: None,
            source: None,
        }))
    }

    /// The request cannot be met as it is.
    pub fn refused(code: Code) -> Self {
        Self::new(ErrorKind::Refused, code)
    }

    /// Storage or the machine failed while doing `context`, a bare verb phrase.
    pub fn internal(
        context: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let mut error = Self::new(ErrorKind::Internal, codes::INTERNAL);
        error.0.message = format!("{}: {context}", error.0.message);
        error.0.source = Some(source.into());
        error
    }

    /// Replaces the client's text.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    /// Adds a line `label: value` to the client's text.
    #[must_use]
    pub fn with_detail(mut self, label: &str, value: impl fmt::Display) -> Self {
        self.0.message = format!("{}\n{label}: {value}", self.0.message);
        self
    }

    /// Overrides the status that follows from the number.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Attaches what the service threw.
    #[must_use]
    pub fn with_exception(mut self, exception: ExceptionText) -> Self {
        self.0.exception = Some(exception);
        self
    }

    /// What requests get for a service that failed to load: 503, and the real reason only in
    /// development mode, unless the reason is a limit's.
    pub(crate) fn to_unavailable(&self) -> Self {
        if self.kind() == ErrorKind::Unavailable {
            let error = Self::new(ErrorKind::Unavailable, self.code());
            return error
                .with_message(self.message())
                .with_status(self.status());
        }
        Self::new(ErrorKind::Unavailable, codes::HTTP_SERVICE_UNAVAILABLE)
    }

    /// What the caller does.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The public number.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status.unwrap_or_else(|| match self.0.code {
            // Raised by operations on services, where the cause is what the client sent.
            codes::MODULE_NOT_FOUND | codes::MODULE_SYNTAX_ERROR | codes::MODULE_FAILURE => 400,
            code if (3000..=3016).contains(&code.number())
                && code != codes::SERVICE_MOUNTPOINT_CONFLICT =>
            {
                400
            }
            code => code.status(),
        })
    }

    /// The client's text.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the service threw, if that is the cause.
    pub fn exception(&self) -> Option<&ExceptionText> {
        self.0.exception.as_ref()
    }

    /// The JSON body of an answer; `development` adds exception and stack trace.
    pub fn to_body(&self, development: bool) -> Value {
        let mut body = Object::new();
        body.insert("error", true);
        body.insert("code", u32::from(self.status()));
        body.insert("errorNum", self.code().number());
        body.insert("errorMessage", self.message());
        if let Some(exception) = self.exception().filter(|_| development) {
            body.insert("exception", exception.exception.as_str());
            let lines = exception
                .stacktrace
                .iter()
                .map(|line| Value::from(line.as_str()));
            body.insert("stacktrace", lines.collect::<Vec<_>>());
        }
        Value::object(body)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl From<database::Error> for Error {
    fn from(error: database::Error) -> Self {
        let internal = matches!(
            error.kind(),
            database::ErrorKind::Unavailable | database::ErrorKind::Corrupt
        );
        let kind = if internal {
            ErrorKind::Internal
        } else {
            ErrorKind::Refused
        };
        let (code, status) = (error.code(), error.status());
        let message = error.message().to_owned();
        let mut converted = Self::new(kind, code)
            .with_message(message)
            .with_status(status);
        converted.0.source = Some(Box::new(error));
        converted
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
