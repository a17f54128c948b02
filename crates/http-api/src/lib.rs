//! The HTTP interface: wire types, authentication, limits and routes.
//!
//! Charter: turns HTTP requests into calls of `database`, `aql` and `foxx` and their results into
//! answers. It decides who asks, what they may do, how large and how slow a request may be, and
//! how errors look on the wire.
//!
//! Does not know: storage engines, JavaScript, how queries or services work, the command line.
//!
//! Invariants
//! - Every request gets exactly one answer, be it an error, or loses its connection at a limit
//!   that [`Settings`] names.
//! - However long requests take, a network thread stays free to read and write ([`lanes`]).
//! - A handler that writes finishes what it began even if its client hangs up.
//! - Nothing below the edge sees the HTTP library's streams: bodies are whole.
//! - What a resource answers is written in that resource's file and listed in its table.
//!
//! Entry points: [`Api::new`], [`Server::bind`], [`Server::run`]; [`Membership`] for whoever knows
//! the other servers of a cluster.

#![warn(missing_docs)]

mod body;
mod budget;
mod cors;
mod credentials;
mod cursors;
mod edge;
mod error;
mod identity;
mod jobs;
mod lanes;
mod log;
mod members;
mod message;
mod meters;
mod options;
mod query;
mod resources;
mod route;
mod server;
mod services;
mod settings;
mod state;
mod stop;
mod stream;
mod token;
mod work;

pub use log::{Filter, Log, LogSettings, Recorder};
pub use members::{Health, Member, Membership};
pub use options::StartupOption;
pub use server::Server;
pub use settings::{Audience, Settings};
pub use state::{Api, Parts, SecretSource};
pub use token::Secret;
